import { expect, test } from "vitest";
import type { Announcer, BlockOwner } from "#config/node-config.ts";
import { parsePrefix } from "#route/prefix.ts";
import { address, attributes, Bench, type TestNeighbour } from "./support/bench.ts";

const at = (node: number) => address(`192.0.${2 + (node >> 8)}.${node & 255}`);

const owner = (node: number, blocks: readonly string[], rest: Partial<BlockOwner> = {}): [string, BlockOwner] => [
  `n${node}`,
  {
    node: `n${node}`,
    blocks: blocks.map((block) => parsePrefix(block)!),
    externalAs: undefined,
    routerId: at(node).words[0]!,
    addresses: { ipv4: at(node) },
    ...rest,
  },
];
const owners = (...list: (readonly [string, BlockOwner])[]) => new Map(list);
const two = owner(2, ["10.244.2.0/24", "fd00:2::/64"]);
const three = owner(3, ["10.244.3.0/24", "fd00:3::/64"]);

/** Node 2 as an internal neighbour that is checked. */
function begin(announcer: Announcer | undefined = { node: "n2", reflects: false }) {
  const said: string[] = [];
  const bench = new Bench({
    events: {
      endOfRib: () => {},
      prefixLimit: () => {},
      tableFull: () => {},
      foreignOrigin: (name, { length }, { node }) => said.push(`${name} /${length} of ${node}`),
    },
  });
  const neighbour = bench.neighbour("192.0.2.2", "internal", { config: { announcer } });
  const installed = (): string[] => {
    bench.settle();
    return [...bench.forwarding.routes.keys()].sort();
  };
  return { bench, neighbour, installed, said };
}

const tell = (neighbour: TestNeighbour, prefixes: string[], nextHop = "192.0.2.2", rest = {}): void =>
  neighbour.announce(prefixes, attributes([], nextHop, rest));

test("a node's own blocks, and what is no pod address, are taken from it; another node's are not", () => {
  const { bench, neighbour, installed, said } = begin();
  bench.rib.setOwners(owners(two, three));
  tell(neighbour, [
    "10.244.2.0/24",
    "10.244.2.7/32",
    "10.244.3.0/24",
    "10.244.3.7/32",
    "10.9.0.0/16",
    "240.0.0.0/8",
    "fd00:3::/64",
  ]);
  expect(installed()).toEqual(["10.244.2.0/24", "10.244.2.7/32", "10.9.0.0/16", "240.0.0.0/8"]);
  expect(said).toEqual(["192.0.2.2 /24 of n3", "192.0.2.2 /32 of n3", "192.0.2.2 /64 of n3"]);
  expect(bench.rib.sides.ipv4.origins.foreign()).toHaveLength(2);
  neighbour.withdraw("10.244.3.0/24");
  bench.settle();
  expect(bench.rib.sides.ipv4.origins.foreign()).toHaveLength(1);
});

test("a block around those of several nodes is no claim to any of them", () => {
  const { bench, neighbour, installed } = begin();
  bench.rib.setOwners(owners(two, three));
  tell(neighbour, ["10.244.0.0/16"]);
  expect(installed()).toEqual(["10.244.0.0/16"]);
});

test("a route whose next hop is the owner leads to it, whoever tells it", () => {
  const { bench, neighbour, installed } = begin();
  bench.rib.setOwners(owners(two, three));
  tell(neighbour, ["10.244.3.0/24"], "192.0.2.3");
  expect(installed()).toEqual(["10.244.3.0/24"]);
});

test("ORIGINATOR_ID counts where the neighbour reflects, and only there", () => {
  const originatorId = address("192.0.2.3").words[0];
  for (const reflects of [true, false]) {
    const { bench, neighbour, installed } = begin({ node: "n2", reflects });
    bench.rib.setOwners(owners(two, three));
    tell(neighbour, ["10.244.3.0/24"], "192.0.2.9", { originatorId });
    expect(installed()).toEqual(reflects ? ["10.244.3.0/24"] : []);
  }
});

test("blocks of a node in another AS come from anywhere, if that AS is where the path begins", () => {
  const { bench, neighbour, installed } = begin();
  bench.rib.setOwners(owners(two, owner(3, ["10.244.3.0/24", "10.244.4.0/24"], { externalAs: 65003 })));
  neighbour.announce("10.244.3.0/24", attributes([65002, 65003], "192.0.2.2"));
  neighbour.announce("10.244.4.0/24", attributes([65003, 65002], "192.0.2.2"));
  expect(installed()).toEqual(["10.244.3.0/24"]);
});

test("when a block changes hands its routes are judged again, without a word from the neighbour", () => {
  const { bench, neighbour, installed } = begin();
  tell(neighbour, ["10.244.3.0/24", "10.244.3.7/32", "10.244.2.0/24"]);
  expect(installed()).toHaveLength(3);
  bench.rib.setOwners(owners(two, three));
  expect(installed()).toEqual(["10.244.2.0/24"]);
  bench.rib.setOwners(owners(two, owner(4, ["10.244.3.0/24"])));
  expect(installed()).toEqual(["10.244.2.0/24"]);
  bench.rib.setOwners(owners(owner(2, ["10.244.2.0/24", "10.244.3.0/24"])));
  expect(installed()).toHaveLength(3);
  bench.rib.setOwners(owners(two, three));
  expect(installed()).toEqual(["10.244.2.0/24"]);
  bench.rib.setOwners(owners());
  expect(installed()).toHaveLength(3);
  expect(bench.rib.sides.ipv4.origins.foreign()).toEqual([]);
});

test("neighbours that are no nodes are not checked, and become so when they are", () => {
  const { bench, neighbour, installed } = begin();
  bench.rib.setOwners(owners(two, three));
  tell(neighbour, ["10.244.3.0/24"]);
  neighbour.configure({ announcer: undefined });
  expect(installed()).toEqual(["10.244.3.0/24"]);
  neighbour.configure({ announcer: { node: "n2", reflects: false } });
  expect(installed()).toEqual([]);
  const tor = bench.neighbour("192.0.2.9", "external");
  tor.announce("10.244.3.0/24", attributes([65001], "192.0.2.9"));
  expect(installed()).toEqual(["10.244.3.0/24"]);
});

test("one change among thousands of owners looks only at what changed", () => {
  const { bench, neighbour, installed } = begin();
  const many = Array.from({ length: 2000 }, (_, node) =>
    owner(node + 10, [`10.${(node >> 8) + 1}.${node & 255}.0/24`]),
  );
  bench.rib.setOwners(owners(two, ...many));
  tell(neighbour, ["10.244.2.0/24", "10.1.7.0/24"]);
  expect(installed()).toEqual(["10.244.2.0/24"]);
  bench.rib.setOwners(owners(two, ...many.filter(([name]) => name !== "n17")));
  expect(installed()).toEqual(["10.1.7.0/24", "10.244.2.0/24"]);
});

test("owners that change with pauses leave no block without one on its way from hand to hand", () => {
  const { bench, neighbour, installed } = begin();
  bench.rib.setOwners(owners(two, three));
  tell(neighbour, ["10.244.2.0/24", "10.244.3.0/24", "10.244.4.0/24"]);
  const steps = bench.rib.setOwnersSteps(owners(two, owner(3, ["10.244.5.0/24"]), owner(4, ["10.244.3.0/24"])));
  let pauses = 0;
  for (; !steps.next().done; pauses++) expect(installed()).toEqual(["10.244.2.0/24", "10.244.4.0/24"]);
  expect(pauses).toBeGreaterThan(3);
  bench.rib.setOwners(owners(two));
  expect(installed()).toEqual(["10.244.2.0/24", "10.244.3.0/24", "10.244.4.0/24"]);
});
