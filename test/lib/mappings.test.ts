import { expect, test } from "vitest";
import { unchangedMappings } from "#lib/mappings.ts";

interface Part {
  readonly rights?: string;
  readonly path?: string;
  readonly zeroes?: Readonly<Record<string, number>>;
}

const program = "/usr/bin/node";
const counted = ["Rss", "Private_Dirty", "Anonymous", "Swap", "Locked"];

/** In the words of Linux 6.18, lines that play no part left out. */
function smaps(...parts: readonly Part[]): string {
  return parts
    .map(({ rights = "r-xp", path = program, zeroes = {} }, index) => {
      const from = 0x40_0000 + index * 0x1000;
      const head = `${from.toString(16).padStart(8, "0")}-${(from + 0x1000).toString(16)} ${rights} 00000000 fe:00 1234`;
      const numbers = { Rss: 4, Private_Dirty: 0, Anonymous: 0, Swap: 0, Locked: 0, ...zeroes };
      const lines = counted.map((name) => `${`${name}:`.padEnd(16)}${numbers[name as "Rss"]} kB`.padStart(8));
      return [
        `${head}${path === "" ? " " : `                       ${path}`}`,
        ...lines,
        "VmFlags: rd ex mr mw me ",
      ].join("\n");
    })
    .join("\n")
    .concat("\n");
}

const found = (...parts: readonly Part[]): number[] =>
  unchangedMappings(smaps(...parts), program).map(({ from }) => (from - 0x40_0000) / 0x1000);

test("code and constants of the file are found, with where they lie", () => {
  expect(unchangedMappings(smaps({ rights: "r--p" }, { rights: "r-xp" }), program)).toEqual([
    { from: 0x40_0000, octets: 0x1000 },
    { from: 0x40_1000, octets: 0x1000 },
  ]);
});

test("what can be written, belongs to others or is another file is left alone", () => {
  expect(
    found({ rights: "rw-p" }, { rights: "r-xs" }, { path: "/usr/bin/node2" }, { path: "" }, { path: "[heap]" }),
  ).toEqual([]);
  expect(found({ path: "" }, {}, { path: "[heap]" })).toEqual([1]);
});

for (const name of ["Anonymous", "Swap", "Locked"]) {
  test(`a mapping with a page counted as ${name} is left alone, its neighbours are not`, () => {
    expect(found({}, { zeroes: { [name]: 4 } }, {})).toEqual([0, 2]);
  });
}

test("a file that was not written to its disk yet is found all the same: its pages are its own", () => {
  expect(found({ zeroes: { Private_Dirty: 4 } })).toEqual([0]);
});

test("where the system does not count what matters, nothing is found", () => {
  expect(unchangedMappings(smaps({}).replace(/^Swap:.*\n/m, ""), program)).toEqual([]);
  expect(unchangedMappings("", program)).toEqual([]);
});
