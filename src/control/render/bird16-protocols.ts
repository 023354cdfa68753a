import { formatAddress, formatRouterId } from "#route/address.ts";
import type { ReplyLine } from "../line-protocol.ts";
import { type Lines, line, ok } from "../reply.ts";
import type { TimePrinter } from "../timeformat.ts";
import type {
  BgpSessionView,
  BgpView,
  CapabilitiesView,
  ChannelView,
  LimitView,
  ProtocolView,
  RouteCounts,
  TimerView,
} from "../views.ts";
import { info, routeCounts } from "./bird2-protocols.ts";
import { formatSessionError } from "./session-error.ts";

/** `show protocols` as BIRD 1.6 writes it: Calico's tools compare the header word by word. */
export function* protocolsBird16(list: Iterable<ProtocolView>, detailed: boolean, times: TimePrinter): Lines {
  yield line(2002, row("name", "proto", "table", "state", "since", "info"));
  for (const view of list) {
    yield line(1002, row(view.name, view.kind, "master", stateWord(view), times.protocol(view.sinceMs), info(view)));
    if (detailed) yield* details(view);
  }
  return ok;
}

function row(name: string, kind: string, table: string, state: string, since: string, text: string): string {
  return `${name.padEnd(8)} ${kind.padEnd(8)} ${table.padEnd(8)} ${state.padEnd(5)}  ${since.padEnd(10)}  ${text}`;
}

/** What is up and waits for graceful restart recovery has a word of its own. */
function stateWord({ state, channels }: ProtocolView): string {
  return state === "up" && channels.some(({ recovery }) => recovery?.waiting) ? "wait" : state;
}

const noChanges = { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 };

const noRoutes: RouteCounts = {
  imported: 0,
  filtered: undefined,
  exported: 0,
  preferred: 0,
  importUpdates: noChanges,
  importWithdraws: noChanges,
  exportUpdates: noChanges,
  exportWithdraws: noChanges,
};

/** In BIRD 1.6 every protocol has the one table, also those that bring no routes. */
const withoutChannel = (preference: number): Pick<ChannelView, "importPolicy" | "exportPolicy" | "preference"> => ({
  preference,
  importPolicy: "ACCEPT",
  exportPolicy: "REJECT",
});

function* details(view: ProtocolView): Iterable<ReplyLine> {
  const [channel] = view.channels;
  const shown = channel ?? withoutChannel(view.kind === "Device" ? 240 : 0);
  const limits = channel?.limits ?? [];
  const lines = [
    ...(view.description === undefined ? [] : [field("Description", view.description)]),
    ...(view.message === undefined ? [] : [field("Message", view.message)]),
    field("Preference", String(shown.preference)),
    field("Input filter", shown.importPolicy),
    field("Output filter", shown.exportPolicy),
    recovery(channel),
    ...limits.flatMap(limitLines),
    ...routeCounts(channel?.routes ?? noRoutes).map((text) => `  ${text}`),
    ...(view.bgp === undefined ? [] : session(view.bgp, channel)),
    "",
  ];
  for (const text of lines) yield line(1006, text);
}

const field = (name: string, text: string): string => `  ${`${name}:`.padEnd(16)}${text}`;
const inner = (name: string, text: string): string => `    ${`${name}:`.padEnd(18)}${text}`;

function recovery(channel: ChannelView | undefined): string {
  const pending = channel?.recovery?.pending ? " pending" : "";
  const waiting = channel?.recovery?.waiting ? " waiting" : "";
  return `  ${"GR recovery:".padEnd(15)}${pending}${waiting}`;
}

function limitLines({ kind, routes, hit, action }: LimitView): string[] {
  const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} limit`;
  return [field(name, `${routes}${hit ? " [HIT]" : ""}`), `    ${"Action:".padEnd(14)}${action}`];
}

const timer = (name: string, view: TimerView | undefined): string[] => {
  if (view === undefined) return [];
  const seconds = (ms: number | undefined): string => (ms === undefined ? "-" : String(Math.floor(ms / 1000)));
  return [inner(name, `${seconds(view.remainingMs)}/${seconds(view.totalMs)}`)];
};

function session(bgp: BgpView, channel: ChannelView | undefined): string[] {
  const zone = bgp.interface === undefined ? "" : `%${bgp.interface}`;
  const limit = channel?.limits.find(({ kind }) => kind === "import");
  return [
    `  ${"BGP state:".padEnd(20)}${bgp.state}`,
    inner("Neighbor address", formatAddress(bgp.address) + zone),
    inner("Neighbor AS", String(bgp.remoteAs ?? 0)),
    ...(bgp.restartTimer === undefined ? [] : ["    Neighbor graceful restart active"]),
    ...timer("Start delay", bgp.connectDelay),
    ...timer("Error wait", bgp.errorWait),
    ...(bgp.session === undefined ? [] : established(bgp.session, channel, limit)),
    ...(bgp.session === undefined && bgp.lastError ? [inner("Last error", formatSessionError(bgp.lastError))] : []),
  ];
}

function established(up: BgpSessionView, channel: ChannelView | undefined, limit: LimitView | undefined): string[] {
  const paths = [...(up.addPath.receive ? ["add-path-rx"] : []), ...(up.addPath.send ? ["add-path-tx"] : [])];
  const words = [
    up.external ? "external" : "internal",
    ...(up.multihop ? ["multihop"] : []),
    ...(up.reflectorClient ? ["route-reflector"] : []),
    ...(up.fourOctetAs ? ["AS4"] : []),
    ...paths,
  ];
  return [
    inner("Neighbor ID", formatRouterId(up.remoteRouterId)),
    inner("Neighbor caps", capabilities(up.remoteCapabilities)),
    inner("Session", words.join(" ")),
    inner("Source address", formatAddress(up.localAddress)),
    ...(limit === undefined ? [] : [inner("Route limit", `${channel?.routes?.imported ?? 0}/${limit.routes}`)]),
    ...timer("Hold timer", up.holdTimer),
    ...timer("Keepalive timer", up.keepaliveTimer),
  ];
}

function capabilities(view: CapabilitiesView): string {
  const restart = view.gracefulRestart;
  return [
    ...(view.routeRefresh ? ["refresh"] : []),
    ...(view.enhancedRefresh ? ["enhanced-refresh"] : []),
    ...(restart === undefined ? [] : [restart.supported.length > 0 ? "restart-able" : "restart-aware"]),
    ...(view.longLivedGracefulRestart === undefined ? [] : ["llgr-aware"]),
    ...(view.fourOctetAs ? ["AS4"] : []),
    ...(view.addPath?.receive.length ? ["add-path-rx"] : []),
    ...(view.addPath?.send.length ? ["add-path-tx"] : []),
    ...(view.extendedMessage ? ["ext-messages"] : []),
  ].join(" ");
}
