import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PORT = new URL("../../src/kernel/io/kernel-port.ts", import.meta.url).href;
const LINK = new URL("../../src/kernel/wire/link.ts", import.meta.url).href;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a process of its own. @param limits for the shell that starts it */
async function run(program: string, limits = ":"): Promise<Outcome> {
  const args = ["-c", `${limits} && exec "$0" -e "$1"`, process.execPath, program];
  return promisify(execFile)("sh", args).then(
    (output) => ({ code: 0, ...output }),
    (error: Outcome) => error,
  );
}

/** A process that opens the port, whose thread is ready and then does as `after` says. */
function outcome(after: string): Promise<Outcome> {
  const thread = `import { parentPort } from "node:worker_threads"; parentPort.postMessage({ kind: "ready" }); ${after}`;
  return run(`
    import { KernelPort } from ${JSON.stringify(PORT)};
    await KernelPort.open("readonly", new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(thread)}`)}));`);
}

test("a daemon whose kernel thread breaks ends: without it no route is written, and nobody would know", async () => {
  expect((await outcome("")).code).toBe(0);
  const { code, stderr } = await outcome('setImmediate(() => { throw new Error("the thread broke"); });');
  expect(code).toBe(1);
  expect(stderr).toContain("the thread broke");
});

test("a dump for which there is no file descriptor ends with the reason, and the next one finds what it asks for", async () => {
  const program = `
    import { closeSync, openSync } from "node:fs";
    import { KernelPort } from ${JSON.stringify(PORT)};
    import { dumpLinks } from ${JSON.stringify(LINK)};
    const port = await KernelPort.open("readonly");
    const ending = () => new Promise((resolve) => port.dump(dumpLinks(), () => {}, ({ code }) => resolve(code)));
    const files = [];
    try {
      for (;;) files.push(openSync("/dev/null"));
    } catch {}
    const without = await ending();
    for (const file of files) closeSync(file);
    console.log(without, await ending());
    await port.close();`;
  const { stdout, stderr } = await run(program, "ulimit -n 256");
  expect([stdout, stderr]).toEqual(["EMFILE OK\n", ""]);
});
