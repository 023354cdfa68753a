import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removal, ruleset, sameTable, table } from "#cni/masquerade.ts";
import { parsePrefix } from "#route/prefix.ts";
import { Namespaces, needsRoot } from "./namespaces.ts";

const namespaces = new Namespaces("lmasq");
const prefixes = (...texts: string[]) => texts.flatMap((text) => parsePrefix(text) ?? []);

/** The server's first address of each family is outside of the cluster, its second one is another node's. */
const config = {
  podCidrs: prefixes("10.244.1.0/24", "fd00:1::/64"),
  exclude: prefixes("10.244.0.0/16", "198.51.100.7/32", "fd00:7::7/128"),
};

const nftModule = join(import.meta.dirname, "../../src/cni/io/nft.ts");

/** Runs the real `io/nft.ts` inside of the node's namespace; `input` stands in `commands`. */
function nft(call: string, input = ""): string {
  const script = `import { readFileSync } from "node:fs";
import { nft } from ${JSON.stringify(nftModule)};
const commands = readFileSync(0, "utf8");
process.stdout.write((await ${call}) ?? "");`;
  return namespaces.run("node", [process.execPath, "--input-type=module", "-e", script], input);
}
const apply = (commands: string): string => nft("nft.run(commands)", commands);
const list = (): string => nft("nft.list()");

function link(from: string, to: string, fromAddresses: string[], toAddresses: string[]): void {
  const peer = ["peer", "name", from, "netns", namespaces.nameOf(to)];
  namespaces.run(from, ["ip", "link", "add", to, "type", "veth", ...peer]);
  for (const [name, device, addresses] of [
    [from, to, fromAddresses],
    [to, from, toAddresses],
  ] as const) {
    for (const address of addresses) namespaces.run(name, ["ip", "address", "add", address, "dev", device, "nodad"]);
    namespaces.run(name, ["ip", "link", "set", device, "up"]);
  }
}

beforeEach(() => {
  if (needsRoot.skip) return;
  for (const name of ["pod", "node", "srv"]) namespaces.add(name);
  link("pod", "node", ["10.244.1.2/24", "fd00:1::2/64"], ["10.244.1.1/24", "fd00:1::1/64"]);
  link(
    "node",
    "srv",
    ["192.0.2.1/24", "fd00:2::1/64"],
    ["192.0.2.2/24", "198.51.100.7/32", "fd00:2::2/64", "fd00:7::7/128"],
  );
  namespaces.run("node", ["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
  for (const [name, family, args] of [
    ["pod", "-4", ["default", "via", "10.244.1.1"]],
    ["pod", "-6", ["default", "via", "fd00:1::1"]],
    ["node", "-4", ["198.51.100.7", "via", "192.0.2.2"]],
    ["node", "-6", ["fd00:7::7", "via", "fd00:2::2"]],
    ["srv", "-4", ["10.244.1.0/24", "via", "192.0.2.1"]],
    ["srv", "-6", ["fd00:1::/64", "via", "fd00:2::1"]],
  ] as const) {
    namespaces.run(name, ["ip", family, "route", "add", ...args]);
  }
});
afterEach(() => namespaces.removeAll());

/** The source address that a server in `srv` sees of a connection from the pod. */
async function sourceSeen(destination: string): Promise<string> {
  const serve = `require("net").createServer((s) => s.end(s.remoteAddress.replace("::ffff:", ""))).listen(7000, "::", () => console.log("up"))`;
  const server = spawn("ip", ["netns", "exec", namespaces.nameOf("srv"), process.execPath, "-e", serve]);
  try {
    await once(server.stdout, "data");
    const ask = `require("net").connect(7000, ${JSON.stringify(destination)}).pipe(process.stdout)`;
    return namespaces.run("pod", [process.execPath, "-e", ask]);
  } finally {
    server.kill();
    await once(server, "exit");
  }
}

test(
  "the kernel shows the table as it was written, also the second time, and after its removal none",
  needsRoot,
  () => {
    expect(list()).toBe("");
    for (const _ of [1, 2]) {
      apply(ruleset(config));
      expect(sameTable(list(), table(config))).toBe(true);
    }
    namespaces.run("node", ["nft", "add", "element", "inet", "linnet", "inside4", "{ 203.0.113.0/24 }"]);
    expect(sameTable(list(), table(config))).toBe(false);
    for (const _ of [1, 2]) apply(removal);
    expect(list()).toBe("");
  },
);

test("thousands of blocks are taken", needsRoot, () => {
  const many = Array.from({ length: 10_000 }, (_, index) =>
    prefixes(`10.${100 + (index >> 8)}.${index & 255}.0/24`),
  ).flat();
  const large = { ...config, exclude: many };
  apply(ruleset(large));
  expect(sameTable(list(), table(large))).toBe(true);
});

test("only what leaves the cluster gets the node's address, in both families", needsRoot, async () => {
  expect(await sourceSeen("192.0.2.2")).toBe("10.244.1.2");
  apply(ruleset(config));
  expect(await sourceSeen("192.0.2.2")).toBe("192.0.2.1");
  expect(await sourceSeen("198.51.100.7")).toBe("10.244.1.2");
  expect(await sourceSeen("fd00:2::2")).toBe("fd00:2::1");
  expect(await sourceSeen("fd00:7::7")).toBe("fd00:1::2");
  apply(removal);
  expect(await sourceSeen("192.0.2.2")).toBe("10.244.1.2");
});

test("nft's own words are the error", needsRoot, () => {
  expect(() => apply("add rule inet nothing nothing accept")).toThrow(/nft failed: .*No such file or directory/);
});
