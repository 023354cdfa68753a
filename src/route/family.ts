/** The two address families Linnet routes, both unicast (RFC 4760: AFI 1 and 2, SAFI 1). */
export type Family = "ipv4" | "ipv6";

/** In the order in which tables and messages list them. */
export const families: readonly Family[] = ["ipv4", "ipv6"];

/** Address length in bits. */
export const bitsOf = (family: Family): 32 | 128 => (family === "ipv4" ? 32 : 128);
