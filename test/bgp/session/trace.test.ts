import { expect, test } from "vitest";
import { describeMessages } from "#bgp/session/trace.ts";
import { hex } from "../wire/support/octets.ts";

const marker = "ff".repeat(16);
const keepalive = `${marker}001304`;
const endOfRib = `${marker}00170200000000`;
const oldUpdate = `${marker}002d 02 0000 0012 40010100 40020402 01fde9 400304c0000201 10 0a01`;

test("messages one after the other, with AS numbers of either length", () => {
  const octets = hex(`${keepalive}${endOfRib}${oldUpdate}`.replaceAll(" ", ""));
  expect(describeMessages(octets, false)).toEqual([
    "KEEPALIVE",
    "UPDATE End-of-RIB ipv4",
    expect.stringMatching(/^UPDATE announces 10\.1\.0\.0\/16 with origin IGP, path 65001, next hop 192\.0\.2\.1/),
  ]);
});

test("what cannot be read does not end the trace", () => {
  const wrongLengths = `${marker}001702ffff0000`;
  expect(describeMessages(hex(`${wrongLengths}${keepalive}`), true)).toEqual([
    expect.stringMatching(/^a message that cannot be read: /),
    "KEEPALIVE",
  ]);
});
