import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTable } from "../../bench/generator/table.ts";
import {
  encodeBest,
  encodeOne,
  encodeTable,
  encodeWithdrawal,
  plainAttributes,
  type Telling,
} from "../../bench/generator/updates.ts";
import { digestOf } from "../../bench/speaker/expectation.ts";
import { RoutingTable } from "../../bench/speaker/routing-table.ts";

const telling: Telling = { as: 65001, nextHop: "10.0.0.2", nextHop6: [0xfd00_0000, 0, 0, 2], variant: 0 };
const tables = [makeTable("ipv4", 3000), makeTable("ipv6", 3000)] as const;

/** Whole messages of a stream. */
function messagesOf(stream: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < stream.length; at += stream.readUInt16BE(at + 16)) {
    messages.push(stream.subarray(at, at + stream.readUInt16BE(at + 16)));
  }
  return messages;
}

test.each(tables)("$family: a stream announces every prefix of its table", (table) => {
  const stream = encodeTable(table, telling);
  expect(digestOf(stream).prefixes).toBe(table.size);
  for (const message of messagesOf(stream)) expect(message.length).toBeLessThanOrEqual(4096);
});

test.each(tables)("$family: a withdrawal undoes its announcement", (table) => {
  const stream = Buffer.concat([encodeTable(table, telling), encodeWithdrawal(table)]);
  expect(digestOf(stream)).toEqual({ prefixes: 0, checksum: "0000000000000000" });
});

test.each(tables)("$family: the order of messages does not change the digest, another route does", (table) => {
  const stream = encodeTable(table, telling);
  const [first = Buffer.alloc(0), ...others] = messagesOf(stream);
  const digest = digestOf(stream);
  expect(digestOf(Buffer.concat([...others.reverse(), first]))).toEqual(digest);
  expect(digestOf(Buffer.concat(others)).checksum).not.toBe(digest.checksum);
  expect(digestOf(encodeTable(table, { ...telling, variant: 1 })).checksum).not.toBe(digest.checksum);
});

test("the AS number and the next hop of the daemon in between are left out", () => {
  const told = encodeOne("20.0.0.0", 24, plainAttributes({ as: 65001, nextHop: "10.0.0.2" }, [174]));
  const passedOn = encodeOne("20.0.0.0", 24, plainAttributes({ as: 65000, nextHop: "10.0.0.1" }, [65001, 174]));
  expect(digestOf(passedOn, 65000)).toEqual(digestOf(told));
  expect(digestOf(passedOn).checksum).not.toBe(digestOf(told).checksum);
});

test("of several tellers the shortest path is best, then the first", () => {
  const table = makeTable("ipv4", 500);
  const tellers = [1, 2, 3].map((variant) => ({ ...telling, as: 65000 + variant, variant }));
  const sets = new Set(tellers.map((teller) => digestOf(encodeBest(table, [teller])).checksum));
  expect(sets.size).toBe(3);
  expect(digestOf(encodeBest(table, [tellers[0]!]))).toEqual(digestOf(encodeTable(table, tellers[0]!)));
  expect(sets).not.toContain(digestOf(encodeBest(table, tellers)).checksum);
});

/** The obvious table: text to text. */
const routes = fc.array(
  fc.record({
    host: fc.integer({ min: 0, max: 40 }),
    length: fc.constantFrom(16, 24, 32),
    path: fc.option(fc.integer({ min: 1, max: 4 })),
  }),
  { maxLength: 200 },
);

test("random histories end as a Map of them does", () => {
  fc.assert(
    fc.property(routes, (history) => {
      const table = new RoutingTable(undefined);
      const twin = new Map<string, number>();
      for (const { host, length, path } of history) {
        const address = `20.${host}.0.0`;
        const announced = encodeOne(address, length, plainAttributes(telling, [path ?? 1]));
        const message = path === null ? withdrawalOf(announced, length) : announced;
        const before = twin.get(`${address}/${length}`);
        expect(table.apply(message, 0)).toBe(before !== (path ?? undefined));
        if (path === null) twin.delete(`${address}/${length}`);
        else twin.set(`${address}/${length}`, path);
      }
      const again = new RoutingTable(undefined);
      for (const [prefix, path] of [...twin].reverse()) {
        const [address = "", length] = prefix.split("/");
        again.apply(encodeOne(address, Number(length), plainAttributes(telling, [path])), 0);
      }
      expect([table.prefixes, table.checksum]).toEqual([twin.size, again.checksum]);
    }),
  );
});

/** The withdrawal of the one prefix that `announced` ends with. */
function withdrawalOf(announced: Buffer, length: number): Buffer {
  const nlri = announced.subarray(announced.length - 1 - Math.ceil(length / 8));
  const message = Buffer.concat([
    Buffer.alloc(16, 0xff),
    Buffer.from([0, 23 + nlri.length, 2, 0, nlri.length]),
    nlri,
    Buffer.from([0, 0]),
  ]);
  return message;
}
