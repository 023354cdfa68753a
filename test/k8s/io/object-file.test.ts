import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ObjectFile, readObjects } from "#k8s/io/object-file.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const objects = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    kind: "Node",
    key: `n${index}`,
    text: `{"index":${index}}`,
  }));

let directory: string;
const place = (): string => join(directory, "deep", "objects");

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "linnet-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test.for([0, 1, 200, 201, 1000])("%i objects are written in slices and read again", (count) => {
  const clock = new FakeClock();
  const path = place();
  const ends: unknown[] = [];
  new ObjectFile(path, clock).write(objects(count), (error) => ends.push(error));
  expect(ends).toEqual([]);
  clock.settle();
  expect(ends).toEqual([undefined]);
  expect(readObjects(path)).toEqual(objects(count));
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("what is half written never takes the place of what was there", () => {
  const clock = new FakeClock();
  const path = place();
  const file = new ObjectFile(path, clock);
  file.writeNow(objects(3));
  file.write(objects(1000), () => {});
  clock.turn();
  expect(readObjects(path).length).toBe(3);
  file.writeNow(objects(5));
  clock.settle();
  expect(readObjects(path).length).toBe(5);
});

test("a place that cannot be written is told", () => {
  const ends: unknown[] = [];
  new ObjectFile(join(import.meta.filename, "objects"), new FakeClock()).write(objects(1), (error) => ends.push(error));
  expect(ends.length).toBe(1);
  expect(ends[0]).toBeInstanceOf(Error);
});
