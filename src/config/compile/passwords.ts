import type { ConfigObject } from "../objects.ts";
import type { FieldPath } from "../remark.ts";
import type { Context } from "./context.ts";

/** Longest TCP-MD5 key that Linux takes (TCP_MD5SIG_MAXKEYLEN). */
const MAX_OCTETS = 80;

interface Ref {
  readonly secretKeyRef: { readonly namespace: string; readonly name: string; readonly key: string };
}

/** @returns the password; "missing" (and reported) where there is none though one is wanted: then no session is tried */
export function passwordOf(
  ref: Ref | undefined,
  by: ConfigObject | undefined,
  path: FieldPath,
  { objects, report }: Context,
): { readonly password: string | undefined } | "missing" {
  if (ref === undefined || by === undefined) return { password: undefined };
  const { namespace, name, key } = ref.secretKeyRef;
  const secret = objects.Secret.get(`${namespace}/${name}`);
  const password = secret?.value.stringData?.[key] ?? secret?.value.data?.[key];
  const field = [...path, "secretKeyRef"];
  const label = `Secret/${name} in namespace ${namespace}`;
  const closed = "no session is tried without it";
  if (secret === undefined) {
    report.error(by, field, `there is no ${label}; ${closed}`);
    return "missing";
  }
  if (password === undefined || password === "") {
    report.error(by, [...field, "key"], `${label} has no value for ${JSON.stringify(key)}; ${closed}`);
    return "missing";
  }
  const octets = encodeURIComponent(password).replace(/%../g, "x").length;
  if (octets > MAX_OCTETS) {
    report.error(
      by,
      [...field, "key"],
      `the password has ${octets} octets, TCP-MD5 takes at most ${MAX_OCTETS}; ${closed}`,
    );
    return "missing";
  }
  if (/\s$/.test(password)) report.warning(by, [...field, "key"], "the password ends in white space; was that meant?");
  return { password };
}
