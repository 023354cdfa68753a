import type { RibView } from "#rib/views.ts";
import { formatPrefix, type Prefix } from "#route/prefix.ts";

/** A route to pod addresses that are another node's, in a sentence: for the log, Events and `linnet status`. */
export const foreignRoute = (prefix: Prefix, node: string, neighbour: string): string =>
  `${formatPrefix(prefix)} belongs to Node/${node}: the route that ${neighbour} told is not installed`;

/** All that are refused now. */
export const foreignRoutes = (view: RibView): string[] =>
  view.foreign().map(({ neighbour, prefix, owner }) => foreignRoute(prefix, owner.node, neighbour));
