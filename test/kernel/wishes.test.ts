import { expect, test } from "vitest";
import { PrefixTable } from "#kernel/prefix-table.ts";
import { Wishes } from "#kernel/wishes.ts";

test("wishes are told as they were said, in their order, and then forgotten", () => {
  const prefixes = new PrefixTable(4, 0, 1);
  prefixes.add(1, 2, 3, 4, 64, 0);
  const wishes = new Wishes();
  const said: number[][] = [];
  for (let number = 0; !wishes.isFull; number++) {
    const wish = [number, 0xffffffff, 3, 4, number % 129, number % 2, number % 3 === 0 ? 0 : number] as const;
    wishes.add(...wish);
    said.push([...wish]);
  }
  expect([said.length, wishes.count]).toEqual([128, 128]);
  const told: number[][] = [];
  wishes.take(prefixes, (...wish) => told.push(wish));
  expect([told, wishes.count, prefixes.size]).toEqual([said, 0, 1]);
  wishes.take(prefixes, (...wish) => told.push(wish));
  expect(told).toEqual(said);
});

test("whoever looks while wishes are told finds none left to tell", () => {
  const prefixes = new PrefixTable(1, 0, 1);
  const wishes = new Wishes();
  for (const address of [1, 2]) wishes.add(address, 0, 0, 0, 32, 0, 5);
  const left: number[] = [];
  wishes.take(prefixes, () => left.push(wishes.count));
  expect(left).toEqual([0, 0]);
});
