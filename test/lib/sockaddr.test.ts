import { expect, test } from "vitest";
import { md5Signature, netlinkAddress, socketAddress, unixAddress } from "#lib/sockaddr.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

// Bytes as gcc lays the structures out on x86-64 (offsetof and a dump of memory).
test("an IPv4 socket address has port and address in network order", () => {
  expect(hex(socketAddress({ family: "ipv4", words: [0x0a000001] }, 179))).toBe("020000b30a0000010000000000000000");
});

test("an IPv6 socket address carries its scope", () => {
  const address = socketAddress({ family: "ipv6", words: [0xfe800000, 0, 0, 0xa] }, 179, 3);
  expect(hex(address)).toBe("0a0000b300000000fe80000000000000000000000000000a03000000");
});

test("a netlink address carries its groups", () => {
  expect(hex(netlinkAddress(0x41))).toBe("100000000000000041000000");
});

test("a unix address refuses a path that does not fit", () => {
  expect(hex(unixAddress(new TextEncoder().encode("/a")).subarray(0, 6))).toBe("01002f610000");
  expect(() => unixAddress(new Uint8Array(108))).toThrow(RangeError);
});

test("a TCP-MD5 key stands where the kernel looks for it", () => {
  const bytes = md5Signature({ family: "ipv4", words: [0x0a090002] }, new TextEncoder().encode("key"));
  expect(bytes.length).toBe(216);
  expect(hex(bytes.subarray(0, 8))).toBe("020000000a090002");
  expect(hex(bytes.subarray(128, 140))).toBe("0000030000000000" + "6b657900");
  expect(() => md5Signature({ family: "ipv4", words: [1] }, new Uint8Array(81))).toThrow("80 is the most");
});
