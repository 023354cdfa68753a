import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer, Socket } from "node:net";
import { expect, test } from "vitest";
import * as libc from "#lib/io/libc.ts";
import { AF_INET, type IpAddress } from "#lib/sockaddr.ts";

const loopback: IpAddress = { family: "ipv4", words: [0x7f000001] };
const loopback6: IpAddress = { family: "ipv6", words: [0, 0, 0, 1] };
const root = process.getuid?.() === 0;

test("a failing call answers a negated errno that has a name", () => {
  const result = libc.close(1 << 20);
  expect(result).toBe(-9);
  expect(libc.errnoName(result)).toBe("EBADF");
  expect(libc.errnoName(9)).toBe("EBADF");
  expect(() => libc.must("close", result)).toThrow("close: EBADF");
  expect(libc.must("close", 0)).toBe(0);
});

test("an option reads back as it was written", () => {
  const fd = libc.must("socket", libc.socket(AF_INET, libc.SOCK_STREAM, 0));
  libc.setTcpOptions(fd, { family: "ipv4", ttl: 7, tos: 0xc0, minTtl: 5 });
  const value = new Uint8Array(4);
  const read = (name: number): number => {
    expect(libc.getsockopt(fd, 0, name, value)).toBe(4);
    return new Int32Array(value.buffer)[0]!;
  };
  expect([read(2), read(1), read(21)]).toEqual([7, 0xc0, 5]);
  closeSync(fd);
});

test("an unknown interface is named in the error, and no descriptor leaks", () => {
  expect(() => libc.openTcpSocket({ family: "ipv4", interface: "no-such-if" })).toThrow(
    "bind to interface no-such-if: ENODEV",
  );
  expect(libc.errnoName(libc.interfaceIndex("no-such-if"))).toBe("ENODEV");
  expect(libc.interfaceIndex("lo")).toBe(1);
});

/** What an accepted socket has of its listener's options. */
function inherited(socket: Socket, family: "ipv4" | "ipv6"): Record<string, number> {
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  const value = new Uint8Array(4);
  const read = (level: number, name: number): number => {
    expect(libc.getsockopt(fd, level, name, value)).toBe(4);
    return new Int32Array(value.buffer)[0]!;
  };
  const [level, ttl, minTtl, tos] = family === "ipv4" ? ([0, 2, 21, 1] as const) : ([41, 16, 73, 67] as const);
  return { ttl: read(level, ttl), minTtl: read(level, minTtl), tos: read(level, tos), noDelay: read(6, 1) };
}

for (const local of [loopback, loopback6]) {
  test(`${local.family}: a prepared listener accepts a prepared socket, from the address it was bound to`, async () => {
    const server = createServer().listen({
      fd: libc.listenSocket({ family: local.family, local, port: 0, ttl: 255, minTtl: 254, tos: 0xc0 }),
    });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const socket = new Socket({
      fd: libc.openTcpSocket({ family: local.family, local, ttl: 255, tos: 0xc0 }),
      readable: true,
      writable: true,
    });
    const accepted = once(server, "connection");
    socket.connect({ host: local.family === "ipv4" ? "127.0.0.1" : "::1", port });
    const [peer] = (await accepted) as [Socket];
    peer.end("hello");
    const [data] = (await once(socket, "data")) as [Buffer];
    expect(data.toString()).toBe("hello");
    expect(inherited(peer, local.family)).toEqual({ ttl: 255, minTtl: 254, tos: 0xc0, noDelay: 1 });
    socket.destroy();
    server.close();
  });
}

test("a busy port is an error by name", () => {
  const server = createServer().listen({ fd: libc.listenSocket({ family: "ipv4", local: loopback, port: 0 }) });
  const { port } = server.address() as AddressInfo;
  expect(() => libc.listenSocket({ family: "ipv4", local: loopback, port })).toThrow("bind: EADDRINUSE");
  server.close();
});

test.runIf(root)("equal MD5 keys meet, and removing a key that is not there is no error", async () => {
  const fd = libc.listenSocket({ family: "ipv4", local: loopback, port: 0 });
  libc.setMd5Key(fd, loopback, undefined);
  libc.setMd5Key(fd, loopback, "secret");
  const server = createServer().listen({ fd });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const md5 = [{ peer: loopback, key: "secret" }];
  const socket = new Socket({ fd: libc.openTcpSocket({ family: "ipv4", md5 }), readable: true, writable: true });
  socket.connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  socket.destroy();
  server.close();
});

test("freed memory goes back to the system, and is no trouble where there is none", () => {
  // In a process of its own: it needs the collector at will, and nobody else who frees and takes memory meanwhile.
  const program = `
    const { returnFreedMemory } = await import(${JSON.stringify(new URL("../../../src/lib/io/libc.ts", import.meta.url))});
    let held = Array.from({ length: 1000 }, () => Buffer.alloc(100_000, 1)); // from the pool: too small for mmap
    const last = Buffer.alloc(100_000, 1); // above the others, which cannot just be cut off the heap's end
    held = undefined;
    gc();
    gc(); // buffers are freed beside the program; the next collection waits for that
    const before = process.memoryUsage.rss();
    returnFreedMemory();
    console.log(before - process.memoryUsage.rss(), last.length, returnFreedMemory());`;
  const flags = ["--expose-gc", "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
  const [given, , again] = execFileSync(process.execPath, flags, { encoding: "utf8" }).trim().split(" ");
  const isGlibc = readFileSync("/proc/self/maps", "utf8").includes("libc.so.6");
  if (isGlibc) expect(Number(given)).toBeGreaterThan(50_000_000);
  expect(again).toMatch(/^(true|false)$/);
});
