import type { Actions, ConfigurationOutcome } from "#control/actions.ts";
import { Control } from "#control/control.ts";
import { beganOf } from "#control/filter/assign.ts";
import type { InterfaceView } from "#control/interface-view.ts";
import type { ListedProtocol, ProtocolKind } from "#control/protocol-list.ts";
import type {
  BgpSessionView,
  BgpState,
  BgpView,
  CapabilitiesView,
  ChangeCounts,
  ChannelView,
  DaemonView,
  Destination,
  HopView,
  NetView,
  ProtocolView,
  RouteSource,
  RouteTableView,
  RouteView,
  SessionError,
  TimerView,
} from "#control/views.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import { type Address, parseAddress } from "#route/address.ts";
import type { Attributes } from "#route/attributes.ts";
import type { Family } from "#route/family.ts";
import { contains, type Prefix, parseInterfaceAddress, parsePrefix, samePrefix } from "#route/prefix.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import type { Lab } from "./lab.ts";
import { labA } from "./lab-a.ts";

/** 2026-11-20 23:00:00 UTC. */
const EVENING_MS = Date.UTC(2026, 10, 20, 23);

/** A clock moved by hand that began when the recordings of a lab were made. */
export class LabClock extends FakeClock {
  readonly #beganMs: number;

  constructor(lab: Lab = labA) {
    super();
    this.#beganMs = time(lab.now);
  }

  override wallMs(): number {
    return this.#beganMs + this.nowMs();
  }
}

/** A control channel of the lab that runs by the machine's timers and takes the wall clock's time from the recordings. */
export function labControl(): Control {
  const recorded = new LabClock();
  return new Control(new LabDaemon(recorded), { ...systemClock, wallMs: () => recorded.wallMs() });
}

/** `10:29.602` is 23:10:29.602. */
function time(text: string): number {
  const [minutes = "0", seconds = "0"] = text.split(":");
  return EVENING_MS + Number(minutes) * 60_000 + Math.round(Number(seconds) * 1000);
}

const address = (text: string): Address => {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`no address: ${text}`);
  return parsed;
};

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`no prefix: ${text}`);
  return parsed;
};

const rows = (text: string): string[] => text.split("\n").filter((row) => row.trim() !== "");

/** Rows that are not indented, each with the indented ones behind it. */
function blocks(text: string): string[][] {
  const result: string[][] = [];
  for (const row of rows(text)) {
    if (row.startsWith(" ")) result.at(-1)?.push(row.trim());
    else result.push([row]);
  }
  return result;
}

/** The word behind `name`, in a row of words. */
function after(words: readonly string[], name: string): string | undefined {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}

const dotted = (text: string): number => address(text).words[0]!;

// Routes

const preferences: Readonly<Record<RouteSource, number>> = { device: 240, static: 200, bgp: 100, kernel: 10 };

function sourceOf(protocol: string): RouteSource {
  if (protocol.startsWith("direct")) return "device";
  if (protocol.startsWith("static")) return "static";
  return protocol.startsWith("kernel") ? "kernel" : "bgp";
}

export function parseRoutes(text: string): NetView[] {
  const nets: { prefix: Prefix; routes: RouteView[] }[] = [];
  for (const row of rows(text)) {
    const [, net, protocol = "", since = "", mark, rest = ""] =
      /^(\S+)? +(\S+) +([\d:.]+)([*! ]?) *(.*)$/.exec(row) ?? [];
    if (net !== undefined) nets.push({ prefix: prefix(net), routes: [] });
    nets.at(-1)?.routes.push(parseRoute(protocol, since, mark ?? "", rest.split("; ")));
  }
  return nets;
}

const destinations: readonly string[] = ["blackhole", "unreachable", "prohibited"];

function parseRoute(protocol: string, since: string, mark: string, parts: readonly string[]): RouteView {
  const [where = ""] = parts;
  const nowhere = destinations.includes(where);
  const field = (name: string) => {
    const found = parts.find((part) => part === name || part.startsWith(`${name} `));
    return found?.slice(name.length + 1);
  };
  const hops = nowhere ? [] : where.split(" + ").map(parseHop);
  const attributes = field("path") === undefined ? undefined : parseAttributes(field, hops);
  const [kernelSource, metric] = field("kernel")?.split(" ").map(Number) ?? [];
  const from = field("from");
  const cost = field("cost");
  const source = sourceOf(protocol);
  return {
    protocol,
    source,
    best: mark === "*",
    filtered: mark === "!",
    sinceMs: time(since),
    from: from === undefined ? (source === "bgp" ? hops[0]?.gateway : undefined) : address(from),
    destination: nowhere ? (where as Destination) : "unicast",
    hops,
    preference: preferences[source],
    stale: false,
    igpMetric: cost === undefined ? undefined : Number(cost),
    refused: false,
    kernel: kernelSource === undefined ? undefined : { source: kernelSource, metric: metric ?? 0 },
    attributes: () => attributes,
    began: () => attributes && beganOf(attributes),
  };
}

function parseHop(text: string): HopView {
  const [gateway = "-", device, weight = "1"] = text.split(" ");
  return {
    gateway: gateway === "-" ? undefined : address(gateway),
    interface: device,
    weight: Number(weight),
    onlink: false,
  };
}

/** The numbers of `(1,2) (3,4)`. */
const tuples = (text: string | undefined): number[][] => {
  return [...(text ?? "").matchAll(/\(([^)]*)\)/g)].map(([, inner = ""]) => inner.split(",").map(Number));
};

function parseAttributes(field: (name: string) => string | undefined, hops: readonly HopView[]): Attributes {
  const path = field("path") ?? "";
  const [global, linkLocal] = field("next")?.split(" ") ?? [];
  const originator = field("originator");
  const origins = { IGP: 0, EGP: 1, Incomplete: 2 } as const;
  return {
    origin: origins[(field("origin") ?? "IGP") as keyof typeof origins],
    asPath: path === "" ? [] : [{ kind: "sequence", members: path.split(" ").map(Number) }],
    nextHop: global === undefined ? hops[0]?.gateway : global === "::" ? undefined : address(global),
    linkLocalNextHop: linkLocal === undefined ? undefined : address(linkLocal),
    med: undefined,
    localPref: Number(field("pref") ?? 100),
    atomicAggregate: false,
    aggregator: undefined,
    communities: tuples(field("community")).map(([high = 0, low = 0]) => ((high << 16) | low) >>> 0),
    originatorId: originator === undefined ? undefined : dotted(originator),
    clusterList: field("cluster") === undefined ? [] : [dotted(field("cluster")!)],
    extendedCommunities: parseExtended(field("ext")),
    largeCommunities: tuples(field("large")).map(([a = 0, b = 0, c = 0]) => [a, b, c] as const),
    unknown: [],
  };
}

/** `(rt, AS, N)` and `(ro, ADDRESS, N)` as RFC 4360 has them. */
function parseExtended(text: string | undefined): (readonly [number, number])[] {
  return [...(text ?? "").matchAll(/\((rt|ro), ([^,]+), (\d+)\)/g)].map(([, kind, administrator = "", value]) => {
    const subtype = kind === "rt" ? 2 : 3;
    if (!administrator.includes(".")) return [(subtype << 16) | Number(administrator), Number(value)] as const;
    const words = dotted(administrator);
    const high = (0x01 << 24) | (subtype << 16) | (words >>> 16);
    return [high, (((words & 0xffff) << 16) | Number(value)) >>> 0] as const;
  });
}

/** A table of nets in the order given, walked one by one. */
export function tableOf(nets: readonly NetView[]): RouteTableView {
  const present = nets.filter(({ routes }) => routes.some(({ filtered }) => !filtered));
  return {
    counts: { nets: present.length, routes: present.flatMap(({ routes }) => routes).length },
    exact: (wanted) => nets.find((net) => samePrefix(net.prefix, wanted)),
    longestMatch: (wanted) =>
      present.filter((net) => contains(net.prefix, wanted)).toSorted((a, b) => b.prefix.length - a.prefix.length)[0],
    walk(within) {
      let at = 0;
      return {
        step() {
          const net = nets[at++];
          if (net === undefined) return "end";
          return within === undefined || contains(within, net.prefix) ? net : "more";
        },
        resume() {},
        close() {},
      };
    },
  };
}

// Protocols

function parseProtocol([head = "", ...lines]: readonly string[]): ProtocolView {
  const [, name = "", kind = "", state = "", since = "", description] =
    /^(\S+) (\S+) (\S+) (\S+)(?: "(.*)")?$/.exec(head) ?? [];
  const line = (word: string) => lines.find((candidate) => candidate.startsWith(`${word} `));
  const peer = line("peer");
  return {
    name,
    kind: kind as ProtocolKind,
    state: state as ProtocolView["state"],
    sinceMs: time(since),
    disabled: state === "down",
    description,
    message: undefined,
    channels: lines.filter((candidate) => /^ipv[46] /.test(candidate)).map(parseChannel),
    bgp: peer === undefined ? undefined : parseBgp(peer, line("up"), line("local"), line("remote")),
  };
}

function parseBgp(peer: string, up?: string, local?: string, remote?: string): BgpView {
  const words = peer.split(" ");
  const [neighbour = "", device] = (words[1] ?? "").split("%");
  const error = / error (.*)$/.exec(peer)?.[1];
  return {
    state: after(words, "state") as BgpState,
    address: address(neighbour),
    interface: device,
    remoteAs: Number(after(words, "as")),
    localAs: 64512,
    restartTimer: undefined,
    errorWait: parseTimer(after(words, "wait")),
    connectDelay: parseTimer(after(words, "delay")),
    lastError: error === undefined ? undefined : parseError(error),
    flaps: 0,
    session: up === undefined ? undefined : parseSession(up.split(" "), local ?? "", remote ?? local ?? ""),
  };
}

function parseError(text: string): SessionError {
  if (text.startsWith("Automatic")) return { kind: "limit" };
  if (text === "BGP Error: Bad peer AS") return { kind: "sent", code: 2, subcode: 2 };
  return { kind: "errno", text: text.replace("Socket: ", "") };
}

function parseTimer(text: string | undefined): TimerView | undefined {
  if (text === undefined) return undefined;
  const [remaining, total] = text.split("/").map(Number);
  return { remainingMs: Math.round(remaining! * 1000), totalMs: total! * 1000 };
}

function parseSession(words: readonly string[], local: string, remote: string): BgpSessionView {
  return {
    remoteRouterId: dotted(words[1] ?? ""),
    localCapabilities: parseCapabilities(local),
    remoteCapabilities: parseCapabilities(remote),
    external: words.includes("external"),
    multihop: words.includes("multihop"),
    reflectorClient: words.includes("route-reflector"),
    fourOctetAs: words.includes("AS4"),
    addPath: { receive: words.includes("add-path"), send: words.includes("add-path") },
    localAddress: address(after(words, "source") ?? ""),
    holdTimer: parseTimer(after(words, "hold")),
    keepaliveTimer: parseTimer(after(words, "keepalive")),
  };
}

const familyList = (text: string | undefined): Family[] => (text ? (text.split(",") as Family[]) : []);

function parseCapabilities(text: string): CapabilitiesView {
  const words = new Map(
    text.split(" ").map((word): [string, string | undefined] => {
      const [name = "", value] = word.split("=");
      return [name, value];
    }),
  );
  const timed = (name: string) => {
    const [seconds, list] = words.get(name)?.split(":") ?? [];
    return { ms: Number(seconds ?? 0) * 1000, supported: familyList(list), preserved: [] };
  };
  const restart = timed("restart");
  const longLived = timed("llgr");
  return {
    multiprotocol: familyList(words.get("mp")),
    routeRefresh: words.has("refresh"),
    extendedNextHop: [],
    extendedMessage: words.has("extended"),
    gracefulRestart: words.has("restart") ? { ...restart, restartMs: restart.ms, restarting: false } : undefined,
    fourOctetAs: words.has("as4"),
    addPath: words.has("addpath")
      ? { receive: familyList(words.get("addpath")), send: familyList(words.get("addpath")) }
      : undefined,
    enhancedRefresh: words.has("enhanced"),
    longLivedGracefulRestart: words.has("llgr") ? { ...longLived, staleMs: longLived.ms } : undefined,
    hostname: undefined,
  };
}

function parseChannel(line: string): ChannelView {
  const words = line.split(" ");
  const [family, state, preference, importPolicy = "", exportPolicy = ""] = words;
  const next = after(words, "next")?.split(",");
  const at = words.indexOf("routes");
  const limits = [...line.matchAll(/(receive|import|export)=(\d+)(!?):(\S+)/g)].map(
    ([, kind, routes, hit, action]) => ({
      kind: kind as "import",
      routes: Number(routes),
      hit: hit === "!",
      action: action as "warn",
    }),
  );
  return {
    family: family as Family,
    state: state as "UP",
    preference: Number(preference),
    importPolicy,
    exportPolicy,
    limits,
    recovery:
      words.includes("pending") || words.includes("waiting")
        ? { pending: words.includes("pending"), waiting: words.includes("waiting") }
        : undefined,
    routes: at < 0 ? undefined : parseCounts(words.slice(at + 1)),
    neighbourRestarting: false,
    nextHop: next && {
      global: next[0] === "::" ? undefined : address(next[0] ?? ""),
      linkLocal: next[1] === undefined ? undefined : address(next[1]),
    },
    recursive: words.includes("recursive"),
  };
}

function parseCounts([counts = "", ...changes]: readonly string[]): ChannelView["routes"] {
  const [imported, filtered, exported, preferred] = counts.split("/");
  const change = (at: number): ChangeCounts => {
    const [received = 0, rejected = 0, rejectedByPolicy = 0, ignored = 0, accepted = 0] =
      changes[at]!.split(".").map(Number);
    return { received, rejected, filtered: rejectedByPolicy, ignored, accepted };
  };
  return {
    imported: Number(imported),
    filtered: filtered === "-" ? undefined : Number(filtered),
    exported: Number(exported),
    preferred: Number(preferred),
    importUpdates: change(0),
    importWithdraws: change(1),
    exportUpdates: change(2),
    exportWithdraws: change(3),
  };
}

function parseInterface([head = "", ...lines]: readonly string[]): InterfaceView {
  const [index, name = "", flagText = "", mtu] = head.split(" ");
  const flags = flagText.split(",");
  return {
    index: Number(index),
    name,
    master: flags.find((flag) => flag.startsWith("master="))?.slice(7),
    adminUp: flags.includes("up"),
    linkUp: flags.includes("up"),
    multiAccess: flags.includes("multiaccess"),
    broadcast: flags.includes("broadcast"),
    multicast: flags.includes("multicast"),
    loopback: flags.includes("loopback"),
    mtu: Number(mtu),
    addresses: lines.map((line) => {
      const [, own = "", preferred, opposite] = /^([^\s*]+)(\*?)(?: > (\S+))?$/.exec(line) ?? [];
      const parsed = parseInterfaceAddress(own)!;
      return {
        address: parsed.address,
        length: parsed.prefix.length,
        preferred: preferred === "*",
        opposite: opposite === undefined ? undefined : address(opposite),
      };
    }),
  };
}

// The daemon

const podBlocks = ["10.244.0.0/16", "10.100.0.0/16", "fd00:10::/32"].map(prefix);
const isPod = (net: NetView): boolean => podBlocks.some((block) => contains(block, net.prefix));

/** Router "a", whose protocols do what an operator says. Everything it is asked to do is in `done`. */
export class LabDaemon implements DaemonView {
  readonly done: string[] = [];
  /** What the next `configure` comes to. */
  outcome: ConfigurationOutcome = { kind: "applied", changed: true };
  /** A load changed something since the last way back. */
  #changed = false;
  /** Answers of `load` wait here until they are called, if set. */
  held: (() => void)[] | undefined;
  readonly tables: Readonly<Record<Family, RouteTableView>>;
  readonly actions: Actions;
  readonly #clock: FakeClock;
  readonly #protocols: Map<string, ProtocolView>;

  readonly #lab: Lab;

  constructor(clock: FakeClock, lab: Lab = labA, tables?: Readonly<Record<Family, RouteTableView>>) {
    this.#clock = clock;
    this.#lab = lab;
    this.#protocols = new Map(
      blocks(lab.protocols)
        .map(parseProtocol)
        .map((view) => [view.name, view]),
    );
    this.tables = tables ?? { ipv4: tableOf(parseRoutes(lab.routesIpv4)), ipv6: tableOf(parseRoutes(lab.routesIpv6)) };
    this.actions = this.#actions();
  }

  status(): ReturnType<DaemonView["status"]> {
    return {
      version: "0.0.0",
      routerId: dotted(this.#lab.routerId),
      hostname: "node-a",
      startedMs: time(this.#lab.started),
      reconfiguredMs: time(this.#lab.started),
      state: "running",
      recovery: this.#lab.recovery && {
        waitingFor: this.#lab.recovery.waitingFor,
        timer: { remainingMs: this.#lab.recovery.remainingMs, totalMs: 240_000 },
      },
      drain: undefined,
      unforwarded: [],
      invalid: [],
      foreign: [],
    };
  }

  protocols(): readonly ListedProtocol[] {
    return [...this.#protocols.values()].map(({ name, kind, channels }) => {
      return { name, kind, families: channels.map(({ family }) => family) };
    });
  }

  protocol(name: string): ProtocolView | undefined {
    return this.#protocols.get(name);
  }

  /** Puts something else in place of a protocol's view. */
  change(name: string, change: (view: ProtocolView) => ProtocolView): void {
    const view = this.#protocols.get(name);
    if (view !== undefined) this.add(change(view));
  }

  add(view: ProtocolView): void {
    this.#protocols.set(view.name, view);
  }

  remove(name: string): void {
    this.#protocols.delete(name);
  }

  interfaces(): readonly InterfaceView[] {
    return blocks(this.#lab.interfaces).map(parseInterface);
  }

  statics(): ReturnType<DaemonView["statics"]> {
    const routes = rows(this.#lab.statics).map((row) => {
      const [, net = "", protocol = "", where = ""] = /^(\S+) (\S+) (.*)$/.exec(row) ?? [];
      const nowhere = destinations.includes(where);
      return {
        protocol,
        prefix: prefix(net),
        destination: nowhere ? (where as Destination) : ("unicast" as const),
        hops: nowhere ? [] : where.split(" + ").map(parseHop),
      };
    });
    const names = [...new Set(routes.map(({ protocol }) => protocol))];
    return names.map((name) => ({ protocol: name, routes: routes.filter(({ protocol }) => protocol === name) }));
  }

  bfdSessions(): ReturnType<DaemonView["bfdSessions"]> {
    return rows(this.#lab.bfdSessions).map((row) => {
      const [neighbour = "", device, state, since = "", interval, timeout] = row.split(" ");
      return {
        address: address(neighbour),
        interface: device === "-" ? undefined : device,
        state: state as "Up",
        sinceMs: time(since),
        intervalMs: Number(interval),
        timeoutMs: Number(timeout),
      };
    });
  }

  memory(): ReturnType<DaemonView["memory"]> {
    return [
      { name: "Routing tables", usedBytes: 102_100, spareBytes: 27_000 },
      { name: "Route attributes", usedBytes: 9_652, spareBytes: 13_600 },
      { name: "Protocols", usedBytes: 183_500, spareBytes: 79_700 },
    ];
  }

  policies(): ReturnType<DaemonView["policies"]> {
    const accepts: Readonly<Record<string, (net: NetView, route: RouteView) => boolean>> = {
      pods_only: isPod,
      to_kernel: (_net, route) => route.source !== "device",
    };
    return this.#lab.policies.map((name) => ({ name, accepts: accepts[name] ?? (() => true) }));
  }

  exports(protocol: string, family: Family): ReturnType<DaemonView["exports"]> {
    const view = this.#protocols.get(protocol);
    const channel = view?.channels.find((candidate) => candidate.family === family);
    if (view === undefined || channel?.state !== "UP" || channel.exportPolicy === "REJECT") return undefined;
    return {
      of(net) {
        const best = net.routes.find((route) => route.best);
        if (best === undefined || best.protocol === protocol) return undefined;
        const accepted = view.kind === "BGP" ? isPod(net) : best.source !== "device";
        return { route: best, accepted, sent: accepted };
      },
    };
  }

  forwarding(): ReturnType<DaemonView["forwarding"]> {
    return { inSync: true, wanted: 30, pending: 0, failed: 0, failures: [] };
  }

  explain(target: Prefix | Address): ReturnType<DaemonView["explain"]> {
    const wanted = "length" in target ? target : { ...target, length: target.words.length * 32 };
    const net = this.tables[wanted.family].longestMatch(wanted);
    return {
      prefix: net?.prefix,
      paths: (net?.routes ?? []).map((route) => ({
        route,
        receivedFrom: route.protocol,
        importVerdict: { accepted: !route.filtered, by: "policy from_c, statement 1" },
        selection: route.best ? { result: "best" } : { result: "lost", step: "AS_PATH length (RFC 4271 §9.1.2.2 (a))" },
        nextHop: route.hops[0]?.gateway && {
          address: route.hops[0].gateway,
          through: "172.30.0.0/24 on eth0",
          hops: route.hops,
        },
      })),
      kernel: net && { state: "installed", hops: net.routes[0]?.hops ?? [] },
      told: [
        { protocol: "ibgp_b4", sent: true, by: "policy pods_only" },
        { protocol: "ibgp_ptp", sent: false, by: "no export policy" },
      ],
    };
  }

  #actions(): Actions {
    return {
      disable: (name, message) => {
        this.#act(`disable ${name}`, name, { state: "down", disabled: true, message }, "Down");
      },
      enable: (name) =>
        this.#act(`enable ${name}`, name, { state: "start", disabled: false, message: undefined }, "Active"),
      restart: (name, message) => this.#act(`restart ${name}`, name, { state: "start", message }, "Active"),
      reload: (name, direction) => {
        this.done.push(`reload ${direction} ${name}`);
        return !name.startsWith("direct") || direction === "out";
      },
      drain: (wanted) => this.done.push(`drain ${wanted}`),
      trace: (name, on) => this.done.push(`trace ${name} ${on ? "on" : "off"}`),
      configuration: {
        source: this.#lab.source,
        load: ({ check, soft, path }, done) => {
          this.done.push(`load${check ? " check" : ""}${soft ? " soft" : ""}${path === undefined ? "" : ` ${path}`}`);
          const finish = () => done(this.#outcomeFor(path, check));
          if (this.held === undefined) finish();
          else this.held.push(finish);
        },
        rollBack: (done) => {
          this.done.push("rollBack");
          done({ kind: "applied", changed: this.#changed });
          this.#changed = false;
        },
      },
      shutdown: (how) => {
        this.done.push(`shutdown ${how}`);
      },
    };
  }

  #outcomeFor(path: string | undefined, check: boolean): ConfigurationOutcome {
    if (path === "/etc/bird/bad.conf") {
      return { kind: "invalid", where: `${path}:3:18`, text: "syntax error, unexpected CF_SYM_UNDEFINED" };
    }
    if (path !== undefined && path !== this.#lab.source) {
      return { kind: "invalid", where: path, text: "No such file or directory" };
    }
    if (check) return { kind: "valid" };
    this.#changed ||= this.outcome.kind === "applied" && this.outcome.changed;
    return this.outcome;
  }

  #act(what: string, name: string, change: Partial<ProtocolView>, state: BgpState): void {
    this.done.push(what);
    this.change(name, (view) => ({
      ...view,
      ...change,
      sinceMs: this.#clock.wallMs(),
      channels: view.channels.map((channel) => ({ ...channel, state: "DOWN", routes: undefined, nextHop: undefined })),
      bgp: view.bgp && { ...view.bgp, state, lastError: undefined, session: undefined, errorWait: undefined },
    }));
  }
}
