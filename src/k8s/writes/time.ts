import { dateOf } from "#lib/calendar.ts";

const DAY_MS = 86_400_000;

/**
 * RFC 3339 in UTC with whole seconds, as metav1.Time has it; with microseconds, as metav1.MicroTime.
 * @param ms since 1970, not before
 */
export function formatTime(ms: number, fraction: "none" | "micro" = "none"): string {
  const { year, month, day } = dateOf(Math.floor(ms / DAY_MS));
  const two = (value: number): string => `${Math.floor(value)}`.padStart(2, "0");
  const second = (ms % DAY_MS) / 1000;
  const clock = `${two(second / 3600)}:${two((second / 60) % 60)}:${two(second % 60)}`;
  const micro = fraction === "micro" ? `.${`${Math.floor(ms % 1000)}`.padStart(3, "0")}000` : "";
  return `${year}-${two(month)}-${two(day)}T${clock}${micro}Z`;
}
