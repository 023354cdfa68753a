import { expect, test } from "vitest";
import { attributes, Bench, own } from "./support/bench.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";
const path = attributes([65001], A);

/** Somebody who tells, somebody who listens, and a forwarding table that does not answer yet. */
function begin() {
  const bench = new Bench();
  const teller = bench.neighbour(A, "external");
  const { ear } = bench.neighbour(B, "external");
  bench.settle();
  ear.lines();
  bench.forwarding.isSlow = true;
  return { bench, teller, ear };
}

/** Turns, and no time. */
const think = (bench: Bench): void => bench.turns(50);

test("a neighbour's route is told when it is in the forwarding table, and withdrawn at once", () => {
  const { bench, teller, ear } = begin();
  teller.announce("10.1.0.0/16", path);
  think(bench);
  expect([...bench.forwarding.routes.keys()]).toEqual(["10.1.0.0/16"]);
  expect(ear.lines()).toEqual([]);
  bench.forwarding.answer();
  think(bench);
  expect(ear.lines()).toEqual(["+ 10.1.0.0/16 [65001]"]);
  teller.withdraw("10.1.0.0/16");
  think(bench);
  expect(ear.lines()).toEqual(["- 10.1.0.0/16"]);
});

test("what comes while others wait, waits for an answer of its own", () => {
  const { bench, teller, ear } = begin();
  teller.announce("10.1.0.0/16", path);
  think(bench);
  teller.announce("10.2.0.0/16", path);
  think(bench);
  bench.forwarding.answer();
  think(bench);
  expect(ear.lines()).toEqual(["+ 10.1.0.0/16 [65001]"]);
  bench.forwarding.answer();
  think(bench);
  expect(ear.lines()).toEqual(["+ 10.2.0.0/16 [65001]"]);
});

test("own prefixes do not wait, nor does anything where nothing is installed", () => {
  const { bench, teller, ear } = begin();
  bench.rib.originate([own("10.9.0.0/24")]);
  think(bench);
  expect(ear.lines()).toEqual(["+ 10.9.0.0/24 []"]);
  bench.rib.reconfigureForwarding({ install: false, maxPaths: 8 });
  think(bench);
  teller.announce("10.1.0.0/16", path);
  think(bench);
  expect(ear.lines()).toEqual(["+ 10.1.0.0/16 [65001]"]);
});

test("End-of-RIB comes behind the routes that wait", () => {
  const { bench, teller } = begin();
  teller.announce("10.1.0.0/16", path);
  const { ear } = bench.neighbour("192.0.2.3", "internal");
  think(bench);
  expect(ear.lines()).toEqual(["endOfRib ipv6"]);
  bench.forwarding.answer();
  think(bench);
  expect(ear.lines()).toEqual(["+ 10.1.0.0/16 [65001]", "endOfRib ipv4"]);
});

test("a forwarding table that never answers holds nothing up for ever", () => {
  const { bench, teller, ear } = begin();
  teller.announce("10.1.0.0/16", path);
  think(bench);
  bench.time.advance(1_500);
  think(bench);
  teller.announce("10.2.0.0/16", path);
  think(bench);
  expect(ear.lines()).toEqual([]);
  bench.time.advance(500);
  think(bench);
  expect(ear.lines()).toEqual(["+ 10.1.0.0/16 [65001]"]);
  bench.time.advance(4_000);
  think(bench);
  expect(ear.lines()).toEqual(["+ 10.2.0.0/16 [65001]"]);
});
