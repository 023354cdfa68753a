import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, test } from "vitest";
import { advertisementOf, encodeRouterMessage } from "#discovery/message.ts";
import type { Order } from "./router-agent.ts";

/** The raw socket in real network namespaces: `a` and `b` have an end each of a cable, `fe80::a` and `fe80::b` on `eth0`. */
const root = process.getuid?.() === 0;
if (!root) process.stderr.write("router-socket.netns.test.ts: not root, so the real socket is NOT tested\n");

const AGENT = new URL("./router-agent.ts", import.meta.url).pathname;
const prefix = `linnet-rs-${process.pid}`;
const ends = ["a", "b"] as const;
type End = (typeof ends)[number];

const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8" });
const netns = (end: End): string => `${prefix}-${end}`;
let agents: Agent[] = [];

class Agent {
  readonly heard: string[] = [];
  readonly #process: ChildProcess;
  readonly #replies: ((reply: string) => void)[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor(end: End, wrapper: readonly string[] = []) {
    const argv = [
      "netns",
      "exec",
      netns(end),
      ...wrapper,
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      AGENT,
    ];
    this.#process = spawn("ip", argv, { stdio: ["pipe", "pipe", "inherit"] });
    agents.push(this);
    createInterface({ input: this.#process.stdout! }).on("line", (line) => {
      const { reply, heard } = JSON.parse(line) as { reply?: string; heard?: string };
      if (heard === undefined) this.#replies.shift()?.(reply ?? "");
      else {
        this.heard.push(heard);
        for (const wake of this.#waiting.splice(0)) wake();
      }
    });
  }

  tell(order: Order): Promise<string> {
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`);
    return new Promise((resolve) => this.#replies.push(resolve));
  }

  /** Resolves when so many messages were heard in all. */
  async hears(count: number): Promise<string[]> {
    while (this.heard.length < count) await new Promise<void>((wake) => this.#waiting.push(wake));
    return this.heard;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }
}

/** With different indices at the ends: the kernel takes up to a second to tell of the carrier where they are equal. */
function cable(): void {
  for (const end of ends) {
    ip("netns", "add", netns(end));
    // The kernel asks for routers itself where it is none.
    const off = ["accept_dad", "router_solicitations"].flatMap((what) => [
      `net.ipv6.conf.all.${what}=0`,
      `net.ipv6.conf.default.${what}=0`,
    ]);
    ip("netns", "exec", netns(end), "sysctl", "-qw", ...off);
  }
  const [a, b] = [netns("a"), netns("b")];
  ip("link", "add", "eth0", "index", "7", "netns", a, "type", "veth", "peer", "name", "eth0", "index", "8", "netns", b);
  for (const end of ends) ip("-n", netns(end), "link", "set", "eth0", "up");
  for (const end of ends) ip("-n", netns(end), "address", "add", `fe80::${end}/64`, "dev", "eth0");
}

afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.end()));
  agents = [];
  for (const end of ends) {
    try {
      ip("netns", "delete", netns(end));
    } catch {
      // this test made none
    }
  }
});

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex");
const advertisement = hex(encodeRouterMessage(advertisementOf("02:00:00:00:00:0a")));
const solicitation = hex(encodeRouterMessage({ kind: "solicitation", hardwareAddress: undefined }));
/** As it is heard: the kernel has filled the checksum in. */
const withoutChecksum = (line: string): string => line.replace(/(8[56]00)[0-9a-f]{4}/, "$10000");
const ECHO_REQUEST = "8000000000010001";

describe.runIf(root)("the socket for router advertisements", () => {
  test("hears advertisements and solicitations of its links that came with hop limit 255, and nothing else", async () => {
    cable();
    const [a, b] = [new Agent("a"), new Agent("b")];
    expect([await a.tell({ op: "open" }), await b.tell({ op: "open" })]).toEqual(["open", "open"]);
    expect([await b.tell({ op: "join", link: "eth0" }), await b.tell({ op: "join", link: "eth0" })]).toEqual([
      "joined",
      "joined",
    ]);
    const send = (to: string, octets: string, hops?: number) =>
      a.tell({ op: "send", link: "eth0", to, hex: octets, ...(hops !== undefined && { hops }) });
    await send("ff02::1", advertisement, 64);
    await send("fe80::b", advertisement, 254);
    await send("fe80::b", ECHO_REQUEST);
    await send("ff02::2", solicitation);
    await send("ff02::1", advertisement);
    await send("fe80::b", advertisement);
    expect((await b.hears(3)).map(withoutChecksum)).toEqual([
      `eth0 fe80::a ${solicitation}`,
      `eth0 fe80::a ${advertisement}`,
      `eth0 fe80::a ${advertisement}`,
    ]);
    expect(a.heard).toEqual([]);
  });

  test("CAP_NET_RAW is what it takes: CAP_NET_ADMIN is neither enough nor needed", async () => {
    cable();
    const [without, alone] = [
      new Agent("a", ["setpriv", "--bounding-set=-net_raw"]),
      new Agent("b", ["setpriv", "--bounding-set=-all,+net_raw"]),
    ];
    expect(await without.tell({ op: "open" })).toBe("the capability CAP_NET_RAW is missing");
    expect(await alone.tell({ op: "open" })).toBe("open");
    expect(await alone.tell({ op: "join", link: "eth0" })).toBe("joined");
    expect(await alone.tell({ op: "send", link: "eth0", to: "ff02::1", hex: advertisement })).toBe("sent");
  });
});
