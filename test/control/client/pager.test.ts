import { expect, test } from "vitest";
import { Pager } from "#control/client/pager.ts";

function paged(rows: number, lines: number) {
  const shown: number[] = [];
  const pager = new Pager(
    (line) => shown.push(Number(line)),
    () => rows,
  );
  pager.begin();
  for (let line = 1; line <= lines; line++) pager.line(String(line));
  return { pager, shown };
}

test("a reply that fits is shown whole", () => {
  const { pager, shown } = paged(24, 22);
  expect(shown).toHaveLength(22);
  expect(pager.holding).toBe(false);
});

test("without a terminal nothing is held back", () => {
  expect(paged(0, 1000).shown).toHaveLength(1000);
});

test("SPACE shows another screen and ENTER another line", () => {
  const { pager, shown } = paged(24, 100);
  expect(shown).toHaveLength(22);
  pager.key(" ");
  expect(shown).toHaveLength(45);
  pager.key("\r");
  expect(shown).toHaveLength(46);
  pager.key("x");
  expect(shown).toHaveLength(46);
  for (let key = 0; key < 5; key++) pager.key(" ");
  expect(shown).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(pager.holding).toBe(false);
});

test("`q` drops the rest of this reply and not the next one", () => {
  const { pager, shown } = paged(24, 100);
  pager.key("q");
  pager.line("101");
  expect(shown).toHaveLength(22);
  pager.begin();
  pager.line("1");
  expect(shown).toHaveLength(23);
});
