import type { Family } from "#route/family.ts";

export type ProtocolKind = "Device" | "Direct" | "Kernel" | "Static" | "BFD" | "BGP";

/** What is known of a protocol without looking at it: thousands of neighbours are listed in one go, and looked at one by one. */
export interface ListedProtocol {
  readonly name: string;
  readonly kind: ProtocolKind;
  /** Families in which it has routes; none for device and BFD. */
  readonly families: readonly Family[];
}
