import type { Address } from "#route/address.ts";
import { hostPrefix, type Prefix } from "#route/prefix.ts";
import type { Command } from "../command.ts";
import type { Parser } from "../parser.ts";
import { jsonLines, routeValue } from "../render/json.ts";
import { formatSessionError } from "../render/session-error.ts";
import { ok, type Reply } from "../reply.ts";
import type { DaemonView, Explanation, ProtocolView } from "../views.ts";

/**
 * Commands that BIRD does not have, for `linnet status` and `linnet why`. They answer JSON values (see `render/json.ts`)
 * in every dialect.
 */
export const linnetCommands: readonly Command[] = [
  {
    words: ["linnet", "status"],
    whenRestricted: "allowed",
    parse(parser, { daemon }) {
      parser.end();
      return () => nodeStatus(daemon);
    },
  },
  {
    words: ["linnet", "why"],
    whenRestricted: "allowed",
    parse(parser, { daemon }) {
      const target = addressOrPrefix(parser);
      parser.end();
      return () => why(daemon.explain(target));
    },
  },
];

function addressOrPrefix(parser: Parser): Prefix | Address {
  const address = parser.acceptAddress() ?? parser.fail();
  return parser.is("'/'") ? parser.prefixLength(address) : hostPrefix(address);
}

/** First the node, then its neighbours. */
function* nodeStatus(daemon: DaemonView): Reply {
  const { ipv4, ipv6 } = daemon.tables;
  yield* jsonLines({
    ...daemon.status(),
    tables: { ipv4: ipv4.counts, ipv6: ipv6.counts },
    forwarding: daemon.forwarding(),
  });
  for (const view of daemon.protocols()) if (view.kind === "BGP") yield* jsonLines(neighbour(view));
  return ok;
}

function neighbour({ name, state, sinceMs, disabled, description, message, channels, bgp }: ProtocolView): object {
  return {
    name,
    state,
    sinceMs,
    disabled,
    description,
    message,
    address: bgp?.address,
    remoteAs: bgp?.remoteAs,
    session: bgp?.state,
    flaps: bgp?.flaps,
    lastError: bgp?.lastError && formatSessionError(bgp.lastError),
    families: channels.map(({ family, state: channelState, routes, neighbourRestarting }) => ({
      family,
      state: channelState,
      received: routes?.imported,
      rejected: routes?.filtered,
      sent: routes?.exported,
      best: routes?.preferred,
      neighbourRestarting,
    })),
  };
}

function* why(explanation: Explanation): Reply {
  const paths = explanation.paths.map((path) => ({ ...path, route: routeValue(path.route) }));
  yield* jsonLines({ ...explanation, paths });
  return ok;
}
