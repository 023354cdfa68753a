import type { Family } from "#route/family.ts";

/** Names of the protocols that stand for one family of the node's own, as BIRD would name them. */
export const KERNEL_NAMES: Readonly<Record<Family, string>> = { ipv4: "kernel1", ipv6: "kernel2" };
export const STATIC_NAMES: Readonly<Record<Family, string>> = { ipv4: "static1", ipv6: "static2" };
