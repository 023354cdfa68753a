import type { MasqueradeConfig } from "#config/node-config.ts";
import { bitsOf, type Family, families } from "#route/family.ts";
import { contains, formatPrefix, type Prefix, parsePrefix } from "#route/prefix.ts";

/** The only nftables table that is ours. */
export const TABLE = "inet linnet";

/** Destinations that mean the link or a group: never masqueraded. */
const NOT_UNICAST = ["224.0.0.0/4", "255.255.255.255/32", "fe80::/10", "ff00::/8"].flatMap(
  (text) => parsePrefix(text) ?? [],
);

const KEYWORDS = {
  ipv4: { protocol: "ip", type: "ipv4_addr", suffix: "4" },
  ipv6: { protocol: "ip6", type: "ipv6_addr", suffix: "6" },
} as const;

/** Input of `nft -f -`: makes the table what it should be, in one transaction, whatever it was before. */
export function ruleset(config: MasqueradeConfig): string {
  return `add table ${TABLE}\ndelete table ${TABLE}\n${table(config)}`;
}

/** Input of `nft -f -` that takes the table away; harmless where there is none. */
export const removal = `add table ${TABLE}\ndelete table ${TABLE}\n`;

/**
 * The table as `nft list table` shows it, spaces aside: what comes from the node's pods and goes neither to a pod, nor to a
 * node, nor to an excluded block gets the address of the node.
 */
export function table(config: MasqueradeConfig): string {
  const served = families.filter((family) => config.podCidrs.some((prefix) => prefix.family === family));
  const inside = [...NOT_UNICAST, ...config.exclude, ...config.podCidrs];
  const sets = served.flatMap((family) => [
    set(`pods${KEYWORDS[family].suffix}`, family, config.podCidrs),
    set(`inside${KEYWORDS[family].suffix}`, family, inside),
  ]);
  const rules = served.map((family) => {
    const { protocol, suffix } = KEYWORDS[family];
    return `\t\t${protocol} saddr @pods${suffix} ${protocol} daddr != @inside${suffix} masquerade fully-random\n`;
  });
  const hook = "\t\ttype nat hook postrouting priority srcnat; policy accept;\n";
  return `table ${TABLE} {\n${sets.join("")}\tchain postrouting {\n${hook}${rules.join("")}\t}\n}\n`;
}

function set(name: string, family: Family, prefixes: readonly Prefix[]): string {
  const elements = disjoint(prefixes.filter((prefix) => prefix.family === family)).map(element);
  const { type } = KEYWORDS[family];
  return `\tset ${name} {\n\t\ttype ${type}\n\t\tflags interval\n\t\telements = { ${elements.join(", ")} }\n\t}\n`;
}

/** nft shows a block of one address without its length. */
function element(prefix: Prefix): string {
  const text = formatPrefix(prefix);
  return prefix.length === bitsOf(prefix.family) ? text.slice(0, text.indexOf("/")) : text;
}

/** Sorted, without the blocks that lie in others: sets of intervals take no overlaps. */
export function disjoint(prefixes: readonly Prefix[]): Prefix[] {
  const kept: Prefix[] = [];
  for (const prefix of [...prefixes].sort(compare)) {
    const last = kept.at(-1);
    if (last === undefined || !contains(last, prefix)) kept.push(prefix);
  }
  return kept;
}

/** By address, greater blocks first: what a block contains follows it at once. */
function compare(a: Prefix, b: Prefix): number {
  for (const [index, word] of a.words.entries()) {
    const difference = word - (b.words[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Do two tables say the same? Spaces, line breaks and the order of elements aside. */
export function sameTable(a: string, b: string): boolean {
  return normal(a) === normal(b);
}

function normal(text: string): string {
  const words = text.replace(/\s+/g, " ").trim();
  return words.replace(
    /elements = \{ ([^}]*) \}/g,
    (_, list: string) => `elements = { ${list.split(", ").sort().join(", ")} }`,
  );
}
