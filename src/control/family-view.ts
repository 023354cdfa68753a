import type { Family } from "#route/family.ts";
import type { ListedProtocol } from "./protocol-list.ts";
import type { DaemonView, NetView, RouteTableView } from "./views.ts";

/** Protocol names of the daemon, and what they are called in one family's view; both ways. */
interface Names {
  readonly inward: ReadonlyMap<string, string>;
  readonly outward: ReadonlyMap<string, string>;
}

/**
 * The daemon as a BIRD 1.6 of one family sees itself: without protocols, channels and sessions of the other one, and its
 * own protocols numbered from 1.
 */
export function familyView(daemon: DaemonView, family: Family): DaemonView {
  const protocols = (): ListedProtocol[] => daemon.protocols().filter((listed) => concerns(listed, family));
  const names = namesOf(protocols());
  const outward = (name: string): string => names.outward.get(name) ?? name;
  const table = familyTable(daemon.tables[family], names);
  return {
    status: () => daemon.status(),
    protocols: () =>
      protocols().map(({ name, kind, families }) => ({
        name: outward(name),
        kind,
        families: families.filter((each) => each === family),
      })),
    protocol(name) {
      const view = daemon.protocol(names.inward.get(name) ?? name);
      if (view === undefined || outward(view.name) !== name) return undefined;
      const channels = view.channels.filter((channel) => channel.family === family);
      const families = channels.map((channel) => channel.family);
      return concerns({ kind: view.kind, families }, family) ? { ...view, name, channels } : undefined;
    },
    interfaces: () => daemon.interfaces(),
    statics: () =>
      daemon
        .statics()
        .map(({ protocol, routes }) => ({
          protocol: outward(protocol),
          routes: routes.filter(({ prefix }) => prefix.family === family),
        }))
        .filter(({ routes }) => routes.length > 0),
    bfdSessions: () => daemon.bfdSessions().filter(({ address }) => address.family === family),
    memory: () => daemon.memory(),
    policies: () => daemon.policies(),
    tables: { ...daemon.tables, [family]: table },
    exports: (protocol, asked) =>
      asked === family ? daemon.exports(names.inward.get(protocol) ?? protocol, family) : undefined,
    forwarding: () => daemon.forwarding(),
    explain: (target) => daemon.explain(target),
    actions: daemon.actions,
  };
}

function concerns({ kind, families }: Omit<ListedProtocol, "name">, family: Family): boolean {
  return kind === "Device" || kind === "BFD" || families.includes(family);
}

/** `kernel2`, which is the only one of its kind in this family, is its `kernel1`. */
function namesOf(list: readonly ListedProtocol[]): Names {
  const inward = new Map<string, string>();
  for (const kind of ["Kernel", "Static"] as const) {
    const own = list.filter((listed) => listed.kind === kind);
    for (const [index, { name }] of own.entries()) inward.set(`${kind.toLowerCase()}${index + 1}`, name);
  }
  return { inward, outward: new Map([...inward].map(([outer, inner]) => [inner, outer])) };
}

function familyTable(table: RouteTableView, { outward }: Names): RouteTableView {
  const renamed = (net: NetView): NetView => {
    if (!net.routes.some(({ protocol }) => outward.has(protocol))) return net;
    return {
      prefix: net.prefix,
      routes: net.routes.map((route) => ({ ...route, protocol: outward.get(route.protocol) ?? route.protocol })),
    };
  };
  const orNothing = (net: NetView | undefined): NetView | undefined => net && renamed(net);
  return {
    get counts() {
      return table.counts;
    },
    exact: (prefix) => orNothing(table.exact(prefix)),
    longestMatch: (prefix) => orNothing(table.longestMatch(prefix)),
    walk(within) {
      const walk = table.walk(within);
      return {
        step() {
          const net = walk.step();
          return typeof net === "string" ? net : renamed(net);
        },
        resume: () => walk.resume(),
        close: () => walk.close(),
      };
    },
  };
}
