import type { ReplyWriter } from "../reply-writer.ts";

/**
 * A part of a line that is the same for one thing after another, as long as it is the same object: neighbours in a table
 * often share all but their prefix. Its octets are copied from where they were written last.
 */
export class Repeated<Thing extends object> {
  readonly #write: (out: ReplyWriter, thing: Thing) => void;
  #last: Thing | undefined;
  #from = 0;
  #to = 0;

  constructor(write: (out: ReplyWriter, thing: Thing) => void) {
    this.#write = write;
  }

  write(out: ReplyWriter, thing: Thing): void {
    const from = out.place;
    if (thing !== this.#last || !out.again(this.#from, this.#to)) this.#write(out, thing);
    this.#last = thing;
    this.#from = from;
    this.#to = out.place;
  }
}
