import { expect, test } from "vitest";
import { RouteViews } from "#daemon/views/routes.ts";
import { TableView } from "#daemon/views/tables.ts";
import { formatPrefix, type Prefix } from "#route/prefix.ts";
import { Pair, prefix } from "../support/pair.ts";

/** A pair whose second node has some prefixes, which its neighbour is told in one attribute set, or in several. */
async function listing() {
  const pair = new Pair();
  const daemon = await pair.start();
  const table = new TableView("ipv4", new RouteViews(daemon));
  const announce = (blocks: readonly Prefix[], localPref: (index: number) => number | undefined): void => {
    const { other } = pair;
    const [own] = other!.config.originated;
    const originated = blocks.map((block, index) => ({ ...own!, prefix: block, localPref: localPref(index) }));
    other!.reconfigure({ ...other!.config, originated });
    pair.settle();
  };
  return { pair, table, announce };
}

const blocks = Array.from({ length: 40 }, (_, index) => prefix(`10.244.${index + 3}.0/24`));

const words = (view: unknown): string => JSON.stringify(view);

/** Every net as a listing meets it, and what is seen of it when it is asked for alone. */
function compare(table: TableView): { nets: number; routes: Set<unknown> } {
  const walk = table.walk(undefined);
  const met: { net: Prefix; text: string }[] = [];
  const routes = new Set<unknown>();
  for (let net = walk.step(); net !== "end"; net = walk.step()) {
    if (net === "more") continue;
    for (const route of net.routes) routes.add(route);
    const shown = net.routes.map((route) => ({ ...route, attributes: route.attributes(), began: route.began() }));
    met.push({ net: net.prefix, text: words(shown) });
  }
  for (const { net, text } of met) {
    const alone = table.exact(net)!.routes;
    const shown = alone.map((route) => ({ ...route, attributes: route.attributes(), began: route.began() }));
    expect(text, formatPrefix(net)).toBe(words(shown));
  }
  return { nets: met.length, routes };
}

test("a listing shows each net as it is shown alone, and makes one object for neighbours that are alike", async () => {
  const { table, announce } = await listing();
  announce(blocks, () => undefined);
  const alike = compare(table);
  expect(alike.nets).toBe(41); // one is the node's own
  expect(alike.routes.size).toBe(2);
  announce(blocks, (index) => 100 + (index >> 2));
  expect(compare(table).routes.size).toBe(11);
});

test("a listing that goes on after others had a turn shows what is true then", async () => {
  const { table, announce } = await listing();
  announce(blocks, () => undefined);
  const walk = table.walk(undefined);
  const preferences: (number | undefined)[] = [];
  for (let net = walk.step(); net !== "end"; net = walk.step()) {
    if (net === "more" || net.routes[0]!.source !== "bgp") continue;
    preferences.push(net.routes[0]!.attributes()!.localPref);
    if (preferences.length !== 10) continue;
    announce(blocks, () => 300);
    walk.resume();
  }
  expect(preferences).toHaveLength(40);
  expect(new Set(preferences.slice(0, 10))).toEqual(new Set([100]));
  expect(new Set(preferences.slice(10))).toEqual(new Set([300]));
});
