import fc from "fast-check";
import { expect, test } from "vitest";
import { advertisementOf, decodeRouterMessage, encodeRouterMessage, type RouterMessage } from "#discovery/message.ts";

const octets = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const u = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const hardwareAddress = fc.option(
  fc
    .uint8Array({ minLength: 6, maxLength: 6 })
    .map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":")),
  { nil: undefined },
);
const messages: fc.Arbitrary<RouterMessage> = fc.oneof(
  fc.record({ kind: fc.constant("solicitation" as const), hardwareAddress }),
  fc.record({
    kind: fc.constant("advertisement" as const),
    ...{ hopLimit: u(8), flags: u(8), lifetimeSeconds: u(16), reachableMs: u(32), retransmitMs: u(32) },
    hardwareAddress,
  }),
);

test("what is encoded is decoded again", () => {
  fc.assert(
    fc.property(messages, (message) => {
      expect(decodeRouterMessage(encodeRouterMessage(message))).toEqual(message);
    }),
  );
});

test("our advertisement is the 16 octets of RFC 4861 §4.2 without a lifetime, and the link-layer address behind them", () => {
  expect(encodeRouterMessage(advertisementOf("02:00:5e:10:00:01"))).toEqual(
    octets("86000000" + "00000000" + "00000000" + "00000000" + "010102005e100001"),
  );
  expect(encodeRouterMessage({ kind: "solicitation", hardwareAddress: undefined })).toEqual(octets("8500000000000000"));
});

/** RFC 4861 §4.2, §4.6.2, §4.6.4: a router of a host network: lifetime 1,800 s, MTU 1500, prefix 2001:db8::/64. */
const fromARouter =
  "8600abcd" +
  "40000708" +
  "00000000" +
  "00000000" +
  "01010200aabbccdd" +
  "05010000000005dc" +
  "030440c0000151800000384000000000" +
  "20010db8000000000000000000000000";

test("options that we do not use are stepped over", () => {
  expect(decodeRouterMessage(octets(fromARouter))).toEqual({
    kind: "advertisement",
    hopLimit: 64,
    flags: 0,
    lifetimeSeconds: 1800,
    reachableMs: 0,
    retransmitMs: 0,
    hardwareAddress: "02:00:aa:bb:cc:dd",
  });
});

test.each([
  ["nothing at all", ""],
  ["a solicitation of 7 octets (§6.1.1)", "85000000000000"],
  ["a solicitation with a code", "8501000000000000"],
  ["an advertisement of 15 octets (§6.1.2)", "860000000000000000000000000000"],
  ["an advertisement with a code", "86010000000000000000000000000000"],
  ["an option of length 0 (§4.6)", "86000000000000000000000000000000" + "0100000000000000"],
  ["an option longer than the message", "86000000000000000000000000000000" + "0102000000000000"],
  ["half an option's head", "86000000000000000000000000000000" + "01"],
  ["a redirect", "8900000000000000"],
])("%s is no message of a router", (_, hex) => {
  expect(decodeRouterMessage(octets(hex))).toBeUndefined();
});

test("any octets are a message or none, and never an exception; every message cut short is none, or has fewer options", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), fc.boolean(), (bytes, solicits, isRouters) => {
      if (isRouters) bytes.set([solicits ? 133 : 134, 0].slice(0, bytes.length));
      const message = decodeRouterMessage(bytes);
      if (message !== undefined) expect(decodeRouterMessage(encodeRouterMessage(message))).toEqual(message);
    }),
  );
  const whole = octets(fromARouter);
  const fits = Array.from(whole, (_, end) => end).filter((end) => decodeRouterMessage(whole.subarray(0, end)));
  expect(fits).toEqual([16, 24, 32]);
});
