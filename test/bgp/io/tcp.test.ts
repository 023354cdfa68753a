import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TcpTransport } from "#bgp/io/tcp.ts";
import type { Connection, ConnectionOptions, Listener } from "#bgp/transport.ts";
import { parseAddress } from "#route/address.ts";

/** Real TCP on the loopback. Waits for events, never for time. */

const local = parseAddress("127.0.0.1") ?? expect.unreachable();
const local6 = parseAddress("::1") ?? expect.unreachable();
const plain: ConnectionOptions = { password: undefined, ttl: 64, minimumTtl: undefined };

/** One end, with promises for what it waits for. */
class End {
  readonly connection: Connection;
  readonly octets: number[] = [];
  /** Octets of each read. */
  readonly reads: number[] = [];
  closedBecause: string | undefined;
  #wake: () => void = () => {};

  constructor(connection: Connection, options = plain) {
    this.connection = connection;
    connection.open(options, {
      received: (bytes, start, end) => {
        for (let at = start; at < end; at++) this.octets.push(bytes[at] ?? 0);
        this.reads.push(end - start);
        this.#wake();
      },
      closed: (reason) => {
        this.closedBecause = reason;
        this.#wake();
      },
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  send(octets: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.connection.send(octets, 0, octets.length, resolve));
  }
}

let transport: TcpTransport;
let listener: Listener | undefined;
let port = 0;
const open: Connection[] = [];

beforeEach(() => {
  transport = new TcpTransport();
});

afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
  listener?.close();
  listener = undefined;
});

/** Listens on a port that is free. @param accepted gets every caller */
async function listen(accepted: (connection: Connection) => void, family: "ipv4" | "ipv6" = "ipv4"): Promise<void> {
  for (port = 20_000 + (process.pid % 20_000); ; port++) {
    const failure = await new Promise<string | undefined>((resolve) => {
      const at = { family, address: family === "ipv4" ? local : local6, port };
      const events = { listening: () => resolve(undefined), accepted, failed: (reason: string) => resolve(reason) };
      listener = transport.listen(at, events);
    });
    if (failure === undefined) return;
    expect(failure).toBe("address already in use");
  }
}

function dial(options: Partial<ConnectionOptions> = {}, address = local): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const to = { address, port, localAddress: address, interface: undefined, ...plain, ...options };
    transport.dial(to, {
      connected: (connection) => {
        open.push(connection);
        resolve(connection);
      },
      failed: (reason) => reject(new Error(reason)),
    });
  });
}

/** Two ends that are joined. */
async function joined(options: Partial<ConnectionOptions> = {}, address = local): Promise<{ near: End; far: End }> {
  let far: End | undefined;
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  await listen((connection) => {
    open.push(connection);
    far = new End(connection, { ...plain, ...options });
    arrived();
  }, address.family);
  const near = new End(await dial(options, address));
  await arrival;
  if (far === undefined) throw new Error("nobody came");
  return { near, far };
}

const pattern = (octets: number): Uint8Array => Uint8Array.from({ length: octets }, (_, index) => index % 251);

test("octets go both ways, also those of a part of a buffer", async () => {
  const { near, far } = await joined();
  await near.send(Uint8Array.of(1, 2, 3));
  const slab = Uint8Array.of(9, 9, 4, 5, 9);
  await new Promise<void>((resolve) => near.connection.send(slab, 2, 4, resolve));
  await far.until(() => far.octets.length === 5);
  expect(far.octets).toEqual([1, 2, 3, 4, 5]);
  await far.send(Uint8Array.of(7));
  await near.until(() => near.octets.length === 1);
  expect(near.octets).toEqual([7]);
});

test("both ends know both addresses", async () => {
  const { near, far } = await joined();
  for (const { connection } of [near, far]) {
    expect([connection.localAddress, connection.remoteAddress, connection.interface]).toEqual([
      local,
      local,
      undefined,
    ]);
  }
});

test("IPv6 works the same", async () => {
  const { near, far } = await joined({}, local6);
  await near.send(Uint8Array.of(1));
  await far.until(() => far.octets.length === 1);
  expect(far.connection.remoteAddress).toEqual(local6);
});

test("200 KB arrive in order, through a buffer of 16 KB that all connections share", async () => {
  const { near, far } = await joined();
  const octets = pattern(200_000);
  const [, back] = [near.send(octets), far.send(octets)];
  await far.until(() => far.octets.length === octets.length);
  await near.until(() => near.octets.length === octets.length);
  await back;
  expect(Uint8Array.from(far.octets)).toEqual(octets);
  expect(Uint8Array.from(near.octets)).toEqual(octets);
  expect(Math.max(...far.reads)).toBeLessThanOrEqual(16_384);
});

test("many who call at once are let in together: a mesh is not kept waiting by a turn of the event loop for each", async () => {
  const callers = 64;
  let accepted = 0;
  let turns = 0;
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  await listen((connection) => {
    open.push(connection);
    if (++accepted === callers) arrived();
  });
  const turn = (): void => {
    if (accepted > 0) turns++;
    if (accepted < callers) setImmediate(turn);
  };
  // Another process calls while this one waits for it to end: afterwards all callers wait in the system's line.
  const call = `let left = ${callers};
    const connected = () => --left === 0 && process.exit();
    for (let each = left; each > 0; each--) require("node:net").connect(${port}, "127.0.0.1", connected)`;
  execFileSync(process.execPath, ["-e", call]);
  turn();
  await arrival;
  expect(turns).toBeLessThan(callers / 2);
});

test("nothing is read before the connection is open", async () => {
  let accepted: Connection | undefined;
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  await listen((connection) => {
    open.push(connection);
    accepted = connection;
    arrived();
  });
  const near = new End(await dial());
  await Promise.all([near.send(Uint8Array.of(1, 2)), arrival]);
  if (accepted === undefined) throw new Error("nobody came");
  const far = new End(accepted);
  await far.until(() => far.octets.length === 2);
});

test("what is queued goes out before a connection is closed; the other end hears of the close", async () => {
  const { near, far } = await joined();
  const octets = pattern(500_000);
  near.connection.send(octets, 0, octets.length, () => {});
  near.connection.close();
  await far.until(() => far.closedBecause !== undefined);
  expect(far.octets.length).toBe(500_000);
  expect(far.closedBecause).toBe("connection closed by the neighbour");
  expect(near.closedBecause).toBeUndefined();
});

test("our last words are not lost where the neighbour is still talking", async () => {
  const { near, far } = await joined();
  far.connection.send(new Uint8Array(2_000_000), 0, 2_000_000, () => {});
  near.connection.send(Uint8Array.of(6, 2), 0, 2, () => {});
  near.connection.close();
  await far.until(() => far.octets.length === 2);
  expect(far.octets).toEqual([6, 2]);
});

test("`written` is called for all that was queued when a connection dies", async () => {
  const { near, far } = await joined();
  const sent = Array.from({ length: 20 }, () => near.send(new Uint8Array(1_000_000)));
  far.connection.close();
  await Promise.all(sent);
});

test("a call that nobody takes fails with the system's reason", async () => {
  await listen(() => {});
  listener?.close();
  await expect(dial()).rejects.toThrow("connection refused");
});

test("a call from an address that we do not have fails without an exception", async () => {
  await listen(() => {});
  const to = { address: local, port, localAddress: parseAddress("192.0.2.1"), interface: undefined, ...plain };
  const told = await new Promise<unknown[]>((resolve) => {
    transport.dial(to, { connected: () => resolve(["connected"]), failed: (...words) => resolve(words) });
  });
  expect(told).toEqual(["address not available", "local address"]);
});

test("a call that is cancelled says nothing", async () => {
  await listen(() => {});
  const heard: string[] = [];
  const to = { address: local, port, localAddress: undefined, interface: undefined, ...plain };
  const events = { connected: () => void heard.push("connected"), failed: () => void heard.push("failed") };
  transport.dial(to, events).cancel();
  await dial();
  expect(heard).toEqual([]);
});

test("a port that is taken is a reason, not an exception", async () => {
  await listen(() => {});
  const first = listener;
  const reason = await new Promise<string>((resolve) => {
    const events = { listening: () => resolve("listening"), accepted: () => {}, failed: resolve };
    listener = transport.listen({ family: "ipv4", address: local, port }, events);
  });
  first?.close();
  expect(reason).toBe("address already in use");
});

test("with a password both ends must have it; a key can be set on a listener that is there, and taken away", async () => {
  const arrivals: End[] = [];
  let arrived = (): void => {};
  await listen((connection) => {
    open.push(connection);
    arrivals.push(new End(connection));
    arrived();
  });
  listener?.setPassword(local, "secret");
  const signed = new Promise<void>((resolve) => (arrived = resolve));
  const near = new End(await dial({ password: "secret" }));
  await signed;
  await near.send(Uint8Array.of(1));
  const [far] = arrivals;
  await far?.until(() => far.octets.length === 1);
  listener?.setPassword(local, undefined);
  await dial();
});

test("a key can change during a connection", async () => {
  let far: End | undefined;
  let arrived = (): void => {};
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  await listen((connection) => {
    open.push(connection);
    far = new End(connection, { ...plain, password: "first" });
    arrived();
  });
  listener?.setPassword(local, "first");
  const near = new End(await dial({ password: "first" }));
  await arrival;
  if (far === undefined) throw new Error("nobody came");
  const { connection } = far;
  near.connection.change({ ...plain, password: "second" });
  near.connection.send(Uint8Array.of(1), 0, 1, () => {});
  connection.change({ ...plain, password: "second" });
  await far.until(() => far?.octets.length === 1);
});

test("a key that is too long is a reason, not an exception", async () => {
  await listen(() => {});
  expect(listener?.setPassword(local, "x".repeat(81))).toEqual(expect.any(String));
});

test("TTL security: what comes from one hop away passes, what sends a lower TTL does not (RFC 5082 §3)", async () => {
  const { near, far } = await joined({ ttl: 255, minimumTtl: 255 });
  await near.send(Uint8Array.of(1));
  await far.until(() => far.octets.length === 1);
  near.connection.change({ ...plain, ttl: 254 });
  near.connection.send(Uint8Array.of(2), 0, 1, () => {});
  near.connection.change({ ...plain, ttl: 255 });
  await far.until(() => far.octets.length === 2); // the kernel dropped the first try and sent it again
  expect(far.octets).toEqual([1, 2]);
});

test("one connection with much to read does not keep another one waiting", async () => {
  const { near, far } = await joined();
  await far.send(pattern(1));
  await near.until(() => near.octets.length === 1);
  let turns = 0;
  let running = true;
  const turn = (): void => {
    turns++;
    if (running) setImmediate(turn);
  };
  turn();
  const octets = pattern(8_000_000);
  far.connection.send(octets, 0, octets.length, () => {});
  let read = 0;
  near.connection.open(plain, {
    received: (_bytes, start, end) => {
      read += end - start;
    },
    closed: () => {},
  });
  while (read < octets.length) await new Promise<void>((resolve) => setImmediate(resolve));
  running = false;
  expect(turns).toBeGreaterThan(8);
});
