import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Bird } from "../support/lab/bird.ts";
import { ExaBgp } from "../support/lab/exabgp.ts";
import { Frr } from "../support/lab/frr.ts";
import { GoBgp } from "../support/lab/gobgp.ts";
import { OpenBgpd } from "../support/lab/openbgpd.ts";
import { scenarios } from "../support/lab/scenarios/all.ts";
import type { Scenario } from "../support/lab/scenarios/scenario.ts";
import type { Product } from "../support/lab/session-lab.ts";

const products: readonly Product[] = [Bird, Frr, GoBgp, OpenBgpd, ExaBgp];
const docs = join(import.meta.dirname, "../../docs");

/** Why a product cannot be met with a scenario. */
const lackOf = ({ lacks }: Product, { needs = [] }: Scenario): string | undefined =>
  needs.map((feature) => lacks[feature]).find((reason) => reason !== undefined);

/** Facts by neighbours; numbers refer to the reasons below the table. */
function matrix(): string {
  const reasons: string[] = [];
  const cell = (product: Product, scenario: Scenario): string => {
    const reason = lackOf(product, scenario);
    if (reason === undefined) return "yes";
    const text = `${product.product}: ${reason}.`;
    if (!reasons.includes(text)) reasons.push(text);
    return `no (${reasons.indexOf(text) + 1})`;
  };
  const rows = scenarios.map((scenario) => [scenario.name, ...products.map((product) => cell(product, scenario))]);
  const head = ["fact", ...products.map(({ product }) => product)];
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [
    "# What every neighbour is met with",
    "",
    "Each line is a test of each product in `test/lab/`, under this name. This page is made from them: after a change,",
    "`npx vitest run --project unit -u test/docs/labs.test.ts` writes it anew.",
    "",
    ...lines,
    "",
    ...reasons.map((reason, index) => `${index + 1}. ${reason}`),
    "",
  ].join("\n");
}

test("the page on labs shows what is tried with whom, and why something is not", async () => {
  await expect(matrix()).toMatchFileSnapshot(join(docs, "lab-facts.md"));
});

test("every product has a lab, and no fact is left out by all", () => {
  for (const { name } of products) {
    const file = join(import.meta.dirname, `../lab/${name.toLowerCase()}.test.ts`);
    expect(readFileSync(file, "utf8")).toContain(`await meet(${name}, scenarios);`);
  }
  for (const scenario of scenarios) {
    const met = products.filter((product) => lackOf(product, scenario) === undefined);
    expect(met.length, scenario.name).toBeGreaterThanOrEqual(3);
  }
});
