import type { Change } from "./changes.ts";
import type { Resource } from "./resources.ts";

/** What the main thread and the worker that speaks with the API server say to each other. */

export interface WorkerStart {
  readonly kubeconfig: string | undefined;
  readonly userAgent: string;
  /** File that keeps the objects over a restart; undefined: none. */
  readonly cacheFile: string | undefined;
}

export type ToWorker =
  /** A write; answered by `written` with the same number. */
  | { readonly is: "write"; readonly number: number; readonly request: WriteRequest }
  /** These from now on, and no others. Nothing is followed before this came. */
  | { readonly is: "follow"; readonly resources: readonly Resource[] }
  /** A message was dealt with: the next one may come. */
  | { readonly is: "taken" }
  | { readonly is: "stop" };

export interface WriteRequest {
  readonly method: "GET" | "POST" | "PATCH";
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: unknown;
}

/** `retryable`: the same request may do better later. */
export type WriteOutcome =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly code: number | undefined; readonly text: string; readonly retryable: boolean };

export type FromWorker =
  /** As the file has it, of one kind. */
  | { readonly is: "restored"; readonly kind: string; readonly changes: readonly Change[] }
  /** The first thing but those: what shall be followed? */
  | { readonly is: "begun"; readonly restored: number }
  /** The file cannot be read, or written. */
  | { readonly is: "fileFailed"; readonly text: string }
  /** `id` is that of a Resource, here and below. */
  | { readonly is: "changes"; readonly id: string; readonly changes: readonly Change[] }
  /** The first whole list was told. */
  | { readonly is: "synced"; readonly id: string }
  /** Once an outage; undefined: it is over. */
  | { readonly is: "outage"; readonly id: string; readonly text: string | undefined }
  | { readonly is: "written"; readonly number: number; readonly outcome: WriteOutcome }
  /** Nothing can be asked at all: no access. The worker ends. */
  | { readonly is: "failed"; readonly text: string };
