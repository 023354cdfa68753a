import type { Remark } from "#config/remark.ts";
import { formatPath } from "#config/remark.ts";
import { resources } from "#config/schema/resources.ts";
import type { WriteRequest } from "../messages.ts";
import { apply } from "./requests.ts";
import { formatTime } from "./time.ts";

/** One of our own objects as the server has it, and what is wrong with it. */
export interface Judged {
  readonly kind: string;
  readonly name: string;
  readonly generation: number | undefined;
  readonly conditions: readonly Condition[];
  readonly remarks: readonly Remark[];
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

/** How many nodes write conditions, so that one of them is alive. */
const WRITERS = 3;
const MAX_MESSAGE = 1024;

/**
 * Which writer of our objects' conditions this node is: 0 for the first, undefined for none. What they write follows from
 * the object alone, so that two who write at once agree; the later ones wait for longer.
 */
export function writerRank(nodes: Iterable<string>, own: string): number | undefined {
  let rank = 0;
  let isThere = false;
  for (const name of nodes) {
    if (name === own) isThere = true;
    else if (name < own && ++rank === WRITERS) return undefined;
  }
  return isThere ? rank : undefined;
}

/** The conditions `Accepted` that are missing or no longer true. @param nowMs since 1970 */
export function acceptance(objects: readonly Judged[], nowMs: number): WriteRequest[] {
  return objects.flatMap((object) => {
    const plural = resources.find(({ kind }) => kind === object.kind)?.plural;
    if (plural === undefined) return [];
    const before = object.conditions.find(({ type }) => type === "Accepted");
    const now = judge(object);
    const same =
      before?.status === now.status &&
      before.message === now.message &&
      before.observedGeneration === now.observedGeneration;
    if (same) return [];
    const since = before?.status === now.status ? before.lastTransitionTime : undefined;
    const condition = { ...now, lastTransitionTime: since ?? formatTime(nowMs) };
    return [apply(plural, object.kind, object.name, { status: { conditions: [condition] } })];
  });
}

function judge({ remarks, generation }: Judged): Condition {
  const errors = remarks.filter(({ severity }) => severity === "error");
  const lines = errors.map(({ path, text }) => `${formatPath(path)}: ${text}`);
  const valid = errors.length === 0;
  return {
    type: "Accepted",
    status: valid ? "True" : "False",
    reason: valid ? "Valid" : "Invalid",
    message: valid
      ? "the object is in force"
      : `an older state stays in force: ${lines.join("; ")}`.slice(0, MAX_MESSAGE),
    ...(generation !== undefined && { observedGeneration: generation }),
  };
}
