/** Kinds of what a name stands for. */
export type SymbolKind = "protocol" | "routing table" | "filter";

/** What a name stands for; undefined where it is not known: `CF_SYM_UNDEFINED`. */
export type SymbolTable = (name: string) => SymbolKind | undefined;
