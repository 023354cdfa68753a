import fc from "fast-check";
import { expect, test } from "vitest";
import { type Offer, ServiceIndex } from "#config/compile/service-index.ts";
import type { OriginatedPrefix } from "#config/node-config.ts";
import type { ConfigObject } from "#config/objects.ts";
import { finish } from "#lib/steps.ts";
import { VersionedMap } from "#lib/versioned-map.ts";

/** A Service is the addresses that it offers by rank; a slice is the Service that it is of, and whether it is ready. */
interface Given {
  readonly name: string;
  readonly addresses: readonly (readonly [key: string, rank: number])[];
}
interface GivenSlice {
  readonly name: string;
  readonly service: string;
  readonly isReady: boolean;
}

const offersOf = ({ name, addresses }: Given): Offer[] => {
  return addresses.map(([key, rank]) => ({
    key,
    rank,
    originated: { source: `service/${name}`, localPref: rank, prefix: key } as unknown as OriginatedPrefix,
  }));
};
const objectOf = (value: { readonly name: string }): never => ({ name: value.name, value }) as never;
const givenBy = <T>(object: ConfigObject): T => object.value as unknown as T;
const rules = {
  offers: (service: ConfigObject<"Service">): Offer[] => offersOf(givenBy<Given>(service)),
  ready: (slice: ConfigObject<"EndpointSlice">) => {
    const { service, isReady } = givenBy<GivenSlice>(slice);
    return isReady ? { service, bits: 1 } : { service: "", bits: 0 };
  },
};

/** The slow, obvious twin: of all offers of ready Services, by name, those that no other one's is better than. */
function expected(services: Map<string, Given>, slices: Map<string, GivenSlice>): OriginatedPrefix[] {
  const isReady = ({ name }: Given): boolean =>
    [...slices.values()].some((slice) => slice.isReady && slice.service === name);
  const ready = [...services.values()].filter(isReady).sort((a, b) => (a.name < b.name ? -1 : 1));
  const offers = ready.flatMap((service) => offersOf(service).map((offer) => ({ ...offer, name: service.name })));
  const rankOf = (name: string, key: string): number =>
    offers.find((offer) => offer.name === name && offer.key === key)?.rank ?? Number.POSITIVE_INFINITY;
  const stays = (offer: (typeof offers)[number], index: number): boolean => {
    if (offers.findIndex(({ name, key }) => name === offer.name && key === offer.key) !== index) return false;
    const own = rankOf(offer.name, offer.key);
    return offers.every(({ name, key }) => {
      if (key !== offer.key || name === offer.name) return true;
      const its = rankOf(name, key);
      return its > own || (its === own && name > offer.name);
    });
  };
  return offers.filter(stays).map(({ originated }) => originated);
}

const name = fc.nat(4).map((number) => `shop/s${number}`);
/** By rank, as rules are asked one after the other; the same address may stand there twice. */
const addresses = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat(2)), { maxLength: 4, size: "max" })
  .map((list) => list.sort(([, a], [, b]) => a - b));
const slice = fc.record({
  name: fc.nat(9).map((number) => `e${number}`),
  service: name,
  isReady: fc.nat(3).map((number) => number > 0),
});
const change = fc.oneof(
  { arbitrary: fc.record({ put: fc.record({ name, addresses }) }), weight: 3 },
  { arbitrary: fc.record({ slice }), weight: 3 },
  fc.record({ gone: name }),
  fc.record({ goneSlice: fc.nat(9).map((number) => `e${number}`) }),
);
const others = fc.array(fc.constant({ source: "node/n1" } as OriginatedPrefix), { maxLength: 2 });

test("after any changes stays what would stay of these Services and slices alone, behind all others", () => {
  const step = fc.record({ changes: fc.array(change, { maxLength: 6, size: "max" }), others });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12, size: "max" }), (steps) => {
      const index = new ServiceIndex(rules);
      const [services, slices] = [new Map<string, Given>(), new Map<string, GivenSlice>()];
      const all = { services: VersionedMap.of<never>([]), slices: VersionedMap.of<never>([]) };
      for (const { changes, others: first } of steps) {
        for (const one of changes) {
          if ("put" in one) services.set(one.put.name, one.put);
          else if ("slice" in one) slices.set(one.slice.name, one.slice);
          else if ("gone" in one) services.delete(one.gone);
          else slices.delete(one.goneSlice);
        }
        all.services = versionOf(all.services, services);
        all.slices = versionOf(all.slices, slices);
        const result = finish(index.update(all.services, all.slices, first));
        expect(result).toEqual([...first, ...expected(services, slices)]);
        expect(finish(index.update(all.services, all.slices, first))).toBe(result);
      }
    }),
    { numRuns: 300 },
  );
});

/** The version that holds these; objects that did not change stay the same values. */
function versionOf(before: VersionedMap<never>, now: ReadonlyMap<string, { readonly name: string }>) {
  const put = Array.from(now, ([key, value]) => {
    const known = before.get(key) as { readonly value: unknown } | undefined;
    return [key, known?.value === value ? (known as never) : objectOf(value)] as const;
  });
  const gone = Array.from(before.keys(), (key) => [key, undefined] as const).filter(([key]) => !now.has(key));
  return before.with([...put, ...gone]);
}
