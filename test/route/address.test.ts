import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import {
  formatAddress,
  formatRouterId,
  fromOctets,
  isLinkLocal,
  parseAddress,
  sameAddress,
  toOctets,
} from "#route/address.ts";

const octets = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }));

test("octets and text lead back to the same address", () => {
  fc.assert(
    fc.property(octets, (given) => {
      const address = fromOctets(given);
      expect(toOctets(address)).toEqual(given);
      expect(parseAddress(formatAddress(address))).toEqual(address);
    }),
  );
});

test("IPv6 is written as the general library writes it, runs of zeros wherever they stand", () => {
  const group = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(0xffff));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const address = fromOctets(groups.flatMap((each) => [each >>> 8, each & 255]));
      expect(formatAddress(address)).toBe(new ipaddr.IPv6(groups).toRFC5952String());
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["::ffff:1.2.3.4", "::ffff:102:304"],
])("%s is written %s", (text, canonical) => {
  const address = parseAddress(text);
  expect(address && formatAddress(address)).toBe(canonical);
});

test.each([
  "1.2.3",
  "1.2.3.4.5",
  "256.0.0.1",
  "0x7f.0.0.1",
  "01.2.3.4",
  "1.2.3.1000",
  "1",
  "fe80::1%eth0",
  "::1::",
  "",
  " 1.2.3.4",
])("%s is no address", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test.each([
  ["fe80::1", true],
  ["febf::1", true],
  ["fec0::1", false],
  ["169.254.0.1", false],
])("%s is link-local: %s", (text, expected) => {
  const address = parseAddress(text);
  expect(address && isLinkLocal(address)).toBe(expected);
});

test("addresses of different families are never the same", () => {
  const zero4 = fromOctets(new Uint8Array(4));
  const zero6 = fromOctets(new Uint8Array(16));
  expect(sameAddress(zero4, zero6)).toBe(false);
  expect(sameAddress(zero6, fromOctets(new Uint8Array(16)))).toBe(true);
});

test("a router id is written as a dotted quad", () => {
  expect(formatRouterId(0xc0000201)).toBe("192.0.2.1");
});
