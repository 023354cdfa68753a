import type { Refusal } from "../netlink-port.ts";

/** What the main thread and the kernel thread tell each other; buffers are transferred. */

/** `write`: everything. `readonly`: dumps and notifications; batches are swallowed and called done. */
export type KernelMode = "write" | "readonly";

export type ToWorker =
  | { readonly kind: "batch"; readonly id: number; readonly buffer: ArrayBuffer; readonly octets: number }
  | { readonly kind: "dump"; readonly id: number; readonly request: ArrayBuffer }
  /** The chunk was read; its buffer comes back, and with it leave to send another one. */
  | { readonly kind: "read"; readonly id: number; readonly buffer: ArrayBuffer }
  | { readonly kind: "close" };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly reason: string }
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly buffer: ArrayBuffer;
      readonly refusals: readonly Refusal[];
      readonly lost: string | undefined;
    }
  | { readonly kind: "chunk"; readonly id: number; readonly buffer: ArrayBuffer; readonly octets: number }
  | { readonly kind: "end"; readonly id: number; readonly code: string; readonly text: string }
  | { readonly kind: "notified"; readonly buffer: ArrayBuffer }
  | { readonly kind: "overrun" };
