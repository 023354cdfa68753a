import type { Prefix } from "#route/prefix.ts";
import type { InterfaceView } from "../interface-view.ts";
import type { Lines } from "../reply.ts";
import type { ReplyWriter } from "../reply-writer.ts";
import type { SymbolKind } from "../symbols.ts";
import type { BfdSessionView, DaemonStatus, MemoryView, ProtocolView, RouteView, StaticView } from "../views.ts";

/** Puts views into words: one implementation for each dialect, and one for programs. */
export interface Renderer {
  status(status: DaemonStatus): Lines;
  memory(rows: readonly MemoryView[]): Lines;
  protocols(list: Iterable<ProtocolView>, detailed: boolean): Lines;
  interfaces(list: readonly InterfaceView[]): Lines;
  interfaceSummary(list: readonly InterfaceView[]): Lines;
  statics(list: readonly StaticView[]): Lines;
  bfdSessions(protocol: string, list: readonly BfdSessionView[]): Lines;
  symbols(list: readonly NamedSymbol[]): Lines;
  /** One symbol that was asked for by name. */
  symbol(name: string, kind: SymbolKind | undefined): Lines;
  readonly routes: RouteRenderer;
}

export interface NamedSymbol {
  readonly name: string;
  readonly kind: SymbolKind;
}

/** Routes pass one by one and become octets at once, so that a table of any size needs no room. */
export interface RouteRenderer {
  /** Before the first route of a table. @param first no other table was begun before */
  heading(out: ReplyWriter, table: string, first: boolean): void;
  route(out: ReplyWriter, item: RouteItem): void;
  /** The line that counts one table. @param listed its routes were shown as well */
  count(out: ReplyWriter, table: string, counts: RouteTotals, listed: boolean): void;
  /** The end of the reply. @param totals of all tables, where that was asked for; undefined: no counting */
  end(totals: RouteTotals | undefined, listed: boolean): Lines;
}

export interface RouteItem {
  readonly table: string;
  readonly prefix: Prefix;
  readonly route: RouteView;
  /** The first route of its net that is shown. */
  readonly first: boolean;
  readonly detailed: boolean;
}

export interface RouteTotals {
  readonly shown: number;
  readonly routes: number;
  readonly nets: number;
  readonly tables: number;
}
