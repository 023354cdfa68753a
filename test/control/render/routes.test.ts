import fc from "fast-check";
import { expect, test } from "vitest";
import { noAttributes } from "#bgp/wire/attribute-codec.ts";
import { routesBird2 } from "#control/render/bird2-routes.ts";
import { routesBird16 } from "#control/render/bird16-routes.ts";
import type { RouteItem } from "#control/render/renderer.ts";
import { ReplyWriter } from "#control/reply-writer.ts";
import { bird2Formats, timePrinter } from "#control/timeformat.ts";
import type { HopView, RouteView } from "#control/views.ts";
import type { Origin } from "#route/attributes.ts";
import { prefixOf } from "#route/prefix.ts";
import { ReplyFramer } from "../support/reply-framer.ts";
import { bird2Lines, bird16Lines } from "../support/route-text.ts";

const address = fc.oneof(
  fc.constantFrom(0x0a000001, 0x0a000002, 0xffffffff).map((word) => ({ family: "ipv4" as const, words: [word] })),
  fc.constantFrom(1, 2).map((word) => ({ family: "ipv6" as const, words: [0x20010db8, 0, 0, word] })),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const hop: fc.Arbitrary<HopView> = fc.record({
  gateway: maybe(address),
  interface: maybe(fc.constantFrom("eth0", "möbius0")),
  weight: fc.integer({ min: 1, max: 256 }),
  onlink: fc.boolean(),
});
const began = maybe(fc.record({ as: maybe(fc.nat(0xffffffff)), origin: fc.constantFrom<Origin>(0, 1, 2) }));
const NOW_MS = 1_790_000_000_000;

const route: fc.Arbitrary<RouteView> = fc
  .record({
    protocol: fc.oneof(fc.constantFrom("tor", "Mesh_10_0_0_2"), fc.string({ minLength: 450, maxLength: 520 })),
    source: fc.constant("bgp" as const),
    best: fc.boolean(),
    filtered: fc.boolean(),
    sinceMs: fc.nat(200_000_000).map((agoMs) => NOW_MS - agoMs),
    from: maybe(address),
    destination: fc.constantFrom("unicast" as const, "unreachable" as const),
    hops: fc.array(hop, { maxLength: 3 }),
    preference: fc.constantFrom(100, 200, 65_535),
    stale: fc.boolean(),
    igpMetric: fc.constantFrom(undefined, 0, 20, "unknown" as const, "unreachable" as const),
    refused: fc.boolean(),
    kernel: fc.constant(undefined),
    began,
    attributes: maybe(fc.nat(9).map((med) => ({ ...noAttributes, med }))),
  })
  .map((fields) => ({ ...fields, attributes: () => fields.attributes, began: () => fields.began }));

/** Nets one after the other, most of them with the routes of others: the same objects. */
const nets = fc.array(route, { minLength: 1, maxLength: 6 }).chain((routes) =>
  fc.array(
    fc.record({
      prefix: fc.tuple(address, fc.nat(32)).map(([any, length]) => prefixOf(any, length)),
      routes: fc.array(fc.constantFrom(...routes), { minLength: 1, maxLength: 2 }),
      times: fc.constantFrom(1, 2, 40),
    }),
    { maxLength: 12 },
  ),
);

test.each([
  ["2", routesBird2, bird2Lines],
  ["1.6", routesBird16, bird16Lines],
] as const)(
  "routes are written as BIRD %s writes them, also one like the other, and over the ends of blocks",
  (_, renderer, twin) => {
    fc.assert(
      fc.property(nets, fc.boolean(), (list, detailed) => {
        const times = timePrinter(bird2Formats, NOW_MS, () => 0);
        let written = "";
        const out = new ReplyWriter((block) => {
          written += Buffer.from(block).toString();
        });
        const { route: write } = renderer(times);
        const framer = new ReplyFramer();
        let expected = "";
        for (const { prefix, routes, times: often } of list) {
          for (let count = 0; count < often; count++) {
            for (const [index, shown] of routes.entries()) {
              const item: RouteItem = { table: "master4", prefix, route: shown, first: index === 0, detailed };
              write(out, item);
              for (const line of twin(item, times)) expected += framer.frame(line, false);
            }
          }
        }
        out.flush();
        expect(written).toBe(expected);
      }),
    );
  },
);
