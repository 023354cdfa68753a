import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { HopSetTable } from "#route/hop-set.ts";
import { slotOf, VIA_GROUP } from "./target.ts";
import { deleteTemplate, type RouteTemplate, routeTemplate } from "./wire/route.ts";

/** Templates of one family and layer, made when first asked for. */
export class Templates {
  readonly #family: Family;
  readonly #mark: { readonly table: number; readonly protocol: number; readonly metric: number };
  readonly #hopSets: HopSetTable;
  readonly #source: Address | undefined;
  readonly #plain: (RouteTemplate | undefined)[] = [];
  readonly #viaGroup: (RouteTemplate | undefined)[] = [];

  constructor(
    family: Family,
    mark: { readonly table: number; readonly protocol: number; readonly metric: number },
    hopSets: HopSetTable,
    source: Address | undefined,
  ) {
    this.#family = family;
    this.#mark = mark;
    this.#hopSets = hopSets;
    this.#source = source;
  }

  /** @param target 0: the deletion. @param groupId id in the kernel of a target that is a group */
  get(target: number, groupId: number): RouteTemplate {
    const list = target >= VIA_GROUP ? this.#viaGroup : this.#plain;
    const index = target >= VIA_GROUP ? slotOf(target) : target;
    const known = list[index];
    if (known !== undefined) return known;
    const made = this.#make(target, groupId);
    list[index] = made;
    return made;
  }

  #make(target: number, groupId: number): RouteTemplate {
    if (target === 0) return deleteTemplate(this.#family, this.#mark);
    const to = target >= VIA_GROUP ? ({ kind: "object", id: groupId } as const) : this.#hopSets.get(target);
    return routeTemplate(this.#family, this.#mark, to, this.#source);
  }
}
