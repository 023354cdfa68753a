import { expect, test } from "vitest";
import { encodeAttributes, noAttributes } from "#bgp/wire/attribute-codec.ts";
import { type ReadContext, ReadContexts } from "#bgp/wire/read-context.ts";
import { UpdateReader } from "#bgp/wire/update.ts";
import { parseAddress } from "#route/address.ts";
import { attribute, faultOf, hex, toHex, update } from "./support/octets.ts";
import { RecordingSink } from "./support/recording-sink.ts";

const external: ReadContext = {
  context: 1,
  families: ["ipv4", "ipv6"],
  external: true,
  localAs: 64512,
  remoteAs: 65001,
  fourOctetAs: true,
  extendedNextHop: false,
  routerId: 0x0a000001,
  clusterId: 0x0a000001,
  allowOwnAs: 0,
  checkFirstAs: true,
};
const internal: ReadContext = { ...external, external: false, remoteAs: 64512 };

const ORIGIN = "40010100";
const PATH = "4002060201 0000fde9";
const NEXT_HOP = "4003040a000002";
const SET = [ORIGIN, PATH, NEXT_HOP];
const HOP6 = `20010db8${"00".repeat(11)}01`;
const LINK_LOCAL = `fe80${"00".repeat(13)}02`;

const mpReach = (nlri: string, hop = HOP6, family = "000201"): Uint8Array =>
  attribute(0x80, 14, `${family} ${(hop.length / 2).toString(16).padStart(2, "0")} ${hop} 00 ${nlri}`);
const mpUnreach = (nlri: string, family = "000201"): Uint8Array => attribute(0x80, 15, `${family} ${nlri}`);
/** The octets that are stored for routes of MP_REACH_NLRI with `hop`. */
const reduced = (hop = HOP6, family = "000201"): string => toHex(mpReach("", hop, family));

interface Read {
  readonly outcome: string;
  readonly remarks: string;
  readonly log: readonly string[];
}

function read(message: Uint8Array, context: ReadContext = external, sink = new RecordingSink()): Read {
  const reader = new UpdateReader(context, sink);
  const outcome = reader.read(message, 0, message.length);
  expect(sink.held).toBe(0);
  return { outcome, remarks: reader.remarks(), log: sink.log };
}

/** The fault, and a proof that nothing went into the Adj-RIB-In before it. */
function reset(message: Uint8Array, context: ReadContext = external): string {
  const sink = new RecordingSink();
  const fault = faultOf(() => new UpdateReader(context, sink).read(message, 0, message.length));
  expect([sink.log, sink.held]).toEqual([[], 0]);
  return fault;
}

const plain = (...attributes: readonly string[]): string => attributes.join("").replaceAll(" ", "");

test("withdrawn routes come before reachable ones, whatever is said first", () => {
  const message = update({ withdrawn: "10 0a01", attributes: SET, nlri: "08 0a 18 0a0203" });
  const set = plain(...SET);
  expect(read(message)).toEqual({
    outcome: "ok",
    remarks: "",
    log: ["unreach 10.1.0.0/16", `reach 10.0.0.0/8 ${set}`, `reach 10.2.3.0/24 ${set}`],
  });
});

test("bits beyond a prefix's length are nothing", () => {
  const message = update({
    withdrawn: "00 01 ff 09 0aff 20 0a010203",
    attributes: [mpUnreach("00 21 20010db8ff 80 20010db8000000000000000000000001")],
  });
  expect(read(message, { ...external, families: ["ipv4", "ipv6"] }).log).toEqual([
    "unreach 0.0.0.0/0",
    "unreach 128.0.0.0/1",
    "unreach 10.128.0.0/9",
    "unreach 10.1.2.3/32",
    "unreach ::/0",
    "unreach 2001:db8:8000::/33",
    "unreach 2001:db8::1/128",
  ]);
});

test("IPv6 routes share a set without their prefixes (RFC 4760 §3)", () => {
  const sink = new RecordingSink();
  const first = update({ attributes: [mpReach("40 20010db800000001"), ORIGIN, PATH] });
  const second = update({ attributes: [mpReach("40 20010db800000002 30 20010db80003"), ORIGIN, PATH] });
  read(first, external, sink);
  const { log } = read(second, external, sink);
  const set = plain(reduced(), ORIGIN, PATH);
  expect(log).toEqual([
    `reach 2001:db8:0:1::/64 ${set}`,
    `reach 2001:db8:0:2::/64 ${set}`,
    `reach 2001:db8:3::/48 ${set}`,
  ]);
  expect(sink.added).toBe(1);
});

test("both families in one message: each with its own next hop", () => {
  const message = update({ attributes: [...SET, mpReach("20 20010db8"), mpUnreach("10 2001")], nlri: "08 0a" });
  expect(read(message).log).toEqual([
    "unreach 2001::/16",
    `reach 10.0.0.0/8 ${plain(...SET)}`,
    `reach 2001:db8::/32 ${plain(ORIGIN, PATH, reduced())}`,
  ]);
});

test("RFC 4760 §3: NEXT_HOP beside MP_REACH_NLRI is ignored, even a bad one", () => {
  const message = update({ attributes: [ORIGIN, PATH, "400303 0a0000", mpReach("20 20010db8")] });
  expect(read(message)).toMatchObject({
    outcome: "ok",
    log: [`reach 2001:db8::/32 ${plain(ORIGIN, PATH, reduced())}`],
  });
});

test("IPv4 routes may come in MP_REACH_NLRI (RFC 4760 §3), with an IPv6 next hop only where agreed (RFC 8950 §4)", () => {
  const classic = update({ attributes: [ORIGIN, PATH, mpReach("08 0a", "0a000002", "000101")] });
  const extended = update({ attributes: [ORIGIN, PATH, mpReach("08 0a", HOP6 + LINK_LOCAL, "000101")] });
  expect(read(classic).log).toEqual([`reach 10.0.0.0/8 ${plain(ORIGIN, PATH, reduced("0a000002", "000101"))}`]);
  expect(read(extended, { ...external, extendedNextHop: true }).log).toEqual([
    `reach 10.0.0.0/8 ${plain(ORIGIN, PATH, reduced(HOP6 + LINK_LOCAL, "000101"))}`,
  ]);
  expect(reset(extended)).toMatch(/^3\/9 800e/);
});

test("a known set is neither checked nor copied again", () => {
  const sink = new RecordingSink();
  const message = update({ attributes: SET, nlri: "08 0a" });
  read(message, external, sink);
  read(message, external, sink);
  expect([sink.added, sink.log.length]).toEqual([1, 2]);
  read(message, { ...external, context: 2 }, sink);
  expect(sink.added).toBe(2);
});

test("RFC 4724 §2: End-of-RIB of both families, and of those agreed on alone", () => {
  const ipv4 = update({});
  const ipv6 = update({ attributes: [mpUnreach("")] });
  expect(read(ipv4).log).toEqual(["end of rib ipv4"]);
  expect(read(ipv6).log).toEqual(["end of rib ipv6"]);
  expect(read(update({ attributes: [mpUnreach("", "000101")] })).log).toEqual(["end of rib ipv4"]);
  expect(read(update({ attributes: ["900f0003000201"] })).log).toEqual(["end of rib ipv6"]);
  expect(read(ipv4, { ...external, families: ["ipv6"] }).log).toEqual([]);
  expect(read(ipv6, { ...external, families: ["ipv4"] })).toMatchObject({ outcome: "discarded", log: [] });
});

test("what only looks like End-of-RIB is none", () => {
  expect(read(update({ attributes: [mpUnreach(""), ORIGIN] })).log).toEqual([]);
  expect(read(update({ withdrawn: "08 0a", attributes: [mpUnreach("")] })).log).toEqual(["unreach 10.0.0.0/8"]);
});

test("families that were not agreed on are ignored", () => {
  const ipv6Only: ReadContext = { ...external, families: ["ipv6"] };
  const ipv4Only: ReadContext = { ...external, families: ["ipv4"] };
  const message = update({ withdrawn: "08 0b", attributes: [...SET, mpReach("20 20010db8")], nlri: "08 0a" });
  expect(read(message, ipv6Only)).toEqual({
    outcome: "discarded",
    remarks: "of a family that was not agreed",
    log: [`reach 2001:db8::/32 ${plain(ORIGIN, PATH, reduced())}`],
  });
  expect(read(message, ipv4Only)).toEqual({
    outcome: "discarded",
    remarks: "MP_REACH_NLRI of a family that was not agreed",
    log: ["unreach 11.0.0.0/8", `reach 10.0.0.0/8 ${plain(...SET)}`],
  });
});

test.each([
  ["§3 (b): withdrawn routes longer than the message", "0001 0000"],
  ["§3 (b): attributes longer than the message", "0000 0001"],
  ["§3 (b): withdrawn routes that leave no room for the attributes' length", "0003 08 0a"],
])("RFC 7606 %s end the session", (_what, body) => {
  const octets = hex(`${"ff".repeat(16)} 0000 02 ${body}`);
  octets[17] = octets.length;
  expect(reset(octets)).toBe("3/1");
});

test("RFC 7606 §5.3: prefixes that cannot be read end the session", () => {
  expect(reset(update({ withdrawn: "21 0a00000001" }))).toBe("3/10");
  expect(reset(update({ withdrawn: "18 0a00" }))).toBe("3/10");
  expect(reset(update({ attributes: SET, nlri: "21 0a00000001" }))).toBe("3/10");
  expect(reset(update({ attributes: SET, nlri: "08 0a 18 0a00" }))).toBe("3/10");
  expect(reset(update({ attributes: [ORIGIN, PATH, mpReach("81")] }))).toMatch(/^3\/9 800e/);
  expect(reset(update({ attributes: [mpUnreach("40 20")] }))).toMatch(/^3\/9 800f/);
});

test("RFC 7606 §7.11, §7.12: multiprotocol attributes that cannot be read end the session", () => {
  expect(reset(update({ attributes: ["800e04 00020110"] }))).toBe("3/9 800e0400020110");
  expect(reset(update({ attributes: [mpReach("", "20010db8")] }))).toMatch(/^3\/9/);
  expect(reset(update({ attributes: [`800e05 000201 10 00`] }))).toBe("3/9 800e050002011000");
  expect(reset(update({ attributes: ["800f02 0002"] }))).toBe("3/9 800f020002");
});

test("RFC 7606 §3 (g): a second multiprotocol attribute ends the session", () => {
  expect(reset(update({ attributes: [mpUnreach("10 2001"), mpUnreach("10 2002")] }))).toBe("3/1");
  expect(reset(update({ attributes: [ORIGIN, PATH, mpReach("10 2001"), mpReach("10 2002")] }))).toBe("3/1");
});

test("RFC 7606 §3 (d): without a mandatory attribute the routes are taken as withdrawn", () => {
  const lacking = (...attributes: (string | Uint8Array)[]): Read => read(update({ attributes, nlri: "08 0a" }));
  expect(lacking(PATH, NEXT_HOP)).toEqual({
    outcome: "withdrawn",
    remarks: "ORIGIN missing",
    log: ["unreach 10.0.0.0/8"],
  });
  expect(lacking(ORIGIN, NEXT_HOP).remarks).toBe("AS_PATH missing");
  expect(lacking(ORIGIN, PATH).remarks).toBe("NEXT_HOP missing");
  expect(lacking().log).toEqual(["unreach 10.0.0.0/8"]);
});

test("LOCAL_PREF missing from an internal neighbour is 100", () => {
  const sink = new RecordingSink();
  read(update({ attributes: SET, nlri: "08 0a" }), internal, sink);
  expect(sink.facts.get(plain(...SET))).toMatchObject({ localPref: 100, flags: 0 });
});

test("RFC 7606 §2: treated as withdrawn are all routes of the message, of both families", () => {
  const message = update({
    withdrawn: "08 0b",
    attributes: ["40010109", PATH, NEXT_HOP, mpReach("20 20010db8")],
    nlri: "08 0a",
  });
  expect(read(message)).toEqual({
    outcome: "withdrawn",
    remarks: "ORIGIN invalid value",
    log: ["unreach 11.0.0.0/8", "unreach 10.0.0.0/8", "unreach 2001:db8::/32"],
  });
});

test("a bad next hop of one family costs the other one's routes too", () => {
  const message = update({ attributes: [...SET, mpReach("20 20010db8", "00".repeat(16))], nlri: "08 0a" });
  expect(read(message)).toMatchObject({ outcome: "withdrawn", log: ["unreach 10.0.0.0/8", "unreach 2001:db8::/32"] });
});

test("RFC 7606 §4: the routes are found although the attributes end too early", () => {
  const message = update({ attributes: [...SET, "c008ff fde9"], nlri: "08 0a" });
  expect(read(message)).toEqual({
    outcome: "withdrawn",
    remarks: "attribute list ends inside an attribute",
    log: ["unreach 10.0.0.0/8"],
  });
});

test("RFC 7606 §5.2: a fault without routes to withdraw ends the session", () => {
  expect(reset(update({ attributes: ["40010109", PATH, NEXT_HOP] }))).toBe("3/6 40010109");
  expect(reset(update({ attributes: ["40"] }))).toBe("3/1");
  expect(reset(update({ attributes: ["c001 0100", mpUnreach("10 2001")] }))).toBe("3/4 c0010100");
  expect(reset(update({ attributes: ["900e00"] }))).toBe("3/1");
  expect(reset(update({ withdrawn: "08 0a", attributes: ["40030100"] }))).toBe("3/5 40030100");
});

test("RFC 7606 §5.2: but not one that costs an attribute alone", () => {
  expect(read(update({ attributes: ["40060100"] }))).toMatchObject({ outcome: "discarded", log: [] });
});

test("RFC 7606 §5.3: multiprotocol attributes with wrong flags end the session", () => {
  const reach = mpReach("20 20010db8");
  reach[0] = 0xc0;
  expect(reset(update({ attributes: [ORIGIN, PATH, reach] }))).toBe(`3/9 ${toHex(reach)}`);
  const unreach = mpUnreach("20 20010db8");
  unreach[0] = 0x40;
  expect(reset(update({ attributes: [unreach] }))).toBe(`3/9 ${toHex(unreach)}`);
});

test("RFC 4271 §6.3: an unknown well-known attribute ends the session and is sent back", () => {
  expect(reset(update({ attributes: [...SET, "406302 abcd"], nlri: "08 0a" }))).toBe("3/2 406302abcd");
});

test("discarded attributes are mentioned, and the set is stored without them", () => {
  const message = update({ attributes: [ORIGIN, PATH, NEXT_HOP, "400504 00000064", "c00700"], nlri: "08 0a" });
  const sink = new RecordingSink();
  expect(read(message, external, sink)).toEqual({
    outcome: "discarded",
    remarks: "LOCAL_PREF from an external neighbour, AGGREGATOR wrong length",
    log: [`reach 10.0.0.0/8 ${plain(...SET)}`],
  });
  read(message, external, sink);
  expect(sink.added).toBe(1);
});

test("octets of an old speaker are never mistaken for a stored set", () => {
  const sink = new RecordingSink();
  const old: ReadContext = { ...external, fourOctetAs: false };
  const wide = [ORIGIN, attribute(0x40, 2, "0202 fde9 0001"), NEXT_HOP];
  read(update({ attributes: wide, nlri: "08 0a" }), old, sink);
  // The stored form of that set, sent as if it were 2-octet numbers: AS 0, malformed.
  const stored = sink.log[0]!.split(" ")[2]!;
  expect(read(update({ attributes: [stored], nlri: "08 0a" }), old, sink).outcome).toBe("withdrawn");
});

test("the empty prefix of the longest set at the very end of the buffer is read", () => {
  const message = update({ attributes: [mpUnreach("00"), ORIGIN], nlri: "" });
  const exact = new Uint8Array(message);
  expect(read(exact).log).toEqual(["unreach ::/0"]);
  expect(read(update({ withdrawn: "", attributes: SET, nlri: "01 80" })).log[0]).toMatch(/^reach 128.0.0.0\/1 /);
});

test("a message in the middle of a buffer is read as if it were alone", () => {
  const message = update({ attributes: SET, nlri: "08 0a" });
  const buffer = new Uint8Array(message.length + 100).fill(0xee);
  buffer.set(message, 50);
  const sink = new RecordingSink();
  new UpdateReader(external, sink).read(buffer, 50, 50 + message.length);
  expect(sink.log).toEqual(read(message).log);
});

test("sets that Linnet made are sets that it can read", () => {
  const octets = encodeAttributes({
    ...noAttributes,
    asPath: [{ kind: "sequence", members: [65001] }],
    nextHop: parseAddress("10.0.0.2"),
  });
  expect(read(update({ attributes: [octets], nlri: "08 0a" })).outcome).toBe("ok");
});

test("contexts have a number each, equal ones the same", () => {
  const contexts = new ReadContexts();
  const first = contexts.number(external);
  expect(first).toBeGreaterThan(0);
  expect(contexts.number({ ...external, allowOwnAs: 1 })).not.toBe(first);
  expect(contexts.number({ ...external, remoteAs: 65002 })).not.toBe(first);
  expect(contexts.number({ ...external, fourOctetAs: false })).not.toBe(first);
  expect(contexts.number({ ...internal, remoteAs: 1 })).toBe(contexts.number({ ...internal, remoteAs: 2 }));
  expect(contexts.number(external)).toBe(first);
});
