/** Messages as they come, and a way to wait for what is wanted of them. */
export class Inbox<T> {
  readonly all: T[] = [];
  #waiting: (() => void)[] = [];

  readonly put = (message: T): void => {
    this.all.push(message);
    for (const wake of this.#waiting.splice(0)) wake();
  };

  /** Resolves once the messages so far satisfy `enough`. */
  async until(enough: (all: readonly T[]) => boolean): Promise<void> {
    while (!enough(this.all)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves with the first message, of those to come too, that is meant. */
  async first(meant: (message: T) => boolean): Promise<T> {
    await this.until((all) => all.some(meant));
    return this.all.find(meant) as T;
  }

  clear(): void {
    this.all.length = 0;
  }
}
