import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { eachMessage, received } from "#kernel/wire/message.ts";
import { decodeReply, type Reply } from "#kernel/wire/reply.ts";

// What a real kernel answered to three routes; tools/capture-rtnetlink.ts says which.
const file = new URL("../../vectors/rtnetlink/kernel.json", import.meta.url);
const { replies } = JSON.parse(readFileSync(file, "utf8")) as {
  replies: { "invalid gateway": string; "there already": string; acknowledged: string };
};

function decode(hex: string): (Reply & { readonly sequence: number }) | undefined {
  const data = received(new Uint8Array(Buffer.from(hex, "hex")).buffer);
  let seen: (Reply & { readonly sequence: number }) | undefined;
  eachMessage(data, (header) => {
    seen = { sequence: header.sequence, ...decodeReply(data, header, true) };
  });
  return seen;
}

test("a refusal carries errno and the kernel's text, if it has one", () => {
  const text = "Nexthop has invalid gateway";
  expect(decode(replies["invalid gateway"])).toEqual({ sequence: 7, errno: 101, text });
  expect(decode(replies["there already"])).toEqual({ sequence: 8, errno: 17, text: "" });
});

test("an acknowledgement is errno 0", () => {
  expect(decode(replies.acknowledged)).toEqual({ sequence: 9, errno: 0, text: "" });
});

test("a reply that repeats the request has its text behind it", () => {
  const capped = Buffer.from(replies["invalid gateway"], "hex");
  const request = Buffer.alloc(8, 0xee); // the rest of a request of 24 octets
  const whole = Buffer.concat([capped.subarray(0, 36), request, capped.subarray(36)]);
  whole.writeUInt32LE(whole.length, 0);
  whole.writeUInt16LE(whole.readUInt16LE(6) & ~0x100, 6); // not NLM_F_CAPPED
  whole.writeUInt32LE(24, 20);
  expect(decode(whole.toString("hex"))).toMatchObject({ errno: 101, text: "Nexthop has invalid gateway" });
});

test("an error too short for its errno says nothing", () => {
  expect(decode("10000000020000000700000001000000")).toEqual({ sequence: 7, errno: 0, text: "" });
});
