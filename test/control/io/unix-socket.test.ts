import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { bird2Dialect } from "#control/dialect.ts";
import { type ControlSocket, listenAt } from "#control/io/unix-socket.ts";
import { labControl } from "../support/lab-daemon.ts";

const folder = mkdtempSync(join(tmpdir(), "linnet-control-"));
const path = join(folder, "bird.ctl");
let open: ControlSocket[] = [];

beforeAll(() => chmodSync(folder, 0o755));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await Promise.all(open.map((socket) => socket.close()));
  open = [];
});

async function listen(at = path): Promise<ControlSocket> {
  const control = labControl();
  const options = { dialect: bird2Dialect, restricted: false, formats: undefined, zone: () => 0 };
  const socket = await listenAt({ path: at, groupId: process.getgid?.(), ...options }, control);
  open.push(socket);
  return socket;
}

/** Sends `text`, and nothing after it if `half`; resolves with all that came once `until` is in it, or at the end. */
function exchange(text: string, { half = false, until = "\u0000" } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ path, allowHalfOpen: true });
    let received = "";
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("data", (piece: string) => {
      received += piece;
      if (received.includes(until)) socket.destroy();
    });
    socket.on("close", () => resolve(received));
    socket.on("end", () => socket.end());
    if (half) socket.end(text);
    else socket.write(text);
  });
}

test("the socket is for its owner and group, greets, and answers a client that closes its sending half", async () => {
  await listen();
  expect(statSync(path).mode & 0o777).toBe(0o660);
  const received = await exchange("show status\nshow protocols ebgp_c\nfoo", { half: true });
  expect(received.startsWith("0001 BIRD 2.0.12 ready.\n1000-BIRD 2.0.12\n")).toBe(true);
  expect(received.endsWith("0000 \n9001 syntax error, unexpected CF_SYM_UNDEFINED\n")).toBe(true);
});

test("a socket that nobody listens at is replaced, one that somebody does is not", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(path, resolve));
  await expect(listen()).rejects.toThrow(`another process listens at ${path}`);
  await new Promise<void>((resolve) => other.close(() => resolve()));
  const file = join(folder, "file");
  writeFileSync(file, "");
  await expect(listen(file)).rejects.toThrow("is no socket");
  // A process that is killed leaves its socket's file behind.
  const dies = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
  spawnSync(process.execPath, ["-e", dies, path]);
  expect(existsSync(path)).toBe(true);
  await listen();
  expect(await exchange("", { half: true })).toBe("0001 BIRD 2.0.12 ready.\n");
});

test("closing removes the socket's file and ends its clients", async () => {
  const socket = await listen();
  const client = exchange("");
  await exchange("", { half: true });
  await socket.close();
  open = [];
  expect(await client).toBe("0001 BIRD 2.0.12 ready.\n");
  expect(existsSync(path)).toBe(false);
});

test("two hundred clients at a time are all served", async () => {
  await listen();
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      exchange(`show route all\neval ${index}\n`, { until: `0023 ${index}\n` }),
    ),
  );
  const lengths = new Set(replies.map((reply, index) => reply.length - String(index).length));
  expect(lengths.size).toBe(1);
  for (const [index, reply] of replies.entries()) expect(reply.endsWith(`0023 ${index}\n`)).toBe(true);
});

test("a client that goes away in the middle of a reply disturbs nobody", async () => {
  await listen();
  await Promise.all(
    Array.from({ length: 20 }, () => exchange("show route all\n".repeat(50), { until: "Table master6" })),
  );
  expect(await exchange("show status\n", { until: "0013 " })).toContain("Daemon is up and running");
});
