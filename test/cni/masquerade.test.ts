import fc from "fast-check";
import { expect, test } from "vitest";
import { disjoint, ruleset, sameTable, table } from "#cni/masquerade.ts";
import { contains, formatPrefix, overlaps, type Prefix, parsePrefix, prefixOf } from "#route/prefix.ts";

const prefixes = (...texts: string[]): Prefix[] => texts.flatMap((text) => parsePrefix(text) ?? []);

const config = {
  podCidrs: prefixes("10.244.1.0/24", "fd00:1::/64"),
  exclude: prefixes("10.244.1.0/24", "10.244.2.0/24", "172.16.0.1/32", "10.0.0.0/8", "fd00:1::/64", "fd01::1/128"),
};

test("pods' packets are masqueraded unless they go inside", () => {
  expect(table(config)).toBe(`table inet linnet {
	set pods4 {
		type ipv4_addr
		flags interval
		elements = { 10.244.1.0/24 }
	}
	set inside4 {
		type ipv4_addr
		flags interval
		elements = { 10.0.0.0/8, 172.16.0.1, 224.0.0.0/4, 255.255.255.255 }
	}
	set pods6 {
		type ipv6_addr
		flags interval
		elements = { fd00:1::/64 }
	}
	set inside6 {
		type ipv6_addr
		flags interval
		elements = { fd00:1::/64, fd01::1, fe80::/10, ff00::/8 }
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr @pods4 ip daddr != @inside4 masquerade fully-random
		ip6 saddr @pods6 ip6 daddr != @inside6 masquerade fully-random
	}
}
`);
});

test("the table is replaced in one transaction", () => {
  expect(ruleset(config).split("\n").slice(0, 2)).toEqual(["add table inet linnet", "delete table inet linnet"]);
});

test("tables are the same whatever the spaces and the order of elements, and no other", () => {
  const listed = table(config)
    .replaceAll("\t", "        ")
    .replace("10.0.0.0/8, 172.16.0.1, ", "172.16.0.1, 10.0.0.0/8,\n\t\t\t");
  expect(sameTable(listed, table(config))).toBe(true);
  expect(sameTable(listed.replace("172.16.0.1", "172.16.0.2"), table(config))).toBe(false);
  expect(sameTable(listed.replace("masquerade fully-random", "accept"), table(config))).toBe(false);
});

const block = fc
  .record({ bits: fc.nat(255), length: fc.integer({ min: 0, max: 9 }) })
  .map(({ bits, length }) => prefixOf({ family: "ipv4", words: [(bits << 24) >>> 0] }, length));

test("elements never overlap and cover the same addresses", () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 20 }), (blocks) => {
      const kept = disjoint(blocks);
      for (const [index, one] of kept.entries()) {
        for (const other of kept.slice(index + 1)) expect(overlaps(one, other)).toBe(false);
      }
      for (const one of blocks) expect(kept.some((other) => contains(other, one))).toBe(true);
      const given = new Set(blocks.map(formatPrefix));
      for (const one of kept) expect(given).toContain(formatPrefix(one));
    }),
  );
});
