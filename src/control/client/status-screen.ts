import type { DrainReport, NeighbourReport, NodeReport } from "../reports.ts";
import { ago, type Colour, type Paint, table } from "./screen.ts";

export interface StatusScreen {
  readonly lines: readonly string[];
  /** A sentence each, all of them. */
  readonly problems: readonly string[];
  /** Everything is as it should be. */
  readonly well: boolean;
}

/** A screen has so much room: neighbours without a session come first, and the rest is counted. */
const MOST_NEIGHBOURS = 24;
const MOST_PROBLEMS = 8;
const MOST_FOREIGN = 3;

/** One screen for somebody who wants to know whether this node is well, and if not, why. */
export function statusScreen(node: NodeReport, neighbours: readonly NeighbourReport[], paint: Paint): StatusScreen {
  const problems = [...nodeProblems(node), ...neighbours.flatMap(neighbourProblems)];
  const well = problems.length === 0;
  const head = `Linnet ${node.version} on ${node.hostname}`;
  const facts = [
    `router id ${node.routerId}`,
    `up ${ago(node.now - node.started)}`,
    `configured ${ago(node.now - node.reconfigured)} ago`,
  ];
  return {
    well,
    problems,
    lines: [
      `${paint(well ? "good" : "bad", well ? "This node is well." : "This node needs a look.")} ${head}, ${facts.join(", ")}`,
      ...problems.slice(0, MOST_PROBLEMS).map((problem) => paint("bad", `  ${problem}`)),
      ...(problems.length > MOST_PROBLEMS ? [`  and ${problems.length - MOST_PROBLEMS} more`] : []),
      ...notes(node).map((note) => paint("warning", `  ${note}`)),
      "",
      ...neighbourTable(node, neighbours, paint),
      "",
      routesLine(node),
      kernelLine(node, paint),
    ],
  };
}

function nodeProblems({ state, kernel, unforwarded, invalid }: NodeReport): string[] {
  return [
    ...unforwarded.map((setting) => `Pods here cannot be reached: ${setting} is 0.`),
    ...invalid.map((line) => `Not in force: ${line}`),
    ...(state === "shuttingDown" ? ["The daemon is shutting down."] : []),
    ...kernel.failures.map(({ prefix, error }) => `The kernel refused the route to ${prefix}: ${error}`),
    ...(kernel.failed > kernel.failures.length ? [`The kernel refused ${kernel.failed} routes in all.`] : []),
  ];
}

function neighbourProblems({ name, address, session, disabled, lastError, message }: NeighbourReport): string[] {
  if (disabled || session === "Established") return [];
  const reason = lastError === undefined ? "" : `: ${lastError}`;
  const said = message === undefined ? "" : ` ("${message}")`;
  return [`No session with ${name} (${address})${reason}${said}`];
}

/** What is worth knowing and nothing to worry about. */
function notes({ state, recovery, drain, kernel, foreign }: NodeReport): string[] {
  const more = foreign.length - MOST_FOREIGN;
  return [
    ...foreign.slice(0, MOST_FOREIGN).map((line) => `Origin check: ${line}`),
    ...(more > 0 ? [`Origin check: ${more} more ${more === 1 ? "route is" : "routes are"} refused.`] : []),
    ...(state === "reconfiguring" ? ["A new configuration is being put in force."] : []),
    ...(recovery === undefined
      ? []
      : [
          `Graceful restart: waiting for ${recovery.waitingFor} ${recovery.waitingFor === 1 ? "neighbour" : "neighbours"}, at most ${recovery.seconds} s more.`,
        ]),
    ...(drain === undefined ? [] : [drainNote(drain)]),
    ...(kernel.inSync || kernel.pending === 0 ? [] : [`${kernel.pending} changes are on their way to the kernel.`]),
  ];
}

/** In one sentence, also what `linnet drain` says. */
export function drainNote({ stage, reasons, withdrawIn, told }: DrainReport): string {
  const why = reasons.join(", ");
  if (stage === "off") return "This node is in service.";
  if (stage === "gone") {
    return `Out of service: ${told ? "all routes are withdrawn" : "routes are being withdrawn"} (${why}).`;
  }
  return `Going out of service: neighbours ${told ? "were told" : "are being told"}, routes are withdrawn in ${withdrawIn ?? 0} s (${why}).`;
}

function neighbourTable(node: NodeReport, neighbours: readonly NeighbourReport[], paint: Paint): string[] {
  if (neighbours.length === 0) return ["No neighbours are configured."];
  const up = neighbours.filter(({ session }) => session === "Established");
  const others = neighbours.filter((neighbour) => !up.includes(neighbour));
  const all = neighbours.length > MOST_NEIGHBOURS ? [...others, ...up] : neighbours;
  const shown = all.slice(0, MOST_NEIGHBOURS).map((neighbour) => neighbourRow(node, neighbour));
  const heads = ["NEIGHBOUR", "ADDRESS", "AS", "SESSION", "SINCE", "RECEIVED", "SENT", "FLAPS"];
  const lines = table([heads, ...shown.map(({ cells }) => cells)]);
  const rest = all.slice(MOST_NEIGHBOURS);
  const restUp = rest.filter(({ session }) => session === "Established").length;
  return [
    ...lines.map((line, index) => paint(shown[index - 1]?.colour ?? "plain", line)),
    ...(rest.length === 0 ? [] : [`and ${rest.length} more, ${restUp} of them Established`]),
  ];
}

function neighbourRow(node: NodeReport, neighbour: NeighbourReport): { colour: Colour; cells: string[] } {
  const { name, address, as, session, since, disabled, flaps, families } = neighbour;
  const up = session === "Established";
  const routes = (side: "received" | "sent"): string =>
    families.map(({ family, [side]: count }) => `${count ?? "-"} ${family === "ipv4" ? "v4" : "v6"}`).join(" ");
  const kept = families.some((family) => family.restarting);
  return {
    colour: up ? "good" : disabled ? "warning" : "bad",
    cells: [
      name,
      address,
      as === undefined ? "?" : String(as),
      `${disabled ? "disabled" : session}${kept ? " (restarting, its routes are kept)" : ""}`,
      ago(node.now - since),
      up || kept ? routes("received") : "",
      up ? routes("sent") : "",
      flaps === 0 ? "" : String(flaps),
    ],
  };
}

function routesLine({ tables: { ipv4, ipv6 } }: NodeReport): string {
  const part = (name: string, { nets, routes }: { nets: number; routes: number }) =>
    `${nets} ${name} (${routes} paths)`;
  return `Routes:  ${part("IPv4 prefixes", ipv4)}, ${part("IPv6 prefixes", ipv6)}`;
}

function kernelLine({ kernel }: NodeReport, paint: Paint): string {
  const { inSync, wanted, failed, pending } = kernel;
  const what = `${wanted} routes wanted`;
  if (failed > 0) return `Kernel:  ${paint("bad", `${failed} routes refused`)}, ${what}`;
  if (!inSync) return `Kernel:  ${paint("warning", `${pending} changes on their way`)}, ${what}`;
  return `Kernel:  ${paint("good", "in sync")}, ${what}`;
}
