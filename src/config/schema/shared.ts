import * as v from "valibot";
import { may, or, ruled, type Schema, says } from "./describe.ts";
import { between, community, duration, integer, largeCommunity } from "./scalars.ts";

/** Fields that several kinds have. */

/** RFC 4271 §4.2: 0 or at least 3 s; two octets of seconds on the wire. */
const hold = (ms: number): string | undefined => {
  if (ms === 0 || (ms >= 3000 && ms <= 65_535_000 && ms % 1000 === 0)) return undefined;
  return "cannot be a hold time: 0s (never expires) or whole seconds from 3s to 18h12m15s will do";
};
const wholeHold = between(0, 21_845_000);

const timersFields = {
  holdTime: may("Longest silence of the neighbour before the session is given up; 0s: no limit.", duration(hold), {
    absent: "90s",
  }),
  keepaliveTime: may("How often a KEEPALIVE is sent.", duration(wholeHold), { absent: "a third of the hold time" }),
  connectRetryTime: may("How often a connection is tried while there is none.", duration(between(1000, 3_600_000)), {
    absent: "5s",
  }),
  idleHoldTime: may(
    "Pause after a session failed; doubles with each failure in a row, up to 64 times.",
    duration(between(100, 600_000)),
    { absent: "1s" },
  ),
};

/** Also where both times are given: KEEPALIVEs must fit into the hold time (RFC 4271 §4.4: a third of it is good). */
export const timers = ruled(v.strictObject(timersFields), [
  {
    cel: "!has(self.holdTime) || !has(self.keepaliveTime) || duration(self.holdTime) == duration('0s') || duration(self.keepaliveTime) < duration(self.holdTime)",
    message: "keepaliveTime must be shorter than holdTime; a third of it or less is good",
    holds: ({ holdTime, keepaliveTime }) =>
      holdTime === undefined || keepaliveTime === undefined || holdTime === 0 || keepaliveTime < holdTime,
  },
]);

const restart = (ms: number): string | undefined =>
  ms % 1000 === 0 ? between(0, 4_095_000)(ms) : "must be whole seconds";

export const gracefulRestart = v.strictObject({
  enabled: may("Ask neighbours to keep our routes while the daemon is away, and keep theirs.", v.boolean(), {
    absent: "true",
  }),
  restartTime: may("How long neighbours keep our routes while the daemon is away (RFC 4724).", duration(restart), {
    absent: "120s",
  }),
  deferralTime: may(
    "How long the daemon waits for a neighbour's End-of-RIB after a start, and stale routes live after a neighbour is back.",
    duration(between(1000, 3_600_000)),
    { absent: "120s" },
  ),
});

/** Secrets are namespaced, our resources are not. */
export const secretKeyRef = v.strictObject({
  secretKeyRef: says(
    "The Secret's key that holds the password.",
    v.strictObject({
      namespace: or("kube-system", "Namespace of the Secret.", v.pipe(v.string(), v.minLength(1))),
      name: says("Name of the Secret.", v.pipe(v.string(), v.minLength(1))),
      key: says("Key in the Secret.", v.pipe(v.string(), v.minLength(1))),
    }),
  ),
});

export const communityList = v.pipe(v.array(community), v.maxLength(64));
export const largeCommunityList = v.pipe(v.array(largeCommunity), v.maxLength(64));
export const localPref = integer(0, 0xffff_ffff);

/** metadata, as far as it is used. */
export const metadata = v.object({
  name: v.pipe(v.string(), v.minLength(1)),
  namespace: v.optional(v.string()),
  labels: v.optional(v.record(v.string(), v.string()), {}),
  annotations: v.optional(v.record(v.string(), v.string()), {}),
  creationTimestamp: v.optional(v.nullable(v.string())),
  resourceVersion: v.optional(v.string()),
  generation: v.optional(v.number()),
});

/** One of our own resources: nothing but these fields, so that a misspelt one is named and not ignored. */
export const resource = <const M extends Schema, const S extends Schema>(metadataSchema: M, spec: S) =>
  v.strictObject({
    apiVersion: v.optional(v.string()),
    kind: v.optional(v.string()),
    metadata: metadataSchema,
    spec,
    status: v.optional(v.unknown()),
  });
