import { bug } from "#lib/bug.ts";
import type { Clock } from "#lib/clock.ts";
import type { Command, CommandContext, LogClass, SessionSettings } from "./command.ts";
import { symbolTable } from "./commands/show.ts";
import { findCommand } from "./commands/table.ts";
import type { Dialect } from "./dialect.ts";
import { Refusal, SemanticError, SyntaxFailure } from "./errors.ts";
import { type ReplyLine, RequestCutter } from "./line-protocol.ts";
import { Parser } from "./parser.ts";
import type { Reconfiguration } from "./reconfiguration.ts";
import { json } from "./render/json.ts";
import { line, oneLine, type Reply, type Wait } from "./reply.ts";
import { ReplyWriter } from "./reply-writer.ts";
import type { Sliced, Slices } from "./slices.ts";
import { type TimeFormats, timePrinter, type ZoneOffset } from "./timeformat.ts";
import type { DaemonView } from "./views.ts";

/** The connection of one client; implemented by `io/`. */
export interface Wire {
  /**
   * @param octets borrowed until it returns
   * @returns false where they only went into a buffer: then `Session.writable` is called later
   */
  write(octets: Uint8Array): boolean;
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
  /** Closes after what was written is sent. */
  end(): void;
}

/** How one socket serves its clients. */
export interface SessionOptions {
  readonly dialect: Dialect;
  /** All its sessions begin restricted. */
  readonly restricted: boolean;
  /** undefined: the dialect's own. */
  readonly formats: TimeFormats | undefined;
  readonly zone: ZoneOffset;
}

/** What sessions share. */
export interface SessionWorld {
  readonly daemon: DaemonView;
  readonly clock: Clock;
  readonly reconfiguration: Reconfiguration;
  readonly slices: Slices;
  /** Called once, when the session is over. */
  ended(): void;
}

/** How many lines pass between two looks at the clock. */
const LINES_BETWEEN_LOOKS = 8;
/** Requests that wait: beyond these the client is not read from until some are answered. */
const MOST_WAITING_REQUESTS = 256;

/**
 * One client's connection: requests in, replies out, in order. A reply is made only as fast as the client reads it and
 * in slices, so that a long one costs neither memory nor the others' time.
 */
export class Session implements Sliced {
  readonly #wire: Wire;
  readonly #world: SessionWorld;
  readonly #options: SessionOptions;
  readonly #settings: SessionSettings;
  readonly #cutter = new RequestCutter();
  readonly #out = new ReplyWriter((block) => this.#send(block));
  readonly #requests: (string | undefined)[] = [];
  #reply: Reply | undefined;
  /** Blocks that were full when the wire was full as well. */
  #held: Uint8Array[] = [];
  #state: "open" | "inputEnded" | "closed" = "open";
  /** The wire is full. */
  #blocked = false;
  /** The present reply waits; calling it gives up. */
  #waiting: (() => void) | undefined;
  #working = false;
  #lostNotices = 0;

  constructor(wire: Wire, options: SessionOptions, world: SessionWorld) {
    this.#wire = wire;
    this.#world = world;
    this.#options = options;
    const { dialect, restricted, formats } = options;
    this.#settings = { restricted, formats: formats ?? dialect.formats, echo: new Set() };
    this.#out.line(line(1, `BIRD ${dialect.version} ready.`), true);
    this.#out.flush();
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
    for (const block of this.#held.splice(0)) this.#send(block);
    if (this.#blocked) return;
    if (this.#lostNotices > 0) {
      const lost = this.#lostNotices;
      this.#lostNotices = 0;
      this.notice(`<${lost} messages lost>`);
    }
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
    this.#world.ended();
  }

  /** A log line, sent on if the client asked for such. */
  echo(logClass: LogClass, text: string): void {
    if (this.#settings.echo.has(logClass)) this.notice(text);
  }

  /** Sends a line that belongs to no reply; counted instead while the client does not read. */
  notice(text: string): void {
    if (this.#state === "closed") return;
    if (this.#blocked) {
      this.#lostNotices++;
      return;
    }
    this.#out.notice(text.replaceAll("\n", " ").slice(0, 160));
    if (!this.#working) this.#out.flush();
  }

  /** There is something to do, perhaps. */
  #work(): void {
    if (this.#state !== "closed") this.#world.slices.wake(this);
  }

  slice(untilMs: number): boolean {
    const { clock } = this.#world;
    let more = false;
    this.#working = true;
    while (this.#state !== "closed" && !this.#blocked && this.#waiting === undefined) {
      if (this.#reply === undefined && !this.#begin()) break;
      this.#advance();
      more = clock.nowMs() >= untilMs;
      if (more) break;
    }
    this.#working = false;
    if (!this.#blocked) this.#out.flush();
    const idle = this.#reply === undefined && this.#requests.length === 0;
    if (this.#state === "inputEnded" && idle && !this.#blocked) this.#wire.end();
    return more && !idle;
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
      const { done, value } = next(reply);
      if (done) {
        this.#reply = undefined;
        this.#out.line(value, true);
        return;
      }
      if (value === "turn") return;
      if ("start" in value) {
        this.#wait(value);
        return;
      }
      this.#out.line(value);
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
    let command: Command | undefined;
    try {
      const parser = new Parser(request, symbolTable(this.#tables()));
      // `json` before a command: Linnet's own, for programs.
      const context = this.#context(parser.accept("JSON"));
      command = findCommand(parser, dialect, words);
      const run = command.parse(parser, context);
      return this.#permits(command) ? run(this.#out) : denied();
    } catch (error) {
      if (error instanceof Refusal) return oneLine(error.code, error.message);
      if (!(error instanceof SyntaxFailure || error instanceof SemanticError)) throw error;
      // BIRD 1.6 looks names up late.
      const named = dialect.name === "1.6" && error instanceof SyntaxFailure && error.wanted !== undefined;
      if (named && command !== undefined && !this.#permits(command)) return denied();
      const { code, text } = dialect.explain(error, words);
      return oneLine(code, text);
    }
  }

  #permits({ whenRestricted }: Command): boolean {
    if (!this.#settings.restricted || whenRestricted === "allowed") return true;
    return whenRestricted === "deniedByBird2" && this.#options.dialect.name !== "2";
  }

  #tables(): Pick<CommandContext, "daemon" | "tables"> {
    const { daemon } = this.#world;
    const tables = this.#options.dialect.tables.map((table) => ({ ...table, table: daemon.tables[table.family] }));
    return { daemon, tables };
  }

  #context(forPrograms: boolean): CommandContext {
    const { clock, reconfiguration } = this.#world;
    const { dialect, zone } = this.#options;
    const nowMs = clock.wallMs();
    const times = timePrinter(this.#settings.formats, nowMs, zone);
    return {
      ...this.#tables(),
      dialect,
      clock,
      reconfiguration,
      settings: this.#settings,
      render: forPrograms ? json : dialect.renderer(times, nowMs),
      notice: (text) => this.notice(text),
    };
  }

  #send(block: Uint8Array): void {
    if (this.#state === "closed") return;
    if (this.#blocked) this.#held.push(block.slice());
    else if (!this.#wire.write(block)) this.#blocked = true;
  }
}

const denied = (): Reply => oneLine(8007, "Access denied");

/** A refusal while the reply is made ends it. */
function next(reply: Reply): IteratorResult<ReplyLine | "turn" | Wait, ReplyLine> {
  try {
    return reply.next();
  } catch (error) {
    if (error instanceof Refusal) return { done: true, value: line(error.code, error.message) };
    throw error;
  }
}
