import { expect, test } from "vitest";
import { makeTable } from "../../bench/generator/table.ts";
import { encodeOne, encodeTable, plainAttributes } from "../../bench/generator/updates.ts";
import { digestOf } from "../../bench/speaker/expectation.ts";
import { Recorder } from "../../bench/speaker/recorder.ts";

const telling = { as: 65001, nextHop: "10.0.0.2", nextHop6: [0xfd00_0000, 0, 0, 2], variant: 0 } as const;
const stream = encodeTable(makeTable("ipv4", 500), telling);
const route = (path: number): Buffer => encodeOne("20.0.0.0", 24, plainAttributes(telling, [path]));
const keepalive = Buffer.from(`${"ff".repeat(16)}001304`, "hex");

test.each([1, 7, 19, 4096, stream.length])("cut into pieces of %i octets, a stream is what it is", (octets) => {
  const recorder = new Recorder(undefined);
  for (let at = 0; at < stream.length; at += octets) {
    recorder.arrived(stream.subarray(at, at + octets), at);
    if (at % 3 === 0) recorder.judge(at);
  }
  expect(recorder.judge(stream.length)).toMatchObject({ ...digestOf(stream), octets: stream.length });
});

test("the time of the last change is when its last octet came", () => {
  const recorder = new Recorder(undefined);
  const message = route(1);
  recorder.arrived(message.subarray(0, 30), 100);
  recorder.arrived(Buffer.concat([message.subarray(30), keepalive]), 200);
  recorder.arrived(route(1), 300); // says nothing new
  recorder.arrived(keepalive, 400);
  expect(recorder.judge(450)).toMatchObject({ firstMs: 200, changedMs: 200, messages: 2, prefixes: 1 });
  recorder.arrived(route(2), 500);
  expect(recorder.judge(500)).toMatchObject({ changedMs: 500 });
});

test("the longest silence may still go on, and is told once", () => {
  const recorder = new Recorder(undefined);
  for (const ms of [1000, 1100, 1500, 1600]) recorder.arrived(keepalive, ms);
  expect(recorder.judge(1700).longestSilenceMs).toBe(400);
  expect(recorder.judge(2600).longestSilenceMs).toBe(1000);
});

test("a NOTIFICATION is remembered", () => {
  const recorder = new Recorder(undefined);
  recorder.arrived(Buffer.from(`${"ff".repeat(16)}001503${"0602"}`, "hex"), 1);
  expect(recorder.judge(2).notification).toBe("6/2");
});
