import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { until } from "../../support/lab/until.ts";

const module = new URL("../../../src/control/io/calico-processes.ts", import.meta.url).href;

/** Names that children of `parent` bear. */
function children(parent: number): string[] {
  return globSync("/proc/[0-9]*/stat")
    .flatMap((path) => {
      try {
        const stat = readFileSync(path, "utf8");
        const [, parentId] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return Number(parentId) === parent
          ? [readFileSync(path.replace("/stat", "/cmdline"), "utf8").split("\0")[0] ?? ""]
          : [];
      } catch {
        return [];
      }
    })
    .toSorted();
}

test("two processes bear the names, and end when the daemon is killed", async () => {
  const code = `import { bearCalicoNames } from "${module}"; bearCalicoNames(); setInterval(() => {}, 1000);`;
  const daemon = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: "ignore" });
  const pid = daemon.pid ?? 0;
  await until("both names", 20, () => children(pid).join(" ") === "bird bird6");
  const named = globSync("/proc/[0-9]*/cmdline").filter((path) => {
    try {
      return /^bird6?\0-e\0/.test(readFileSync(path, "utf8"));
    } catch {
      return false;
    }
  });
  expect(named.length).toBeGreaterThanOrEqual(2);
  daemon.kill("SIGKILL");
  await until("both are gone", 20, () => named.every((path) => !globSync(path).length));
}, 30_000);
