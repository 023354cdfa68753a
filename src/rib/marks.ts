import type { Mark, Member } from "./outbox.ts";

/** Members of a group that wait to be told that something is complete: End-of-RIB, or the end of a refresh. */
export class Marks {
  readonly #waiting = new Set<Member>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** `member` is of the group now, with the marks that it brings. */
  enter(member: Member): void {
    if (member.marks.length > 0) this.#waiting.add(member);
  }

  exit(member: Member): void {
    this.#waiting.delete(member);
  }

  add(member: Member, mark: Mark): void {
    member.marks.push(mark);
    this.#waiting.add(member);
  }

  /** Marks whose place is known come after everything up to `position` of the queue. */
  postpone(position: number): void {
    for (const { marks } of this.#waiting) {
      for (const mark of marks) if (mark.after !== Number.POSITIVE_INFINITY) mark.after = position;
    }
  }

  /** Members whose next mark is of `kind`, and due once the queue was seen up to `taken`; the mark is taken off them. */
  take(kind: Mark["kind"], taken: number): Member[] {
    const due = [...this.#waiting].filter(({ marks }) => marks[0]?.kind === kind && marks[0].after <= taken);
    for (const member of due) {
      member.marks.shift();
      if (member.marks.length === 0) this.#waiting.delete(member);
    }
    return due;
  }
}
