/**
 * A table's column at its maximum length, or a piece of one that grows, all zero: pages that are never touched cost no
 * memory. It is made of shared memory, though no other thread sees it. V8 counts the whole length of an ordinary buffer as
 * if it were used, and collects garbage after each of these: at the start alone five times in a row, 10 to 20 ms each.
 */
export function reserve<Column>(
  kind: { readonly BYTES_PER_ELEMENT: number; new (memory: SharedArrayBuffer): Column },
  length: number,
): Column {
  return new kind(new SharedArrayBuffer(length * kind.BYTES_PER_ELEMENT));
}
