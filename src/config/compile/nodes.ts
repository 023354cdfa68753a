import type { ObjectSet } from "../objects.ts";
import type { Remark } from "../remark.ts";
import type { BgpConfigurationSpec } from "../schema/bgp-configuration.ts";
import { byAge } from "./age.ts";
import { settle } from "./conflicts.ts";
import type { Memory } from "./memory.ts";
import { factsOf, type NodeFacts } from "./node-facts.ts";
import { Report } from "./report.ts";

interface Told<T> {
  readonly value: T;
  readonly remarks: readonly Remark[];
}

function tell<T>(make: (report: Report) => T): Told<T> {
  const report = new Report();
  return { value: make(report), remarks: report.remarks };
}

/** All nodes, earlier ones first (by creation, then by name), with conflicts between them settled and reported. */
export function allNodes(
  objects: ObjectSet,
  spec: BgpConfigurationSpec,
  report: Report,
  memory: Memory,
): readonly NodeFacts[] {
  const facts = byAge(objects.Node.values()).map((object) => {
    const told = memory.recallOf("facts", object, [spec], () => tell((own) => factsOf(object, spec, own)));
    report.repeat(told.remarks);
    return told.value;
  });
  const settled = memory.recall("settled nodes", facts, () => {
    return tell((own) => settle(facts, own));
  });
  report.repeat(settled.remarks);
  return settled.value;
}
