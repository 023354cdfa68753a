import { expect, test } from "vitest";
import { encodeKeepalive } from "#bgp/wire/keepalive.ts";
import { decodeRouteRefresh, encodeRouteRefresh, type RefreshKind } from "#bgp/wire/route-refresh.ts";
import { families } from "#route/family.ts";
import { faultOf, hex, message, toHex } from "./support/octets.ts";

const decode = (octets: Uint8Array) => decodeRouteRefresh(octets, 0, octets.length);

test("every kind of every family comes back as it was sent", () => {
  for (const family of families) {
    for (const kind of ["request", "begin", "end"] satisfies RefreshKind[]) {
      expect(decode(encodeRouteRefresh({ kind, family }))).toEqual({ kind, family });
    }
  }
});

test("octets are those of RFC 2918 §3 and RFC 7313 §3.2", () => {
  expect(toHex(encodeRouteRefresh({ kind: "request", family: "ipv4" })).slice(32)).toBe("00170500010001");
  expect(toHex(encodeRouteRefresh({ kind: "end", family: "ipv6" })).slice(32)).toBe("00170500020201");
});

test("RFC 7313 §5: another length is answered with the whole message", () => {
  const long = message(5, hex("0001000100"));
  expect(faultOf(() => decode(long))).toBe(`7/1 ${toHex(long)}`);
  expect(faultOf(() => decode(message(5, hex("000100"))))).toMatch(/^7\/1 /);
});

test("RFC 7313 §5: an unknown subtype is ignored, and so is a family that Linnet does not route", () => {
  expect(decode(message(5, hex("00010301")))).toBeUndefined();
  expect(decode(message(5, hex("00190046")))).toBeUndefined();
});

test("a KEEPALIVE is a header and nothing else", () => {
  expect(toHex(encodeKeepalive())).toBe(`${"ff".repeat(16)}001304`);
});
