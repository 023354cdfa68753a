/** Messages a batch: beyond 50 nothing is gained, and 200 hold the kernel's lock for less than a millisecond. */
export const BATCH_MESSAGES = 200;

/** Routes on their way. */
export interface Flight {
  readonly ids: Uint32Array;
  /** Where each route points once it is done; 0: deleted. */
  readonly sent: Uint32Array;
  count: number;
}

/** Flights, used again and again. */
export class Flights {
  readonly #landed: Flight[] = [];

  /** @returns an empty one */
  take(): Flight {
    const flight = this.#landed.pop();
    return flight ?? { ids: new Uint32Array(BATCH_MESSAGES), sent: new Uint32Array(BATCH_MESSAGES), count: 0 };
  }

  release(flight: Flight): void {
    flight.count = 0;
    this.#landed.push(flight);
  }
}
