import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";

const program = join(import.meta.dirname, "../../src/main.ts");

test("a daemon that cannot begin says so in one line and ends, also when its threads have begun", async () => {
  const daemon = spawn(process.execPath, [program, "run", "--node", "n", "--manifests", "/does/not/exist"]);
  onTestFinished(() => void daemon.kill("SIGKILL"));
  const [said, [status]] = await Promise.all([text(daemon.stderr), once(daemon, "exit")]);
  expect(status).toBe(1);
  expect(said.trimEnd().split("\n")).toEqual([
    expect.stringMatching(/ERROR (manifest directory|routes cannot be written)/),
  ]);
});
