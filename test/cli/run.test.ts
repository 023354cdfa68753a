import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { needsRoot } from "../cni/namespaces.ts";

const program = join(import.meta.dirname, "../../src/main.ts");

/** A daemon that ends by itself. */
async function failing(...args: string[]): Promise<{ status: unknown; lines: string[] }> {
  const daemon = spawn(process.execPath, [program, ...args]);
  onTestFinished(() => void daemon.kill("SIGKILL"));
  const [said, [status]] = await Promise.all([text(daemon.stderr), once(daemon, "exit")]);
  return { status, lines: said.trimEnd().split("\n") };
}

test("a daemon that cannot begin says so in one line and ends, also when its threads have begun", async () => {
  const control = join(tmpdir(), `linnet-run-${process.pid}.ctl`);
  const { status, lines } = await failing("run", "--node", "n", "--manifests", "/does/not/exist", "--control", control);
  expect(status).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/ERROR (manifest directory|routes cannot be written)/)]);
});

test.each([
  ["foo: 1", "foo: there is no such flag"],
  ["manifest: x", "manifest: there is no such flag; did you mean manifests?"],
  ["http: many", 'http: "many" is not number'],
  ["logLevel: loud", 'logLevel: "loud" is not ("debug" | "info" | "warn" | "error")'],
  ["- a", "must be a mapping of flags"],
  ["a: [", "cannot be read: Flow sequence in block collection must be sufficiently indented and end with a ]"],
  [undefined, "cannot be read: it does not exist"],
])("a file of flags that says %j is refused in one line", async (content, expected) => {
  const folder = mkdtempSync(join(tmpdir(), "linnet-flags-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "flags.yaml");
  if (content !== undefined) writeFileSync(file, content);
  const { status, lines } = await failing("run", "--config", file);
  expect(status).toBe(1);
  expect(lines).toEqual([expect.stringContaining(` ERROR ${file}`)]);
  expect(lines[0]).toContain(expected);
});

test.each(["a file", "another daemon"])(
  "a control socket's path that belongs to %s is left to it",
  needsRoot,
  async (owner) => {
    const folder = mkdtempSync(join(tmpdir(), "linnet-control-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, "bird.ctl");
    const server = createServer();
    if (owner === "a file") writeFileSync(path, "");
    else {
      server.listen(path);
      await once(server, "listening");
      onTestFinished(() => void server.close());
    }
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n" } };
    const addresses = [{ type: "InternalIP", address: "192.0.2.1" }];
    writeFileSync(join(folder, "n.json"), JSON.stringify({ ...node, status: { addresses } }));
    const { status, lines } = await failing("run", "--node", "n", "--manifests", folder, "--control", path);
    expect(status).toBe(1);
    const reason = owner === "a file" ? `${path} exists and is no socket` : `another process listens at ${path}`;
    expect(lines).toEqual([expect.stringMatching(` ERROR control socket ${path}: ${reason}$`)]);
  },
);

/** A daemon whose kernel thread answers every dump with an error, as one without memory does. */
const withoutKernel = (flags: object): string => {
  const thread = `import { parentPort } from "node:worker_threads";
    parentPort.on("message", ({ kind, id }) => {
      const end = { code: "ENOBUFS", text: "no memory", interrupted: false };
      if (kind === "dump") parentPort.postMessage({ kind: "end", id, end });
      if (kind === "close") parentPort.close();
    });
    parentPort.postMessage({ kind: "ready" });`;
  const source = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url));
  return `import { readRunFlags } from ${source("cli/flags.ts")};
    import { runDaemon } from ${source("cli/run-daemon.ts")};
    import { KernelPort } from ${source("kernel/io/kernel-port.ts")};
    import { textLog } from ${source("lib/io/logs.ts")};
    const opening = KernelPort.open("write", new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(thread)}`)}));
    process.exitCode = await runDaemon(await readRunFlags(${JSON.stringify(flags)}), textLog("info"), opening);`;
};

test.each(["SIGTERM", "SIGINT"] as const)("%s ends a daemon that cannot read the kernel yet", async (signal) => {
  const folder = mkdtempSync(join(tmpdir(), "linnet-mute-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const status = { addresses: [{ type: "InternalIP", address: "192.0.2.1" }] };
  writeFileSync(
    join(folder, "n.json"),
    JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name: "n" }, status }),
  );
  const code = withoutKernel({ node: "n", manifests: folder, control: [join(folder, "bird.ctl")] });
  const daemon = spawn(process.execPath, ["--input-type=module", "-e", code]);
  onTestFinished(() => void daemon.kill("SIGKILL"));
  const ended = once(daemon, "exit");
  const said: string[] = [];
  for await (const line of createInterface({ input: daemon.stderr })) {
    if (said.push(line) === 1) daemon.kill(signal);
  }
  expect([said, (await ended)[0]]).toEqual([
    [
      expect.stringContaining("the kernel's tables cannot be read: no memory (ENOBUFS); trying again in 1 s"),
      expect.stringContaining(`INFO  ${signal}: the daemon stops before it began; routes stay in the kernel`),
    ],
    0,
  ]);
});
