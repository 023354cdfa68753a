import type { DumpEnd, Refusal } from "../netlink-port.ts";

/** What the main thread and the kernel thread tell each other; buffers of dumps and notifications are transferred. */

/** What the thread is started with. */
export interface KernelWorkerData {
  readonly mode: KernelMode;
  /** Room for batches, shared: transferring them cost more in garbage collection than all else on the main thread. */
  readonly rooms: readonly SharedArrayBuffer[];
}

/** `write`: everything. `readonly`: dumps and notifications; batches are swallowed and called done. */
export type KernelMode = "write" | "readonly";

export type ToWorker =
  /** The room is the thread's until it has answered. `last`: sequence number of the message that is acknowledged. */
  | { readonly kind: "batch"; readonly room: number; readonly octets: number; readonly last: number }
  | { readonly kind: "dump"; readonly id: number; readonly request: ArrayBuffer }
  /** The chunk was read; its buffer comes back, and with it leave to send another one. */
  | { readonly kind: "read"; readonly id: number; readonly buffer: ArrayBuffer }
  | { readonly kind: "close" };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly reason: string }
  | {
      readonly kind: "answer";
      readonly room: number;
      readonly refusals: readonly Refusal[];
      readonly lost: string | undefined;
    }
  | { readonly kind: "chunk"; readonly id: number; readonly buffer: ArrayBuffer; readonly octets: number }
  | { readonly kind: "end"; readonly id: number; readonly end: DumpEnd }
  | { readonly kind: "notified"; readonly buffer: ArrayBuffer }
  | { readonly kind: "overrun" };
