import type { Source } from "./objects.ts";

export type FieldPath = readonly (string | number)[];

/** Something a person should know about an object: what is wrong, where, and what would be right. */
export interface Remark {
  /** `error`: something that was asked for is not done. */
  readonly severity: "error" | "warning";
  /** `BGPPeer/tor`. */
  readonly object: string;
  readonly path: FieldPath;
  readonly text: string;
  /** The object itself is right, but another has what it asks for. */
  readonly conflict?: true;
  /** undefined where no object says it: a missing one. */
  readonly source: Source | undefined;
}

/** `spec.peers[2].asNumber`; keys with dots in brackets: `metadata.annotations[linnet.dev/as-number]`. */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number" || /[./]/.test(part)) return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}
