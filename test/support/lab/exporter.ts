import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { expect } from "vitest";
import { until } from "./until.ts";

const program = "prometheus-bird-exporter";

/** A free port of the loopback. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** What Debian's prometheus-bird-exporter makes of the sockets that `args` name: values by name and labels. */
export async function scrape(args: readonly string[]): Promise<Map<string, number>> {
  const port = await freePort();
  const exporter = spawn(program, ["-web.listen-address", `127.0.0.1:${port}`, ...args], { stdio: "ignore" });
  try {
    let text = "";
    await until("metrics of the exporter", 20, async () => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
      text = (await response?.text()) ?? "";
      return text.includes("bird_protocol_up");
    });
    return new Map(
      [...text.matchAll(/^(bird_\w+\{.*\}) (\S+)$/gm)].map(([, name = "", value]) => [name, Number(value)]),
    );
  } finally {
    exporter.kill();
  }
}

/** The value of the one series of `name` with these labels. */
export function series(metrics: ReadonlyMap<string, number>, name: string, ...labels: readonly string[]): number {
  const found = [...metrics].filter(
    ([key]) => key.startsWith(`${name}{`) && labels.every((label) => key.includes(label)),
  );
  expect(found.length, `${name} ${labels.join(" ")}`).toBe(1);
  return found[0]?.[1] ?? Number.NaN;
}
