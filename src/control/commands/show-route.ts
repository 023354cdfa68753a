import { type Family, families } from "#route/family.ts";
import type { Run } from "../command.ts";
import type { Parser } from "../parser.ts";
import type { RouteTotals } from "../render/renderer.ts";
import type { Reply } from "../reply.ts";

const tableNames: Readonly<Record<Family, string>> = { ipv4: "master4", ipv6: "master6" };

export function parseShowRoute(parser: Parser): Run {
  const detailed = parser.accept("ALL");
  parser.end();
  return function* ({ daemon, render }): Reply {
    let first = true;
    for (const family of families) {
      const walk = daemon.tables[family].walk(undefined);
      let open = false;
      for (let net = walk.step(); net !== "end"; net = walk.step()) {
        if (net === "more") {
          yield "turn";
          continue;
        }
        if (!open) yield* render.routes.heading(tableNames[family], first);
        first = false;
        open = true;
        let firstOfNet = true;
        for (const route of net.routes) {
          if (route.filtered) continue;
          yield* render.routes.route({
            table: tableNames[family],
            prefix: net.prefix,
            route,
            first: firstOfNet,
            detailed,
          });
          firstOfNet = false;
        }
      }
    }
    return yield* render.routes.end(undefined as RouteTotals | undefined, false);
  };
}
