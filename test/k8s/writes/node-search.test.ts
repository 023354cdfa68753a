import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConfigObject, ObjectSet } from "#config/objects.ts";
import { selects } from "#config/schema/selector.ts";
import { NodeSearch } from "#k8s/writes/node-search.ts";
import { VersionedMap } from "#lib/versioned-map.ts";
import { nodeYaml, objectsOf } from "../../config/objects-of.ts";

const racks = ["a", "b", "c"] as const;
const cluster = (labels: readonly (string | undefined)[]): ObjectSet =>
  objectsOf(...labels.map((rack, at) => nodeYaml(`n${at}`, [], [], rack === undefined ? {} : { labels: { rack } })));

test("whatever nodes come, go and change their labels, a search knows what a look at all of them would", () => {
  const rack = fc.constantFrom(...racks, undefined);
  fc.assert(
    fc.property(fc.array(fc.array(rack, { maxLength: 6 }), { minLength: 1, maxLength: 6 }), (history) => {
      const search = new NodeSearch();
      const selectors = racks.map((each) => ({ matchLabels: { rack: each } }));
      for (const labels of history) {
        const { Node: nodes } = cluster(labels);
        const found = selectors.map((selector) => search.finds(selector, nodes));
        const obvious = selectors.map((each) =>
          [...nodes.values()].some(({ value }) => selects(each, value.metadata.labels)),
        );
        expect(found).toEqual(obvious);
      }
    }),
  );
});

test("while nobody is found, only nodes that changed are looked at again", () => {
  const looks: string[] = [];
  const watched = (rack: string, name: string): readonly [string, ConfigObject<"Node">] => {
    const [object] = cluster([rack]).Node.values();
    if (object === undefined) throw new Error("no node");
    const { kind, value, source } = object;
    return [
      name,
      {
        kind,
        name,
        source,
        value: {
          ...value,
          get metadata() {
            looks.push(name);
            return value.metadata;
          },
        },
      },
    ];
  };
  const before = VersionedMap.of(Array.from({ length: 100 }, (_, at) => watched("a", `n${at}`)));
  const selector = { matchLabels: { rack: "b" } };
  const search = new NodeSearch();
  expect(search.finds(selector, before)).toBe(false);
  expect(looks.length).toBe(100);
  looks.length = 0;
  expect(search.finds(selector, before)).toBe(false);
  expect(search.finds(selector, before.with([["n7", undefined], watched("b", "n8")]))).toBe(true);
  expect(looks).toEqual(["n8"]);
});
