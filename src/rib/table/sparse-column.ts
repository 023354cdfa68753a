const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;

/** One word per id for what few ids have: 0 where it was never set. Pages of 4,096 words exist only where one was set. */
export class SparseColumn {
  readonly #pages: (Uint32Array | undefined)[] = [];
  /** Ids whose word is not 0. */
  size = 0;

  get octets(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.byteLength ?? 0), 0);
  }

  get(id: number): number {
    if (this.size === 0) return 0;
    return this.#pages[id >>> PAGE_BITS]?.[id & (PAGE - 1)] ?? 0;
  }

  set(id: number, value: number): void {
    if (value === 0 && this.size === 0) return;
    const index = id >>> PAGE_BITS;
    while (this.#pages.length <= index) this.#pages.push(undefined);
    let page = this.#pages[index];
    if (page === undefined) {
      if (value === 0) return;
      page = new Uint32Array(PAGE);
      this.#pages[index] = page;
    }
    const before = page[id & (PAGE - 1)]!;
    if (before === 0 && value !== 0) this.size++;
    if (before !== 0 && value === 0) this.size--;
    page[id & (PAGE - 1)] = value;
  }
}
