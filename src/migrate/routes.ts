/** A prefix condition of a BGPPolicy, as manifests write it. */
export interface PrefixMatch {
  readonly cidr: string;
  readonly ge?: number;
  readonly le?: number;
}

export const longest = (cidr: string): number => (cidr.includes(":") ? 128 : 32);

/** Without host bits being looked at: our schema does that. */
export function prefixMatch(
  cidr: string,
  how: "exactly" | "within",
  lengths: { min?: number; max?: number } = {},
): PrefixMatch {
  if (how === "exactly") return { cidr };
  const { min, max } = lengths;
  return { cidr, ...(min !== undefined && { ge: min }), le: max ?? longest(cidr) };
}

export const everyRoute = (family: 4 | 6): PrefixMatch =>
  family === 4 ? prefixMatch("0.0.0.0/0", "within") : prefixMatch("::/0", "within");

export const isLargeCommunity = (text: string): boolean => text.split(":").length === 3;

/** `192.0.2.1`, `192.0.2.1:1790`, `[2001:db8::1]:1790`. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number | undefined } {
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  return { host: six ?? four ?? text, port: port === undefined ? undefined : Number(port) };
}
