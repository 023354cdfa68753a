import type { Change } from "./changes.ts";

/** What the main thread and the worker that speaks with the API server say to each other. */

export interface WorkerStart {
  readonly kubeconfig: string | undefined;
  readonly userAgent: string;
  /** Kinds of `resources` to follow. */
  readonly kinds: readonly string[];
}

export type ToWorker =
  /** A write; answered by `written` with the same number. */
  { readonly is: "write"; readonly number: number; readonly request: WriteRequest } | { readonly is: "stop" };

export interface WriteRequest {
  readonly method: "POST" | "PUT" | "PATCH";
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: unknown;
}

/** `retryable`: the same request may do better later. */
export type WriteOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: number | undefined; readonly text: string; readonly retryable: boolean };

export type FromWorker =
  | { readonly is: "changes"; readonly kind: string; readonly changes: readonly Change[] }
  /** The first whole list of `kind` was told. */
  | { readonly is: "synced"; readonly kind: string }
  /** Once an outage; undefined: it is over. */
  | { readonly is: "outage"; readonly kind: string; readonly text: string | undefined }
  | { readonly is: "written"; readonly number: number; readonly outcome: WriteOutcome }
  /** Nothing can be asked at all: no access. The worker ends. */
  | { readonly is: "failed"; readonly text: string };
