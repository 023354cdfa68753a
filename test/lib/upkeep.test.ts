import { expect, test } from "vitest";
import { type Chores, Upkeep, type Usage } from "#lib/upkeep.ts";

const lookMs = 10_000;
const octets = (mebibytes: number): number => mebibytes * 2 ** 20;

interface State {
  readonly file?: number;
  readonly own?: number;
  readonly heap?: number;
  /** Of one processor, since the look before. */
  readonly busy?: number;
}

/** What is done at each of these looks, ten seconds apart; sizes in MiB. */
function looks(...states: readonly State[]): string[] {
  let processorMs = 0;
  const usage = ({ file = 0, own = 0, heap = 30, busy = 0 }: State, index: number): Usage => {
    processorMs += busy * lookMs;
    const sizes = { fileOctets: octets(file), ownOctets: octets(own), heapOctets: octets(heap) };
    return { nowMs: index * lookMs, processorMs, ...sizes };
  };
  const upkeep = new Upkeep(usage({}, 0));
  return states.map((state, index) => words(upkeep.look(usage(state, index + 1))));
}

const words = ({ leavePages, saveMemory }: Chores): string =>
  [leavePages ? "leave" : "", saveMemory ? "save" : ""].join(" ").trim();

test("what the start left behind is tidied at the first idle look; pages that the collector used, when V8 is done", () => {
  const start = { file: 53, own: 69 };
  const collected = { file: 20, own: 56 };
  const after = { file: 8, own: 56 };
  expect(looks(start, collected, collected, after, after)).toEqual(["leave save", "save", "leave", "", ""]);
  expect(looks(start, collected, after, after, after)).toEqual(["leave save", "save", "leave", "", ""]);
});

test("a process with work is left in peace until it has none", () => {
  const start = { file: 53, own: 69 };
  expect(looks({ ...start, busy: 0.11 }, { ...start, busy: 1.5 }, start)).toEqual(["", "", "leave save"]);
  expect(looks({ ...start, busy: 0.1 })).toEqual(["leave save"]);
});

test("pages that were wanted again are left once more when they are 8 MiB more than what is in use", () => {
  const sizes = [53, 16, 20, 23.9, 24, 15, 20];
  expect(looks(...sizes.map((file) => ({ file })))).toEqual(["leave", "", "", "", "leave", "", ""]);
});

test("V8 saves memory again when the process has grown by 16 MiB", () => {
  const sizes = [69, 60, 56, 60, 71.9, 72, 90, 57, 57];
  expect(looks(...sizes.map((own) => ({ own })))).toEqual(["save", "save", "", "", "", "save", "save", "", ""]);
});

test("work that begins meanwhile ends the saving, which is made up for later", () => {
  expect(looks({ own: 69 }, { own: 80, busy: 1 }, { own: 80 }, { own: 70 }, { own: 60 }, { own: 60 })).toEqual([
    "save",
    "",
    "save",
    "save",
    "",
    "",
  ]);
});

test("a large heap is not collected for it", () => {
  expect(looks({ own: 69, heap: 36 })).toEqual(["save"]);
  expect(looks({ own: 200, heap: 37, file: 53 })).toEqual(["leave"]);
  const grown = { own: 80, heap: 37, file: 20 };
  expect(looks({ own: 69, file: 53 }, grown, grown, grown)).toEqual(["leave save", "leave", "", ""]);
});
