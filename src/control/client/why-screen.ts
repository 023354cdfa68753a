import type { PathReport, WhyReport } from "../reports.ts";
import { ago, type Colour, type Paint } from "./screen.ts";

/** The way of one destination, step by step. @param asked as the operator typed it */
export function whyScreen(asked: string, report: WhyReport, nowMs: number, paint: Paint): string[] {
  const { prefix, paths, kernel, kernelFailed, told } = report;
  if (prefix === undefined) {
    return [
      paint("bad", `Nothing is known about ${asked}: no neighbour sent it, and this node does not originate it.`),
    ];
  }
  return [
    prefix === asked ? prefix : `${prefix} (the longest prefix that covers ${asked})`,
    ...paths.flatMap((path, index) => pathLines(path, index + 1, nowMs, paint)),
    "",
    ...(kernel === undefined ? [] : [step("kernel", paint(kernelFailed ? "bad" : "plain", kernel))]),
    ...toldLines(told),
  ];
}

const step = (name: string, text: string): string => `  ${name.padEnd(11)}${text}`;

function pathLines(path: PathReport, number: number, nowMs: number, paint: Paint): string[] {
  const neighbour = path.neighbour === undefined ? "" : ` (${path.neighbour})`;
  const stale = path.stale ? ", stale" : "";
  const colour: Colour = path.best ? "good" : path.accepted ? "plain" : "dim";
  return [
    "",
    paint(colour, `${number}. from ${path.from}${neighbour}, ${ago(nowMs - path.since)} ago${stale}: ${verdict(path)}`),
    step("policy", `${path.accepted ? "accepted" : paint("bad", "rejected")}: ${path.policy}`),
    ...(path.attributes === undefined ? [] : [step("attributes", path.attributes)]),
    ...(path.nextHop === undefined ? [] : [step("next hop", paint(path.reachable ? "plain" : "bad", path.nextHop))]),
  ];
}

const verdict = ({ accepted, selection }: PathReport): string => (accepted ? selection : "rejected");

function toldLines(told: WhyReport["told"]): string[] {
  const sent = told.filter((entry) => entry.sent);
  const kept = told.filter((entry) => !entry.sent);
  return [
    ...(sent.length === 0 ? [step("told to", "nobody")] : []),
    ...sent.map(({ protocol, by }, index) => step(index === 0 ? "told to" : "", `${protocol}: ${by}`)),
    ...kept.map(({ protocol, by }, index) => step(index === 0 ? "not told" : "", `${protocol}: ${by}`)),
  ];
}
