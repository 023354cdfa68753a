import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import * as v from "valibot";
import { nearest } from "#config/did-you-mean.ts";
import { reason } from "#lib/io/file-error.ts";
import type { LogLevel } from "#lib/log.ts";

/** The caller asked for something that cannot be: one line for people, and exit status 1. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const port = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));

/** Flags of `run`, also the fields of its `--config` file. */
const runFlags = v.strictObject({
  node: v.optional(v.string()),
  manifests: v.optional(v.string()),
  provider: v.optional(v.picklist(["manifests", "api"])),
  kubeconfig: v.optional(v.string()),
  cache: v.optional(v.string()),
  onTerm: v.optional(v.picklist(["restart", "drain"]), "restart"),
  defaults: v.optional(v.string()),
  procSys: v.optional(v.string(), "/proc/sys"),
  logLevel: v.optional(v.picklist(["debug", "info", "warn", "error"]), "info"),
  logFormat: v.optional(v.picklist(["text", "json"]), "text"),
  control: v.optional(v.array(v.string()), ["/run/linnet/bird.ctl"]),
  controlGroup: v.optional(v.string()),
  calicoCompat: v.optional(v.array(v.string()), []),
  http: v.optional(port, 0),
  dryRun: v.optional(v.boolean(), false),
});

export interface RunFlags extends v.InferOutput<typeof runFlags> {
  readonly node: string;
  readonly logLevel: LogLevel;
}

/** Flags over the file that `--config` names over defaults. @throws UsageError (rejects) */
export async function readRunFlags(flags: object): Promise<RunFlags> {
  const { config, ...given } = flags as Record<string, unknown>;
  const file = typeof config === "string" ? await readConfigFile(config) : {};
  const parsed = v.safeParse(runFlags, { ...file, ...given });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const field = issue.path?.map(({ key }) => key).join(".") ?? "";
    throw new UsageError(`${typeof config === "string" ? `${config}: ` : ""}${field}: ${wrongFlag(field, issue)}`);
  }
  return { ...parsed.output, node: parsed.output.node ?? defaultNode() };
}

function wrongFlag(field: string, { type, received, expected }: v.BaseIssue<unknown>): string {
  if (type !== "strict_object") return `${received} is not ${expected ?? "a value that it can have"}`;
  const near = nearest(field, Object.keys(runFlags.entries));
  return `there is no such flag${near === undefined ? "" : `; did you mean ${near}?`}`;
}

/** The Node object of this machine. */
export const defaultNode = (): string => process.env.NODE_NAME || hostname();

async function readConfigFile(path: string): Promise<object> {
  const { parse } = await import("yaml"); // of which every other start would wait
  try {
    const raw: unknown = parse(readFileSync(path, "utf8"), { prettyErrors: false });
    if (typeof raw === "object" && raw !== null && !Array.isArray(raw)) return raw;
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${reason(error)}`);
  }
  throw new UsageError(`${path}: must be a mapping of flags`);
}
