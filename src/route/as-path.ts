/** Segment types of AS_PATH (RFC 4271 §4.3, RFC 5065 §3). */
export type SegmentKind = "set" | "sequence" | "confed-sequence" | "confed-set";

/** Most AS numbers in one segment: their count is an octet (RFC 4271 §4.3). */
export const LONGEST_SEGMENT = 255;

export interface AsPathSegment {
  readonly kind: SegmentKind;
  /** 1 to `LONGEST_SEGMENT` AS numbers, 32 bits each. */
  readonly members: readonly number[];
}

/** The leftmost segment is the newest. Empty for routes that began in our own AS. */
export type AsPath = readonly AsPathSegment[];

/** Length for the decision process: a set counts as 1, confederation segments as 0 (RFC 4271 §9.1.2.2 (a), RFC 5065 §5.3). */
export function pathLength(path: AsPath): number {
  let length = 0;
  for (const { kind, members } of path) {
    if (kind === "sequence") length += members.length;
    else if (kind === "set") length += 1;
  }
  return length;
}

/** `64512 64513 {1 2}`, confederation segments in parentheses: as operators write it. */
export function formatAsPath(path: AsPath): string {
  return path
    .map(({ kind, members }) => {
      const list = members.join(" ");
      if (kind === "sequence") return list;
      if (kind === "set") return `{${list}}`;
      return kind === "confed-sequence" ? `(${list})` : `({${list}})`;
    })
    .join(" ");
}
