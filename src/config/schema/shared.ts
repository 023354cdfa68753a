import * as v from "valibot";
import { dictionary, excerpt, mapping, may, or, ruled, type Schema, says } from "./describe.ts";
import { community, duration, integer, largeCommunity } from "./scalars.ts";

/** Fields that several kinds have. */

const timersFields = {
  /** RFC 4271 §4.2: 0, or at least 3 s; two octets of seconds. */
  holdTime: may(
    "Longest silence of the neighbour before the session is given up; 0s: no limit.",
    duration({ leastMs: 3000, mostMs: 65_535_000, orZero: true, wholeSeconds: true }),
    {
      absent: "90s",
    },
  ),
  keepaliveTime: may("How often a KEEPALIVE is sent.", duration({ leastMs: 1000, mostMs: 21_845_000 }), {
    absent: "a third of the hold time",
  }),
  connectRetryTime: may(
    "How often a connection is tried while there is none.",
    duration({ leastMs: 1000, mostMs: 3_600_000 }),
    {
      absent: "5s",
    },
  ),
  idleHoldTime: may(
    "Pause after a session failed; doubles with each failure in a row, up to 64 times.",
    duration({ leastMs: 100, mostMs: 600_000 }),
    { absent: "1s" },
  ),
};

/** Also where both times are given: KEEPALIVEs must fit into the hold time (RFC 4271 §4.4: a third of it is good). */
export const timers = ruled(mapping(timersFields), [
  {
    cel: "!has(self.holdTime) || !has(self.keepaliveTime) || duration(self.holdTime) == duration('0s') || duration(self.keepaliveTime) < duration(self.holdTime)",
    message: "keepaliveTime must be shorter than holdTime; a third of it or less is good",
    field: "keepaliveTime",
    holds: ({ holdTime, keepaliveTime }) =>
      holdTime === undefined || keepaliveTime === undefined || holdTime === 0 || keepaliveTime < holdTime,
  },
]);

export const gracefulRestart = mapping({
  enabled: may("Ask neighbours to keep our routes while the daemon is away, and keep theirs.", v.boolean(), {
    absent: "true",
  }),
  restartTime: may(
    "How long neighbours keep our routes while the daemon is away (RFC 4724).",
    duration({ leastMs: 0, mostMs: 4_095_000, wholeSeconds: true }),
    {
      absent: "120s",
    },
  ),
  deferralTime: may(
    "How long the daemon waits for a neighbour's End-of-RIB after a start, and stale routes live after a neighbour is back.",
    duration({ leastMs: 1000, mostMs: 3_600_000 }),
    { absent: "120s" },
  ),
});

/** Secrets are namespaced, our resources are not. */
export const secretKeyRef = mapping({
  secretKeyRef: says(
    "The Secret's key that holds the password.",
    mapping({
      namespace: or("kube-system", "Namespace of the Secret.", v.pipe(v.string(), v.minLength(1))),
      name: says("Name of the Secret.", v.pipe(v.string(), v.minLength(1))),
      key: says("Key in the Secret.", v.pipe(v.string(), v.minLength(1))),
    }),
  ),
});

export const communityList = v.pipe(v.array(community), v.maxLength(64));
export const largeCommunityList = v.pipe(v.array(largeCommunity), v.maxLength(64));
export const localPref = integer(0, 0xffff_ffff);

/** RFC 1123, as the API server demands it. */
const objectName = v.pipe(
  v.string(),
  v.maxLength(253),
  v.regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, (issue) => {
    return `${JSON.stringify(issue.input)} is not a name: use lower-case letters, digits, - and . only`;
  }),
);

/** metadata, as far as it is used. */
export const metadata = excerpt({
  name: objectName,
  namespace: v.optional(objectName),
  labels: v.optional(dictionary(v.string()), {}),
  annotations: v.optional(dictionary(v.string()), {}),
  creationTimestamp: v.optional(v.nullable(v.string())),
  resourceVersion: v.optional(v.string()),
  generation: v.optional(v.number()),
});

/** metav1.Condition. */
const condition = excerpt({
  type: says("What it is about: Accepted, ResolvedRefs, NodesSelected, Ready.", v.pipe(v.string(), v.maxLength(316))),
  status: says("Whether it is so.", v.picklist(["True", "False", "Unknown"])),
  reason: says("One word, for programs.", v.pipe(v.string(), v.maxLength(1024))),
  message: says("A sentence, for people.", v.pipe(v.string(), v.maxLength(32_768))),
  lastTransitionTime: says("When status changed last.", v.pipe(v.string(), v.isoTimestamp())),
  observedGeneration: may("The metadata.generation it is about.", integer(0, Number.MAX_SAFE_INTEGER)),
});

export const conditions = may("What is so, and since when.", v.pipe(v.array(condition), v.maxLength(16)), {
  listKey: "type",
});

/** One of our own resources: nothing but these fields, so that a misspelt one is named and not ignored. */
export const resource = <const M extends Schema, const S extends Schema>(metadataSchema: M, spec: S) =>
  mapping({
    apiVersion: v.optional(v.string()),
    kind: v.optional(v.string()),
    metadata: metadataSchema,
    spec,
    status: may("What daemons say about it.", excerpt({ conditions })),
  });
