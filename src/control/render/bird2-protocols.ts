import { formatAddress, formatRouterId } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { ReplyLine } from "../line-protocol.ts";
import { type Lines, line, ok } from "../reply.ts";
import type { TimePrinter } from "../timeformat.ts";
import type {
  BgpSessionView,
  BgpView,
  CapabilitiesView,
  ChangeCounts,
  ChannelView,
  ProtocolView,
  RouteCounts,
  TimerView,
} from "../views.ts";
import { formatSessionError } from "./session-error.ts";

const tableOf: Readonly<Record<Family, string>> = { ipv4: "master4", ipv6: "master6" };

/** `show protocols` as BIRD 2 writes it. */
export function* protocolsBird2(list: Iterable<ProtocolView>, detailed: boolean, times: TimePrinter): Lines {
  yield line(2002, row("Name", "Proto", "Table", "State", "Since", "Info"));
  for (const view of list) {
    yield line(
      1002,
      row(view.name, view.kind, tableColumn(view), view.state, times.protocol(view.sinceMs), info(view)),
    );
    if (detailed) yield* details(view);
  }
  return ok;
}

function row(name: string, kind: string, table: string, state: string, since: string, text: string): string {
  return `${name.padEnd(10)} ${kind.padEnd(10)} ${table.padEnd(10)} ${state.padEnd(6)} ${since.padEnd(12)}  ${text}`;
}

/** Only a protocol that has one channel by nature shows its table. */
function tableColumn({ kind, channels }: ProtocolView): string {
  const [channel] = channels;
  return channel !== undefined && (kind === "Static" || kind === "Kernel") ? tableOf[channel.family] : "---";
}

/** The last column: the state of the session and why it is not up. */
export function info({ state, bgp }: ProtocolView): string {
  if (bgp === undefined) return "";
  const error = bgp.session === undefined && bgp.lastError ? formatSessionError(bgp.lastError) : "";
  return state === "down" ? error : `${bgp.state.padEnd(14)}${error}`;
}

function* details(view: ProtocolView): Iterable<ReplyLine> {
  const lines = [
    ...label("Description", view.description),
    ...label("Message", view.message),
    ...(view.bgp === undefined ? [] : session(view.bgp)),
    ...view.channels.flatMap(channel),
  ];
  for (const text of lines) yield line(1006, text);
  yield line(1006, "");
}

const label = (name: string, text: string | undefined): string[] => {
  return text === undefined ? [] : [`  ${`${name}:`.padEnd(16)}${text}`];
};

const field = (name: string, text: string): string => `    ${`${name}:`.padEnd(18)}${text}`;

const timer = (name: string, view: TimerView | undefined): string[] => {
  if (view === undefined) return [];
  const total = view.totalMs === undefined ? "-" : String(Math.round(view.totalMs / 1000));
  return [field(name, `${(view.remainingMs / 1000).toFixed(3)}/${total}`)];
};

function session(bgp: BgpView): string[] {
  const zone = bgp.interface === undefined ? "" : `%${bgp.interface}`;
  return [
    `  ${"BGP state:".padEnd(20)}${bgp.state}`,
    field("Neighbor address", formatAddress(bgp.address) + zone),
    field("Neighbor AS", bgp.remoteAs === undefined ? "0" : String(bgp.remoteAs)),
    field("Local AS", String(bgp.localAs)),
    ...(bgp.restartTimer === undefined ? [] : ["    Neighbor graceful restart active"]),
    ...timer("Error wait", bgp.errorWait),
    ...timer("Connect delay", bgp.connectDelay),
    ...timer("Restart timer", bgp.restartTimer),
    ...(bgp.session === undefined ? [] : established(bgp.session)),
    ...(bgp.session === undefined && bgp.lastError ? [field("Last error", formatSessionError(bgp.lastError))] : []),
  ];
}

function established(up: BgpSessionView): string[] {
  const words = [
    up.external ? "external" : "internal",
    ...(up.multihop ? ["multihop"] : []),
    ...(up.reflectorClient ? ["route-reflector"] : []),
    ...(up.fourOctetAs ? ["AS4"] : []),
  ];
  return [
    field("Neighbor ID", formatRouterId(up.remoteRouterId)),
    "    Local capabilities",
    ...capabilities(up.localCapabilities),
    "    Neighbor capabilities",
    ...capabilities(up.remoteCapabilities),
    field("Session", words.join(" ")),
    field("Source address", formatAddress(up.localAddress)),
    ...timer("Hold timer", up.holdTimer),
    ...timer("Keepalive timer", up.keepaliveTimer),
  ];
}

const families = (name: string, list: readonly Family[]): string => `        ${[`${name}:`, ...list].join(" ")}`;

function capabilities(view: CapabilitiesView): string[] {
  const { gracefulRestart: restart, longLivedGracefulRestart: longLived, addPath } = view;
  const lines: string[] = [];
  if (view.multiprotocol.length > 0) lines.push("      Multiprotocol", families("AF announced", view.multiprotocol));
  if (view.routeRefresh) lines.push("      Route refresh");
  if (view.extendedNextHop.length > 0) {
    lines.push("      Extended next hop", families("IPv6 nexthop", view.extendedNextHop));
  }
  if (view.extendedMessage) lines.push("      Extended message");
  if (restart !== undefined) {
    lines.push("      Graceful restart");
    if (restart.supported.length > 0) lines.push(`        Restart time: ${Math.round(restart.restartMs / 1000)}`);
    if (restart.restarting) lines.push("        Restart recovery");
    lines.push(...preserved(restart));
  }
  if (view.fourOctetAs) lines.push("      4-octet AS numbers");
  if (addPath !== undefined)
    lines.push("      ADD-PATH", families("RX", addPath.receive), families("TX", addPath.send));
  if (view.enhancedRefresh) lines.push("      Enhanced refresh");
  if (longLived !== undefined) {
    lines.push("      Long-lived graceful restart");
    if (longLived.supported.length > 0) lines.push(`        LL stale time: ${Math.round(longLived.staleMs / 1000)}`);
    lines.push(...preserved(longLived));
  }
  if (view.hostname !== undefined) lines.push(`      Hostname: ${view.hostname}`);
  return lines;
}

function preserved(view: { readonly supported: readonly Family[]; readonly preserved: readonly Family[] }): string[] {
  if (view.supported.length === 0) return [];
  return [families("AF supported", view.supported), families("AF preserved", view.preserved)];
}

function channel(view: ChannelView): string[] {
  const recovery = view.recovery;
  const pending = recovery?.pending ? " pending" : "";
  return [
    `  Channel ${view.family}`,
    channelField("State", view.state),
    channelField("Table", tableOf[view.family]),
    channelField("Preference", String(view.preference)),
    channelField("Input filter", view.importPolicy),
    channelField("Output filter", view.exportPolicy),
    ...(recovery === undefined
      ? []
      : [`    ${"GR recovery:".padEnd(15)}${pending}${recovery.waiting ? " waiting" : ""}`]),
    ...limits(view),
    ...(view.routes === undefined ? [] : routeCounts(view.routes).map((text) => `    ${text}`)),
    ...(view.neighbourRestarting ? ["    Neighbor GR:    Regular"] : []),
    ...nextHop(view),
    ...(view.recursive ? [`    IGP ${view.family === "ipv4" ? "IPv4" : "IPv6"} table: ${tableOf[view.family]}`] : []),
  ];
}

const channelField = (name: string, text: string): string => `    ${`${name}:`.padEnd(16)}${text}`;

function limits(view: ChannelView): string[] {
  const order = ["receive", "import", "export"] as const;
  return order.flatMap((kind) => {
    const limit = view.limits.find((candidate) => candidate.kind === kind);
    if (limit === undefined) return [];
    const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} limit`;
    return [
      channelField(name, `${limit.routes}${limit.hit ? " [HIT]" : ""}`),
      `      ${"Action:".padEnd(14)}${limit.action}`,
    ];
  });
}

function nextHop({ nextHop: hop }: ChannelView): string[] {
  if (hop === undefined || (hop.global === undefined && hop.linkLocal === undefined)) return [];
  const global = hop.global === undefined ? "::" : formatAddress(hop.global);
  const linkLocal = hop.linkLocal === undefined ? "" : ` ${formatAddress(hop.linkLocal)}`;
  return [channelField("BGP Next hop", `${global}${linkLocal}`)];
}

/** Counts of routes and of their changes, without the indentation, which differs between the dialects. */
export function routeCounts(counts: RouteCounts): string[] {
  const filtered = counts.filtered === undefined ? "" : `${counts.filtered} filtered, `;
  const { importUpdates, importWithdraws, exportUpdates, exportWithdraws } = counts;
  return [
    `Routes:         ${counts.imported} imported, ${filtered}${counts.exported} exported, ${counts.preferred} preferred`,
    "Route change stats:     received   rejected   filtered    ignored   accepted",
    changeRow("Import updates", importUpdates, ["received", "rejected", "filtered", "ignored", "accepted"]),
    changeRow("Import withdraws", importWithdraws, ["received", "rejected", "---", "ignored", "accepted"]),
    changeRow("Export updates", exportUpdates, ["received", "rejected", "filtered", "---", "accepted"]),
    changeRow("Export withdraws", exportWithdraws, ["received", "---", "---", "---", "accepted"]),
  ];
}

function changeRow(name: string, counts: ChangeCounts, cells: readonly (keyof ChangeCounts | "---")[]): string {
  const text = cells.map((cell) => (cell === "---" ? cell : String(counts[cell])).padStart(11)).join("");
  return `  ${`${name}:`.padEnd(19)}${text}`;
}
