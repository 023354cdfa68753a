/** How much a RIB may hold. Arrays are reserved at their maximum: pages that were never touched cost no memory. */
export interface RibLimits {
  readonly prefixes4: number;
  readonly prefixes6: number;
  readonly paths4: number;
  readonly paths6: number;
  readonly attributeSets: number;
  /** Octets of all attribute sets together. */
  readonly attributeOctets: number;
  /** At most 65,534: what the groups remember per prefix has 16 bits. */
  readonly neighbours: number;
}

export const defaultLimits: RibLimits = {
  prefixes4: 4_000_000,
  prefixes6: 2_000_000,
  paths4: 16_000_000,
  paths6: 8_000_000,
  attributeSets: 4_000_000,
  attributeOctets: 512 * 1024 * 1024,
  neighbours: 16_384,
};

/**
 * A table has reached its named limit. Thrown before anything was changed, so that the caller can end the session that
 * sends too much (RFC 4486 §4, Out of Resources) and everything else goes on.
 */
export class TableFull extends Error {
  override readonly name = "TableFull";
  readonly table: keyof RibLimits;
  readonly limit: number;

  constructor(table: keyof RibLimits, limit: number) {
    super(`the table of ${table} is full at ${limit}`);
    this.table = table;
    this.limit = limit;
  }
}
