import { bug } from "#lib/bug.ts";
import type { Clock } from "#lib/clock.ts";
import type { Command, CommandContext, SessionSettings } from "./command.ts";
import { findCommand } from "./commands/table.ts";
import type { Dialect } from "./dialect.ts";
import { Refusal, SemanticError, SyntaxFailure } from "./errors.ts";
import type { SymbolTable } from "./lexer.ts";
import { octetLength, REPLY_BLOCK_OCTETS, ReplyFramer, type ReplyLine, RequestCutter } from "./line-protocol.ts";
import { Parser } from "./parser.ts";
import { line, oneLine, type Reply, type Wait } from "./reply.ts";
import { timePrinter, type ZoneOffset } from "./timeformat.ts";
import type { DaemonView } from "./views.ts";

/** The connection of one client; implemented by `io/`. */
export interface Wire {
  /** Sends text as UTF-8. @returns false where it only went into a buffer: then `Session.writable` is called later */
  write(text: string): boolean;
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
  /** Closes after what was written is sent. */
  end(): void;
}

export interface SessionOptions {
  readonly dialect: Dialect;
  readonly restricted: boolean;
  readonly zone: ZoneOffset;
}

/** How long a reply may work before others have their turn, and how many lines pass between two looks at the clock. */
const SLICE_MS = 2;
const LINES_BETWEEN_LOOKS = 32;
/** Requests that wait: beyond these the client is not read from until some are answered. */
const MOST_WAITING_REQUESTS = 256;

/**
 * One client's connection: requests in, replies out, in order. A reply is made only as fast as the client reads it and
 * in slices, so that a long one costs neither memory nor the others' time.
 */
export class Session {
  readonly settings: SessionSettings;
  readonly #wire: Wire;
  readonly #daemon: DaemonView;
  readonly #clock: Clock;
  readonly #options: SessionOptions;
  readonly #cutter = new RequestCutter();
  readonly #framer = new ReplyFramer();
  readonly #requests: (string | undefined)[] = [];
  #reply: Reply | undefined;
  #block = "";
  #blockOctets = 0;
  #state: "open" | "inputEnded" | "closed" = "open";
  #blocked = false;
  #waiting: (() => void) | undefined;
  #scheduled = false;

  constructor(wire: Wire, daemon: DaemonView, clock: Clock, options: SessionOptions) {
    this.#wire = wire;
    this.#daemon = daemon;
    this.#clock = clock;
    this.#options = options;
    this.settings = { restricted: options.restricted, formats: options.dialect.formats };
    this.#put(line(1, `BIRD ${options.dialect.version} ready.`), true);
    this.#flush();
  }

  /** What the client sent, in any chunking. */
  receive(text: string): void {
    if (this.#state !== "open") return;
    this.#requests.push(...this.#cutter.push(text));
    if (this.#requests.length > MOST_WAITING_REQUESTS) this.#wire.pause();
    this.#work();
  }

  /** The client sends no more; it still gets what it asked for. */
  inputEnded(): void {
    if (this.#state !== "open") return;
    this.#state = "inputEnded";
    const last = this.#cutter.finish();
    if (last !== undefined) this.#requests.push(last);
    this.#work();
  }

  /** The wire has room again. */
  writable(): void {
    this.#blocked = false;
    this.#work();
  }

  /** The wire is gone. */
  closed(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#waiting?.();
    this.#waiting = undefined;
    this.#reply?.return(line(0, ""));
    this.#reply = undefined;
    this.#requests.length = 0;
  }

  /** Goes on with what there is to do, for one slice. */
  #work(): void {
    if (this.#scheduled) return;
    const until = this.#clock.nowMs() + SLICE_MS;
    while (this.#state !== "closed" && !this.#blocked && this.#waiting === undefined) {
      if (this.#reply === undefined && !this.#begin()) break;
      this.#advance();
      if (this.#clock.nowMs() < until) continue;
      this.#scheduled = true;
      this.#clock.soon(() => {
        this.#scheduled = false;
        this.#work();
      });
      break;
    }
    this.#flush();
    const idle = this.#reply === undefined && this.#requests.length === 0;
    if (this.#state === "inputEnded" && idle) this.#wire.end();
  }

  /** Begins the next reply. @returns false where there is nothing to reply to */
  #begin(): boolean {
    if (this.#requests.length === 0) return false;
    const request = this.#requests.shift();
    if (this.#requests.length === MOST_WAITING_REQUESTS) this.#wire.resume();
    this.#reply = request === undefined ? oneLine(9000, "Command too long") : this.#answer(request);
    return true;
  }

  /** Makes some lines of the present reply. */
  #advance(): void {
    const reply = this.#reply ?? bug("no reply to advance");
    for (let lines = 0; lines < LINES_BETWEEN_LOOKS && !this.#blocked; lines++) {
      const step = this.#next(reply);
      if (step.done) {
        this.#reply = undefined;
        this.#put(step.value, true);
        return;
      }
      if (step.value === "turn") return;
      if ("start" in step.value) {
        this.#wait(step.value);
        return;
      }
      this.#put(step.value, false);
    }
  }

  /** A refusal while the reply is made ends it. */
  #next(reply: Reply): IteratorResult<ReplyLine | "turn" | Wait, ReplyLine> {
    try {
      return reply.next();
    } catch (error) {
      if (error instanceof Refusal) return { done: true, value: line(error.code, error.message) };
      throw error;
    }
  }

  #wait(wait: Wait): void {
    let over = false;
    const cancel = wait.start(() => {
      over = true;
      if (this.#waiting === undefined) return;
      this.#waiting = undefined;
      this.#work();
    });
    if (!over) this.#waiting = cancel;
  }

  #answer(request: string): Reply {
    const words: string[] = [];
    const { dialect } = this.#options;
    try {
      const parser = new Parser(request, symbolsOf(this.#daemon));
      const command = findCommand(parser, words);
      const run = command.parse(parser, this.#daemon);
      return this.#permit(command) ?? run(this.#context());
    } catch (error) {
      if (error instanceof SyntaxFailure || error instanceof SemanticError) {
        const { code, text } = dialect.explain(error, words);
        return oneLine(code, text);
      }
      if (error instanceof Refusal) return oneLine(error.code, error.message);
      throw error;
    }
  }

  #permit({ changes }: Command): Reply | undefined {
    return changes && this.settings.restricted ? oneLine(8007, "Access denied") : undefined;
  }

  #context(): CommandContext {
    const nowMs = this.#clock.wallMs();
    const times = timePrinter(this.settings.formats, nowMs, this.#options.zone);
    return {
      daemon: this.#daemon,
      dialect: this.#options.dialect,
      clock: this.#clock,
      settings: this.settings,
      render: this.#options.dialect.renderer(times, nowMs),
    };
  }

  #put(reply: ReplyLine, last: boolean): void {
    const text = this.#framer.frame(reply, last);
    const octets = octetLength(text);
    if (this.#blockOctets + octets > REPLY_BLOCK_OCTETS) this.#flush();
    this.#block += text;
    this.#blockOctets += octets;
  }

  #flush(): void {
    if (this.#block === "" || this.#state === "closed") return;
    const block = this.#block;
    this.#block = "";
    this.#blockOctets = 0;
    if (!this.#wire.write(block)) this.#blocked = true;
  }
}

function symbolsOf(daemon: DaemonView): SymbolTable {
  const symbols = new Map<string, "protocol" | "routing table" | "filter">();
  for (const { name } of daemon.protocols()) symbols.set(name, "protocol");
  for (const { name } of daemon.policies()) symbols.set(name, "filter");
  symbols.set("master4", "routing table");
  symbols.set("master6", "routing table");
  return symbols;
}
