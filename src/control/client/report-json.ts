import { formatTime } from "../timeformat.ts";

/** Fields of the reports that are milliseconds since 1970. */
const times: ReadonlySet<string> = new Set(["now", "started", "reconfigured", "since"]);

/** A report for programs, in one line: as `birdc --json` writes values, times are ISO 8601. */
export const reportJson = (report: object): string =>
  JSON.stringify(report, (name, value: unknown) =>
    typeof value === "number" && times.has(name) ? formatTime("%FT%T.%3fZ", value, 0) : value,
  );
