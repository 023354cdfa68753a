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

/** The Gregorian date: years are counted from March, so that a leap day is the last one. */
function dateOf(daysSince1970: number): { year: number; month: number; day: number } {
  const days = daysSince1970 + 719_468; // since 1 March of year 0
  const era = Math.floor(days / 146_097);
  const ofEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const march = Math.floor((5 * ofYear + 2) / 153);
  const month = march < 10 ? march + 3 : march - 9;
  const day = ofYear - Math.floor((153 * march + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
