import type { Metric } from "./metrics.ts";
import type { ObservedDaemon } from "./ports.ts";

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** So many rows are written at once: each row of 5,000 neighbours in one go would hold up all sessions. */
const PIECE_ROWS = 64;

/** The metrics page in Prometheus' text format 0.0.4, piece by piece. */
export function* exposition(metrics: readonly Metric[], daemon: ObservedDaemon): Generator<string> {
  for (const { name, help, kind, samples } of metrics) {
    let piece = `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`;
    let rows = 0;
    for (const { labels, value } of samples(daemon)) {
      piece += `${name}${formatLabels(labels)} ${value}\n`;
      rows += 1;
      if (rows % PIECE_ROWS !== 0) continue;
      yield piece;
      piece = "";
    }
    yield piece;
  }
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(([label, value]) => `${label}="${value.replace(/["\\\n]/g, escaped)}"`);
  return texts.length === 0 ? "" : `{${texts.join(",")}}`;
}

const escaped = (character: string): string => (character === "\n" ? "\\n" : `\\${character}`);
