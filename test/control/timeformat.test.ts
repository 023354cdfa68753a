import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bird2Formats, formatTime, isoFormat, namedFormats, sameFormats, timePrinter } from "#control/timeformat.ts";
import { LabClock, LabDaemon } from "./support/lab-daemon.ts";
import { talkTo } from "./support/talk.ts";

const utc = (): number => 0;
const HOUR_MS = 3_600_000;

test("dates are those of the calendar", () => {
  const span = { min: Date.UTC(1970, 0, 1), max: Date.UTC(2400, 0, 1) };
  fc.assert(
    fc.property(fc.integer(span), (wallMs) => {
      expect(formatTime("%FT%T.%3fZ", wallMs, 0)).toBe(new Date(wallMs).toISOString());
    }),
  );
});

test("local time is shown where there is a zone", () => {
  const wallMs = Date.UTC(2026, 10, 20, 23, 30);
  expect(formatTime("%F %T %z", wallMs, 2 * HOUR_MS)).toBe("2026-11-21 01:30:00 +0200");
  expect(formatTime("%F %R %z", wallMs, -3.5 * HOUR_MS)).toBe("2026-11-20 20:00 -0330");
});

test("conversions that are not known stand as they are", () => {
  expect(formatTime("%d.%m.%y %e %a %b %s %% %q", Date.UTC(2026, 10, 2), 0)).toBe(
    "02.11.26  2 Mon Nov 1793577600 % %q",
  );
});

test("for twenty hours the time of day is shown, then the date", () => {
  const nowMs = Date.UTC(2026, 10, 20, 23);
  const { protocol, base } = timePrinter(bird2Formats, nowMs, utc);
  expect(protocol(nowMs - 20 * HOUR_MS + 1)).toBe("03:00:00.001");
  expect(protocol(nowMs - 20 * HOUR_MS)).toBe("2026-11-20");
  expect(base(nowMs)).toBe("2026-11-20 23:00:00.000");
});

test("the formats of the command are those of BIRD 2.20", () => {
  const wallMs = Date.UTC(2026, 10, 20, 23, 12, 13) + 275.456;
  const shown = (format: ReturnType<typeof isoFormat>) =>
    timePrinter(sameFormats(format), wallMs, utc).protocol(wallMs);
  expect(shown(isoFormat("long", ""))).toBe("2026-11-20 23:12:13");
  expect(shown(isoFormat("long", "ms"))).toBe("2026-11-20 23:12:13.275");
  expect(shown(isoFormat("long", "us"))).toBe("2026-11-20 23:12:13.275456");
  expect(shown(isoFormat("short", ""))).toBe("23:12:13");
});

test("a flag names the same formats", () => {
  expect(namedFormats("iso long")).toEqual(sameFormats(isoFormat("long", "")));
  expect(namedFormats("iso short us")).toEqual(sameFormats(isoFormat("short", "us")));
  for (const text of ["", "iso", "long", "iso long s", "%s"]) expect(namedFormats(text), text).toBeUndefined();
});

describe("timeformat", () => {
  const clock = new LabClock();
  const { ask } = talkTo(new LabDaemon(clock), clock);
  const since = (): string | undefined => /up +(\S.*?) +Established/.exec(ask("show protocols ebgp_c"))?.[1];

  test.each([
    ["timeformat iso long", "2026-11-20 23:10:31"],
    ["timeformat iso short ms", "23:10:31.771"],
    ['timeformat "%d.%m.%Y"', "20.11.2026"],
    ['timeformat "%T" 60 "%F"', "23:10:31"],
    ['timeformat "%T" 1 "%F"', "2026-11-20"],
    ['timeformat "%s"', "1795216231"],
  ])("%s", (command, expected) => {
    expect(ask(command)).toBe("0000 \n");
    expect(since()).toBe(expected);
  });

  test("changes all other times of the session too", () => {
    ask("timeformat iso long");
    expect(ask("show status")).toContain("Last reboot on 2026-11-20 23:10:29\n");
    expect(ask("show route 203.0.113.0/24")).toContain("[kernel4 2026-11-20 23:10:29]");
    expect(ask("show bfd sessions")).toContain("2026-11-20 23:10:29");
  });
});
