/**
 * One resource's list and watch, as a pure state machine. What it knows of the server is a resource version; what it
 * tells is `replace` once a list is complete, then `apply` and `remove`. Nothing is told to be gone because the server
 * is: the last state stands until a list says otherwise.
 */

/** An object as the server sends it; only the metadata that the machine itself needs. */
export interface ApiObject {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly resourceVersion?: string };
}

/** Why a request failed, as far as it decides what to do next. */
export type Fault =
  /** No answer, or one cut short. */
  | { readonly kind: "connection"; readonly text: string }
  /** An HTTP status, or one inside a watch; `retryAfterMs` where the server gave one. */
  | { readonly kind: "status"; readonly code: number; readonly text: string; readonly retryAfterMs: number | undefined }
  /** Nothing came for longer than bookmarks allow. */
  | { readonly kind: "silence" };

export type ReflectorEvent =
  | { readonly kind: "start" }
  | {
      readonly kind: "page";
      readonly items: readonly ApiObject[];
      readonly continue: string | undefined;
      readonly resourceVersion: string;
    }
  | { readonly kind: "listFailed"; readonly fault: Fault }
  | {
      readonly kind: "watched";
      readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";
      readonly object: ApiObject;
    }
  /** The watch is over; without a fault the server closed it in good order. */
  | { readonly kind: "watchEnded"; readonly fault: Fault | undefined }
  | { readonly kind: "waited" };

export type ReflectorEffect =
  | { readonly kind: "list"; readonly continue: string | undefined }
  | { readonly kind: "watch"; readonly resourceVersion: string }
  /** Wait this long, give or take the driver's jitter, then feed `waited`. */
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "replace"; readonly objects: readonly ApiObject[] }
  | { readonly kind: "apply"; readonly object: ApiObject }
  | { readonly kind: "remove"; readonly object: ApiObject }
  /** Said once an outage: `fault` at its first failure, undefined when it is over. */
  | { readonly kind: "report"; readonly fault: Fault | undefined };

export type ReflectorState =
  | { readonly kind: "idle" }
  | { readonly kind: "listing"; readonly collected: readonly ApiObject[]; readonly failures: number }
  | {
      readonly kind: "watching";
      readonly resourceVersion: string;
      readonly failures: number;
      /** An event or bookmark came since the watch began: the connection is worth something. */
      readonly progress: boolean;
    }
  | { readonly kind: "waiting"; readonly resume: { readonly watchFrom: string } | "list"; readonly failures: number };

export interface ReflectorStep {
  readonly next: ReflectorState;
  readonly effects: readonly ReflectorEffect[];
}

/** First wait after a failure; doubles up to `LONGEST_WAIT_MS`. */
export const FIRST_WAIT_MS = 500;
export const LONGEST_WAIT_MS = 30_000;
/** Longest Retry-After that is honoured: a server's mistake must not leave us blind for hours. */
const LONGEST_RETRY_AFTER_MS = 120_000;

export const idle: ReflectorState = { kind: "idle" };

export function step(state: ReflectorState, event: ReflectorEvent): ReflectorStep {
  switch (event.kind) {
    case "start":
      return state.kind === "idle" ? list(0) : stay(state);
    case "page":
      return state.kind === "listing" ? page(state, event) : stay(state);
    case "listFailed":
      return state.kind === "listing" ? listFailed(state, event.fault) : stay(state);
    case "watched":
      return state.kind === "watching" ? watched(state, event) : stay(state);
    case "watchEnded":
      return state.kind === "watching" ? watchEnded(state, event.fault) : stay(state);
    case "waited":
      return state.kind === "waiting" ? resume(state) : stay(state);
  }
}

const stay = (state: ReflectorState): ReflectorStep => ({ next: state, effects: [] });

const list = (failures: number): ReflectorStep => ({
  next: { kind: "listing", collected: [], failures },
  effects: [{ kind: "list", continue: undefined }],
});

function resume({ resume: from, failures }: ReflectorState & { kind: "waiting" }): ReflectorStep {
  if (from === "list") return list(failures);
  return {
    next: { kind: "watching", resourceVersion: from.watchFrom, failures, progress: false },
    effects: [{ kind: "watch", resourceVersion: from.watchFrom }],
  };
}

function page(
  { collected, failures }: ReflectorState & { kind: "listing" },
  event: ReflectorEvent & { kind: "page" },
): ReflectorStep {
  const objects = collected.concat(event.items);
  if (event.continue !== undefined) {
    return {
      next: { kind: "listing", collected: objects, failures },
      effects: [{ kind: "list", continue: event.continue }],
    };
  }
  const { resourceVersion } = event;
  const over: readonly ReflectorEffect[] = failures > 0 ? [{ kind: "report", fault: undefined }] : [];
  return {
    next: { kind: "watching", resourceVersion, failures: 0, progress: false },
    effects: [...over, { kind: "replace", objects }, { kind: "watch", resourceVersion }],
  };
}

/** An expired continue token begins a fresh list at once; anything else waits and begins again. */
function listFailed({ collected, failures }: ReflectorState & { kind: "listing" }, fault: Fault): ReflectorStep {
  if (isExpired(fault) && collected.length > 0) return list(failures);
  return wait("list", failures, fault);
}

function watched(
  state: ReflectorState & { kind: "watching" },
  { type, object }: ReflectorEvent & { kind: "watched" },
): ReflectorStep {
  const resourceVersion = object.metadata?.resourceVersion ?? state.resourceVersion;
  const next = { ...state, resourceVersion, failures: 0, progress: true };
  const over: readonly ReflectorEffect[] = state.failures > 0 ? [{ kind: "report", fault: undefined }] : [];
  if (type === "BOOKMARK") return { next, effects: over };
  return { next, effects: [...over, { kind: type === "DELETED" ? "remove" : "apply", object }] };
}

/**
 * 410, inside the watch or as its status, means that our version is forgotten: list again. A watch that ended in good
 * order after it had brought something goes on at once; everything else waits.
 */
function watchEnded(state: ReflectorState & { kind: "watching" }, fault: Fault | undefined): ReflectorStep {
  const { resourceVersion, failures, progress } = state;
  if (fault !== undefined && isExpired(fault)) return list(failures);
  if (fault !== undefined) return wait({ watchFrom: resourceVersion }, failures, fault);
  if (progress) return resume({ kind: "waiting", resume: { watchFrom: resourceVersion }, failures });
  return {
    next: { kind: "waiting", resume: { watchFrom: resourceVersion }, failures },
    effects: [{ kind: "wait", ms: FIRST_WAIT_MS }],
  };
}

function wait(next: (ReflectorState & { kind: "waiting" })["resume"], failures: number, fault: Fault): ReflectorStep {
  const asked = fault.kind === "status" ? fault.retryAfterMs : undefined;
  const backOff = Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures, 10), LONGEST_WAIT_MS);
  const ms = Math.max(backOff, Math.min(asked ?? 0, LONGEST_RETRY_AFTER_MS));
  const first: readonly ReflectorEffect[] = failures === 0 ? [{ kind: "report", fault }] : [];
  return {
    next: { kind: "waiting", resume: next, failures: failures + 1 },
    effects: [...first, { kind: "wait", ms }],
  };
}

const isExpired = (fault: Fault): boolean => fault.kind === "status" && fault.code === 410;
