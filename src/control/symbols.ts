/** Kinds of what a name stands for. */
export type SymbolKind = "protocol" | "routing table" | "filter";

/** Names that are known, for telling `CF_SYM_KNOWN` from `CF_SYM_UNDEFINED`. */
export type SymbolTable = ReadonlyMap<string, SymbolKind>;
