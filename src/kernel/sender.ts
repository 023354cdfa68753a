import { bug } from "#lib/bug.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { Answer, NetlinkPort } from "./netlink-port.ts";
import { askAcknowledgement } from "./wire/route.ts";

/** How long a turn goes on before others have theirs. */
const TURN_MS = 2;
/** Routes that one turn looks at, for clocks that stand still. */
const TURN_ROUTES = 4096;

/**
 * Least time between two turns with little to send. Waking the thread and hearing its answer costs as much as the work of
 * a hundred routes: those of a mesh, which come one at a time, travel together. The first one after a rest goes at once.
 */
const PACE_MS = 4;
/** Routes that are worth a turn of their own. */
const WORTH_ROUTES = 64;

/** `Answer.lost` of messages that a pause kept from being sent. */
export const NOT_SENT = "ECANCELED";

/** Whole messages, written into the room that was given. */
export interface Batch {
  /** Words written, and where the last message begins. */
  readonly words: number;
  readonly last: number;
  readonly answered: (answer: Answer) => void;
}

/** Something that has messages to send. */
export interface Source {
  /** How much waits for its turn. */
  readonly pending: number;
  /** @returns whether all that waits now had its turn, whenever it is asked */
  checkpoint(): () => boolean;
  /** Called before a turn's batches and after answers; may call `Sender.send`. */
  prepare(): void;
  /**
   * Writes one batch. @param budget how many routes it may look at
   * @returns how many it looked at; a batch unless none of them needed a message
   */
  fill(room: Uint32Array, budget: number): { readonly looked: number; readonly batch: Batch | undefined };
}

/**
 * What was on its way or waited for an object when it was asked for comes up again when that is answered: all is tried once
 * two passes over what waits are answered.
 */
const PASSES = 2;

/** Somebody who wants to know when all that is wanted was tried. */
interface Trial {
  passes: number;
  /** Had everything that waited when the pass began its turn? */
  hadTurn: () => boolean;
  /** Batches that had been sent by then. */
  sent: number | undefined;
  readonly then: () => void;
}

/** Sends what its sources have, at the end of the turn and as fast as answers come, a few batches at a time. */
export class Sender {
  readonly #port: NetlinkPort;
  readonly #clock: Clock;
  readonly #lost: (code: string) => void;
  #sources: readonly Source[] = [];
  /** Messages that go before what sources have, in order. */
  #messages: { readonly words: readonly Uint32Array[]; readonly answered: (answer: Answer) => void }[] = [];
  /** Reasons not to send; one of them is that nobody has begun yet. */
  #pauses = 1;
  #scheduled = false;
  /** Runs while little waits for its turn. */
  #pace: Timer | undefined;
  #lastTurnMs = -Infinity;
  /** Batches, since the start. */
  #sent = 0;
  #answered = 0;
  #fills = 0;
  #whenQuiet: (() => void)[] = [];
  #trials: Trial[] = [];
  /** Pauses that wait for the last answer. */
  #whenLanded: (() => void)[] = [];

  /** @param lost called when the answer to a batch was lost, after its own `answered` */
  constructor(port: NetlinkPort, clock: Clock, lost: (code: string) => void) {
    this.#port = port;
    this.#clock = clock;
    this.#lost = lost;
  }

  /** Sources take turns. */
  attach(sources: readonly Source[]): void {
    this.#sources = sources;
  }

  /** A batch of its own, before what sources have; nothing at all where there are no messages. */
  send(words: readonly Uint32Array[], answered: (answer: Answer) => void): void {
    if (words.length === 0) return;
    this.#messages.push({ words, answered });
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled || this.#paused || this.#waits()) return;
    this.#pace?.cancel();
    this.#pace = undefined;
    this.#scheduled = true;
    this.#clock.soon(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.#flush();
  };

  /** Too little to send, too soon? @returns true: its time comes */
  #waits(): boolean {
    if (this.#messages.length > 0 || this.#trials.length > 0 || this.#pending >= WORTH_ROUTES) return false;
    if (this.#pace !== undefined) return true;
    const dueMs = this.#lastTurnMs + PACE_MS - this.#clock.nowMs();
    if (dueMs <= 0) return false;
    this.#pace = this.#clock.after(dueMs, () => {
      this.#pace = undefined;
      this.#flush();
    });
    return true;
  }

  /** Stops sending. @param then called once the last answer is in; what was not sent counts as lost by then */
  pause(then: () => void): void {
    this.#pauses++;
    this.#whenLanded.push(() => {
      for (const { answered } of this.#messages.splice(0)) answered({ refusals: [], lost: NOT_SENT });
      then();
    });
    this.#quiet();
  }

  /** Ends one pause. */
  resume(): void {
    this.#pauses--;
    this.schedule();
    this.#quiet();
  }

  /** @param then called, once, when nothing is on its way, nothing waits for its turn and nobody pauses */
  whenQuiet(then: () => void): void {
    this.#whenQuiet.push(then);
    this.#quiet();
  }

  /** @param then called, once, when all that waits or is on its way now was sent, and answered, for better or worse */
  whenTried(then: () => void): void {
    this.#trials.push({ passes: PASSES, hadTurn: this.#checkpoint(), sent: undefined, then });
    if (this.#pending > 0) this.schedule();
    this.#try();
  }

  #checkpoint(): () => boolean {
    const hadTurns = this.#sources.map((source) => source.checkpoint());
    return () => this.#messages.length === 0 && hadTurns.every((hadTurn) => hadTurn());
  }

  /** Answers come in the order of sending. */
  #try(): void {
    for (const trial of this.#trials) {
      while (trial.passes > 0) {
        if (trial.sent === undefined && trial.hadTurn()) trial.sent = this.#sent;
        if (trial.sent === undefined || this.#answered < trial.sent) break;
        trial.passes--;
        trial.hadTurn = this.#checkpoint();
        trial.sent = undefined;
      }
    }
    const tried = this.#trials.filter(({ passes }) => passes === 0);
    if (tried.length === 0) return;
    this.#trials = this.#trials.filter(({ passes }) => passes > 0);
    for (const { then } of tried) then();
  }

  get #paused(): boolean {
    return this.#pauses > 0;
  }

  get #pending(): number {
    let pending = this.#messages.length;
    for (const source of this.#sources) pending += source.pending;
    return pending;
  }

  #quiet(): void {
    if (this.#answered < this.#sent) return;
    for (const then of this.#whenLanded.splice(0)) then();
    if (this.#paused || this.#scheduled || this.#pending > 0) return;
    for (const then of this.#whenQuiet.splice(0)) then();
  }

  #flush(): void {
    if (this.#paused) return;
    this.#lastTurnMs = this.#clock.nowMs();
    for (const source of this.#sources) source.prepare();
    let budget = TURN_ROUTES;
    while (budget > 0 && this.#pending > 0 && this.#clock.nowMs() - this.#lastTurnMs < TURN_MS) {
      const room = this.#port.room();
      if (room === undefined) return; // an answer comes, and with it the next turn
      const message = this.#messages.shift();
      if (message === undefined) budget -= this.#fill(room, budget);
      else this.#submit(room, put(message.words, room, message.answered));
    }
    this.#next();
  }

  /** After a turn or an answer. */
  #next(): void {
    if (!this.#paused) for (const source of this.#sources) source.prepare();
    if (this.#pending > 0) this.schedule();
    this.#try();
    this.#quiet();
  }

  #fill(room: Uint32Array, budget: number): number {
    const ready = this.#sources.filter(({ pending }) => pending > 0);
    const { looked, batch } = ready[this.#fills++ % ready.length]!.fill(room, budget);
    if (batch === undefined) this.#port.release(room);
    else this.#submit(room, batch);
    return looked;
  }

  #submit(room: Uint32Array, { words, last, answered }: Batch): void {
    const sequence = askAcknowledgement(room, last);
    this.#sent++;
    this.#port.submit(room, words, sequence, (answer) => {
      this.#answered++;
      answered(answer);
      if (answer.lost !== undefined) this.#lost(answer.lost);
      this.#next();
    });
  }
}

function put(messages: readonly Uint32Array[], room: Uint32Array, answered: (answer: Answer) => void): Batch {
  let words = 0;
  let last = 0;
  messages.forEach((message, index) => {
    if (words + message.length > room.length) bug("a batch larger than its room");
    room.set(message, words);
    room[words + 2] = index;
    last = words;
    words += message.length;
  });
  return { words, last, answered };
}
