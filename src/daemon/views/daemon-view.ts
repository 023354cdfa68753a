import { formatRemark } from "#config/manifests.ts";
import type { DaemonStatus, DaemonView, ForwardingView, MemoryView, PolicyView } from "#control/views.ts";
import { judge } from "#rib/policy.ts";
import { families } from "#route/family.ts";
import type { Configuration } from "../configuration.ts";
import type { Daemon } from "../daemon.ts";
import { foreignRoutes } from "../foreign-routes.ts";
import { actionsOf } from "./actions.ts";
import { explain } from "./explain.ts";
import { interfaceViews } from "./interfaces.ts";
import { listedProtocols, protocolView, staticViews } from "./protocols.ts";
import { RouteViews } from "./routes.ts";
import { exportView, TableView } from "./tables.ts";

/** What stands beside the daemon itself. */
export interface Identity {
  readonly version: string;
  readonly hostname: string;
  /** Resident memory of the process, octets. */
  residentOctets(): number;
  /** Ends the process after what is said is sent. */
  end(how: "down" | "gracefulRestart"): void;
}

/** Refused routes that status names, by family. */
const FAILURES_NAMED = 5;

/** The whole daemon as the control sockets see it. */
export function daemonView(daemon: Daemon, configuration: Configuration, identity: Identity): DaemonView {
  const views = new RouteViews(daemon);
  return {
    status: () => statusOf(daemon, configuration, identity),
    protocols: () => listedProtocols(daemon),
    protocol: (name) => protocolView(daemon, name),
    interfaces: () => interfaceViews(daemon.kernel.links),
    statics: () => staticViews(daemon.config),
    bfdSessions: () => [],
    memory: () => memoryViews(daemon, identity),
    policies: () => policyViews(daemon),
    tables: { ipv4: new TableView("ipv4", views), ipv6: new TableView("ipv6", views) },
    exports: (protocol, family) => exportView(daemon, views, protocol, family),
    forwarding: () => forwardingView(daemon),
    explain: (target) => explain(daemon, views, target),
    actions: actionsOf(daemon, configuration, (how) => identity.end(how)),
  };
}

function statusOf(daemon: Daemon, configuration: Configuration, identity: Identity): DaemonStatus {
  const waitingFor = new Set(families.flatMap((family) => [...daemon.speaker.awaited(family)]));
  const { deferralMs } = daemon.config.gracefulRestart;
  const remainingMs = Math.max(0, daemon.startedMs + deferralMs - daemon.nowMs());
  return {
    version: identity.version,
    routerId: daemon.config.routerId,
    hostname: identity.hostname,
    startedMs: daemon.startedMs,
    reconfiguredMs: Math.max(daemon.startedMs, configuration.changedMs), // the first one is read before the start
    state: daemon.stopping ? "shuttingDown" : "running",
    recovery:
      daemon.restarted && waitingFor.size > 0
        ? { waitingFor: waitingFor.size, timer: { remainingMs, totalMs: deferralMs } }
        : undefined,
    drain: drainView(daemon),
    unforwarded: daemon.unforwarded(),
    invalid: configuration.remarks.filter(({ severity }) => severity === "error").map(formatRemark),
    foreign: foreignRoutes(daemon.ribView),
  };
}

function drainView({ drain, ribView }: Daemon): DaemonStatus["drain"] {
  const { stage, ...state } = drain.state;
  return stage === "off" ? undefined : { stage, ...state, told: ribView.isSettled };
}

function forwardingView({ kernel }: Daemon): ForwardingView {
  const counts = families.map((family) => kernel.installer.counts(family));
  const sum = (of: (each: (typeof counts)[number]) => number): number =>
    counts.reduce((all, each) => all + of(each), 0);
  const [wanted, pending, failed] = [sum((c) => c.wanted), sum((c) => c.pending), sum((c) => c.failed)];
  const failures = families.flatMap((family) => kernel.installer.failing(family, FAILURES_NAMED));
  return { inSync: pending === 0 && failed === 0, wanted, pending, failed, failures };
}

/** Policies as filters of `show route filter NAME`. */
function policyViews({ config }: Daemon): PolicyView[] {
  return Object.values(config.policies).map((policy) => ({
    name: policy.name,
    accepts(net, route) {
      const attributes = route.attributes();
      if (attributes === undefined) return false;
      const scope = {
        direction: "import" as const,
        external: true,
        policies: [policy],
        advertise: [],
        localAs: config.localAs,
        drain: "off" as const,
      };
      return judge(scope, attributes, "external", net.prefix).accepted;
    },
  }));
}

function memoryViews({ ribView }: Daemon, identity: Identity): MemoryView[] {
  const tables = families.reduce((sum, family) => {
    const { prefixes, paths } = ribView.tables(family).octets;
    return sum + prefixes + paths;
  }, 0);
  const { setOctets, slabOctets } = ribView.shared();
  const row = (name: string, usedBytes: number): MemoryView => ({ name, usedBytes, spareBytes: 0 });
  return [
    row("Routing tables", tables),
    row("Route attributes", setOctets),
    row("Messages", slabOctets),
    row("Program", Math.max(0, identity.residentOctets() - tables - setOctets - slabOctets)),
  ];
}
