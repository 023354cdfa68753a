/** Sockets are written to for so long, then the others have their turn. */
const SLICE_MS = 2;

/** A connection that has something to write. */
interface Writing {
  flush(): void;
}

/**
 * Connections that have something to write, in a line: each is written to once a turn, with all that came for it until
 * then. A system call and what TCP makes of it cost more than the messages of a small session, and as much for three
 * messages as for one.
 */
export class WriteLine {
  #line = new Set<Writing>();
  #planned = false;

  add(connection: Writing): void {
    this.#line.add(connection);
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(() => this.#flushSome());
  }

  /** It has nothing to write any more. */
  remove(connection: Writing): void {
    this.#line.delete(connection);
  }

  #flushSome(): void {
    const endMs = performance.now() + SLICE_MS;
    for (const connection of this.#line) {
      this.#line.delete(connection);
      connection.flush();
      if (performance.now() >= endMs) break;
    }
    this.#planned = this.#line.size > 0;
    if (this.#planned) setImmediate(() => this.#flushSome());
  }
}
