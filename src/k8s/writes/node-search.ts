import type { ObjectSet } from "#config/objects.ts";
import { type LabelSelector, selects } from "#config/schema/selector.ts";
import { finish } from "#lib/steps.ts";

type Nodes = ObjectSet["Node"];

/** The node that was found last; or, where none was, the nodes that were looked at. */
type Known = { readonly found: string } | { readonly lookedAt: Nodes };

/** Tells whether selectors select any node at all: who was found last is asked first, and no node twice in vain. */
export class NodeSearch {
  /** By selectors of objects in force, and gone with them. */
  readonly #known = new WeakMap<LabelSelector, Known>();

  finds(selector: LabelSelector, nodes: Nodes): boolean {
    const known = this.#known.get(selector);
    const isSelected = (name: string): boolean => {
      const node = nodes.get(name);
      return node !== undefined && selects(selector, node.value.metadata.labels);
    };
    if (known !== undefined && "found" in known && isSelected(known.found)) return true;
    const candidates = known !== undefined && "lookedAt" in known ? changed(known.lookedAt, nodes) : nodes.keys();
    const found = first(candidates, isSelected);
    this.#known.set(selector, found === undefined ? { lookedAt: nodes } : { found });
    return found !== undefined;
  }
}

const changed = (before: Nodes, now: Nodes): string[] => finish(now.changedSince(before));

function first(names: Iterable<string>, is: (name: string) => boolean): string | undefined {
  for (const name of names) if (is(name)) return name;
  return undefined;
}
