import { dateOf } from "#lib/calendar.ts";

/** How times are shown: `recent` while they are younger than `limitMs`, else `old`. Formats are those of strftime, and `%f`. */
export interface TimeFormat {
  readonly recent: string;
  readonly limitMs: number | undefined;
  readonly old: string;
}

/** One format for each kind of time: of the daemon itself, of protocols (and BFD), of routes. */
export interface TimeFormats {
  readonly base: TimeFormat;
  readonly protocol: TimeFormat;
  readonly route: TimeFormat;
}

const HOURS_20_MS = 20 * 3_600_000;

const always = (format: string): TimeFormat => ({ recent: format, limitMs: undefined, old: format });

/** `iso short`, `iso long`, each with `ms` or `us`: short shows the time of day for 20 hours, then the date. */
export function isoFormat(length: "short" | "long", fraction: "" | "ms" | "us"): TimeFormat {
  const digits = fraction === "ms" ? ".%3f" : fraction === "us" ? ".%6f" : "";
  if (length === "long") return always(`%F %T${digits}`);
  return { recent: `%T${digits}`, limitMs: HOURS_20_MS, old: "%F" };
}

/** All kinds of time in one format: what the command `timeformat` sets. */
export const sameFormats = (format: TimeFormat): TimeFormats => ({ base: format, protocol: format, route: format });

/**
 * The formats that a flag names: `iso short`, `iso long`, `iso short ms`, …
 * @returns undefined for any other text
 */
export function namedFormats(text: string): TimeFormats | undefined {
  const [, length, fraction = ""] = /^iso (short|long)(?: (ms|us))?$/.exec(text.trim()) ?? [];
  return length === undefined
    ? undefined
    : sameFormats(isoFormat(length as "short" | "long", fraction as "" | "ms" | "us"));
}

/** What BIRD 2 shows unless configured otherwise. */
export const bird2Formats: TimeFormats = {
  base: isoFormat("long", "ms"),
  protocol: isoFormat("short", "ms"),
  route: isoFormat("short", "ms"),
};

/** What BIRD 1.6 shows unless configured otherwise. */
export const bird16Formats: TimeFormats = {
  base: isoFormat("long", ""),
  protocol: isoFormat("short", ""),
  route: isoFormat("short", ""),
};

/** Offset of local time from UTC at `wallMs`, in milliseconds. */
export type ZoneOffset = (wallMs: number) => number;

export interface TimePrinter {
  readonly base: (wallMs: number) => string;
  readonly protocol: (wallMs: number) => string;
  readonly route: (wallMs: number) => string;
}

/** Times that one reply remembers the text of. */
const MOST_TIMES_KNOWN = 1024;

export function timePrinter(formats: TimeFormats, nowMs: number, zone: ZoneOffset): TimePrinter {
  const print = (format: TimeFormat) => {
    // Many routes came at the same times.
    const known = new Map<number, string>();
    return (wallMs: number): string => {
      let text = known.get(wallMs);
      if (text === undefined) {
        const recent = format.limitMs === undefined || nowMs - wallMs < format.limitMs;
        text = formatTime(recent ? format.recent : format.old, wallMs, zone(wallMs));
        if (known.size >= MOST_TIMES_KNOWN) known.clear();
        known.set(wallMs, text);
      }
      return text;
    };
  };
  return { base: print(formats.base), protocol: print(formats.protocol), route: print(formats.route) };
}

const days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const pad = (value: number, width: number): string => String(value).padStart(width, "0");

/** The conversions of strftime that are of use here; `%f` is microseconds, `%3f` milliseconds. Others stand as they are. */
export function formatTime(format: string, wallMs: number, offsetMs: number): string {
  const local = Math.floor(wallMs + offsetMs);
  const day = Math.floor(local / 86_400_000);
  const inDay = local - day * 86_400_000;
  const { year, month, day: date } = dateOf(day);
  const [hours, minutes, seconds] = [
    Math.floor(inDay / 3_600_000),
    Math.floor(inDay / 60_000) % 60,
    Math.floor(inDay / 1000) % 60,
  ];
  const conversions: Readonly<Record<string, () => string>> = {
    Y: () => String(year),
    y: () => pad(year % 100, 2),
    m: () => pad(month, 2),
    d: () => pad(date, 2),
    e: () => String(date).padStart(2),
    H: () => pad(hours, 2),
    M: () => pad(minutes, 2),
    S: () => pad(seconds, 2),
    F: () => `${year}-${pad(month, 2)}-${pad(date, 2)}`,
    T: () => `${pad(hours, 2)}:${pad(minutes, 2)}:${pad(seconds, 2)}`,
    R: () => `${pad(hours, 2)}:${pad(minutes, 2)}`,
    s: () => String(Math.floor(wallMs / 1000)),
    a: () => days[((day % 7) + 7) % 7] ?? "",
    b: () => months[month - 1] ?? "",
    z: () =>
      `${offsetMs < 0 ? "-" : "+"}${pad(Math.floor(Math.abs(offsetMs) / 3_600_000), 2)}${pad(Math.floor(Math.abs(offsetMs) / 60_000) % 60, 2)}`,
    "%": () => "%",
  };
  const micros = pad(Math.floor((wallMs - Math.floor(wallMs / 1000) * 1000) * 1000), 6);
  return format.replace(/%([1-6])?([A-Za-z%])/g, (whole, digits: string | undefined, letter: string) => {
    if (letter === "f") return micros.slice(0, Number(digits ?? 6));
    return conversions[letter]?.() ?? whole;
  });
}
