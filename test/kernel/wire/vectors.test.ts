import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeAddress } from "#kernel/wire/address.ts";
import { decodeLink } from "#kernel/wire/link.ts";
import { eachMessage, type MessageHeader, type Received, received } from "#kernel/wire/message.ts";
import { decodeNextHop } from "#kernel/wire/nexthop.ts";
import { decodeRoute, emptyRoute, hopSetOf, sourceOf } from "#kernel/wire/route.ts";
import { type Address, formatAddress, formatWords } from "#route/address.ts";
import type { HopSet } from "#route/hop-set.ts";
import { formatPrefix } from "#route/prefix.ts";

// What a real kernel says of what iproute2 made; the commands stand in the file.
const file = new URL("../../vectors/rtnetlink/kernel.json", import.meta.url);
const captured = JSON.parse(readFileSync(file, "utf8")) as { setUp: string[]; dumps: Record<string, string> };

function decoded<T>(name: string, decode: (data: Received, header: MessageHeader) => T | undefined): T[] {
  const data = received(new Uint8Array(Buffer.from(captured.dumps[name]!, "hex")).buffer);
  const all: T[] = [];
  eachMessage(data, (header) => {
    const one = header.type >= 16 ? decode(data, header) : undefined;
    if (one !== undefined) all.push(one);
  });
  return all;
}

const links = new Map(decoded("links", decodeLink).map((link) => [link.index, link.name]));
const gateway = (address: Address | undefined): string =>
  address === undefined ? "" : `via ${formatAddress(address)} `;
const setText = (set: HopSet | undefined): string =>
  set?.kind === "unicast"
    ? set.hops
        .map((hop) => `${gateway(hop.gateway)}${links.get(hop.link)}*${hop.weight}${hop.onlink ? " onlink" : ""}`)
        .join(", ")
    : `${set?.kind}`;

function routes(name: string): string[] {
  const facts = emptyRoute();
  return decoded(name, (data, header) => {
    if (!decodeRoute(data, header, facts)) return undefined;
    const { family, w0, w1, w2, w3, length, table, protocol, metric, object } = facts;
    const source = sourceOf(data, facts);
    const from = source === undefined ? "" : ` src ${formatAddress(source)}`;
    const to = object === 0 ? setText(hopSetOf(data, facts)) : `object ${object}`;
    return `${formatWords(family, w0, w1, w2, w3)}/${length} table ${table} proto ${protocol} metric ${metric}${from}: ${to}`;
  });
}

test("links", () => {
  const seen = decoded("links", decodeLink).map((link) => {
    return `${link.name} ${link.kind} ${link.mtu} ${link.usable} ${link.hardwareAddress}`;
  });
  expect(seen).toEqual([
    "lo  65536 true 00:00:00:00:00:00",
    "a1 veth 1500 true 02:00:00:00:00:0b",
    "a0 veth 1500 true 02:00:00:00:00:0a",
    "b1 veth 1500 true 02:00:00:00:00:0d",
    "b0 veth 1500 true 02:00:00:00:00:0c",
  ]);
});

test("addresses, and the peer's block on point-to-point links", () => {
  const text = (name: string): string[] =>
    decoded(name, decodeAddress).map((own) => {
      return `${links.get(own.link)} ${formatAddress(own.address)} ${formatPrefix(own.prefix)} ${own.scope}`;
    });
  expect(text("ipv4 addresses")).toEqual([
    "lo 127.0.0.1 127.0.0.0/8 254",
    "a0 10.0.1.1 10.0.1.0/24 0",
    "b0 10.0.2.1 10.0.2.2/32 0",
  ]);
  expect(text("ipv6 addresses")).toEqual(
    expect.arrayContaining(["a0 fd00:1::1 fd00:1::/64 0", "b0 fd00:2::1 fd00:2::/64 0"]),
  );
});

test("nexthop objects", () => {
  const seen = decoded("nexthop objects", decodeNextHop).map(({ id, protocol, content }) => {
    if (content.kind === "hop") return `${id} ${protocol} ${setText({ kind: "unicast", hops: [content.hop] })}`;
    if (content.kind === "other") return `${id} ${protocol} other`;
    return `${id} ${protocol} ${content.members.map((member) => `${member.id}*${member.weight}`)}`;
  });
  expect(seen).toEqual([
    "11 186 via 10.0.1.2 a0*1",
    "12 186 via fd00:2::2 b0*1 onlink",
    "13 186 11*2,12*5",
    "14 4 other",
  ]);
});

test("IPv4 routes of every shape that we write", () => {
  expect(routes("ipv4 routes")).toEqual([
    "10.0.1.0/24 table 254 proto 2 metric 0 src 10.0.1.1: a0*1",
    "10.0.2.2/32 table 254 proto 2 metric 0 src 10.0.2.1: b0*1",
    "20.0.0.0/24 table 254 proto 186 metric 32 src 10.0.1.1: via 10.0.1.2 a0*1",
    "20.0.1.0/24 table 254 proto 186 metric 32: via fd00:1::2 a0*1",
    "20.0.2.0/24 table 254 proto 186 metric 32: via 10.0.1.2 a0*2, via 10.0.2.2 b0*3",
    "20.0.3.0/24 table 254 proto 186 metric 32: via 192.0.2.1 a0*1 onlink",
    "20.0.4.0/24 table 254 proto 186 metric 1000000: blackhole",
    "20.0.6.0/24 table 254 proto 186 metric 32: object 13",
  ]);
  expect(routes("ipv4 routes of table 1000")).toEqual(["20.0.5.0/24 table 1000 proto 4 metric 0: b0*1"]);
});

test("IPv6 routes of every shape that we write", () => {
  expect(routes("ipv6 routes").filter((route) => route.startsWith("2001:"))).toEqual([
    "2001:db8::/48 table 254 proto 186 metric 32 src fd00:1::1: via fd00:1::2 a0*1",
    "2001:db8:1::/48 table 254 proto 186 metric 32: via fd00:1::2 a0*1, via fe80::2 b0*4",
    "2001:db8:2::/48 table 254 proto 186 metric 1000000: blackhole",
    "2001:db8:3::/48 table 254 proto 186 metric 32: object 12",
  ]);
});
