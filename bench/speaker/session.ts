import net from "node:net";
import { Writer } from "#lib/bytes.ts";
import type { Family } from "#route/family.ts";
import { undotted } from "../lab/address-plan.ts";
import { monotonicMs } from "../lab/monotonic.ts";
import { Recorder } from "./recorder.ts";

/** One BGP session of the bench, which dials. */
export interface SessionSpec {
  readonly id: number;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly as: number;
  readonly holdSeconds: number;
  readonly families: readonly Family[];
  /** AS number of the daemon at the other end. */
  readonly daemonAs: number;
  /** Whole messages to send as soon as the session is Established. */
  readonly greeting?: Uint8Array;
}

const port = 179;
const redialMs = 2;
const asTrans = 23456;
const keepalive = Buffer.from(`${"ff".repeat(16)}001304`, "hex");
const longestRead = 1 << 16;
/** One for all sessions: octets are copied out before the next read. */
const readBuffer = new Uint8Array(longestRead);

type State = "connecting" | "openSent" | "openConfirm" | "established" | "closed";

/** Speaks just enough BGP to be a neighbour: OPEN, KEEPALIVE, octets made elsewhere, and a record of what comes. */
export class Session {
  readonly spec: SessionSpec;
  readonly recorder: Recorder;
  state: State = "connecting";
  establishedMs = 0;
  lastArrivalMs = 0;
  #socket: net.Socket | undefined;
  #pending: Uint8Array = new Uint8Array(0);
  #keepaliveTimer: NodeJS.Timeout | undefined;
  #settled: ((error?: Error) => void) | undefined;

  constructor(spec: SessionSpec) {
    this.spec = spec;
    this.recorder = new Recorder(spec.daemonAs);
  }

  /** Dials until somebody answers and the session is Established, or `untilMs` has come. */
  async establish(untilMs: number): Promise<void> {
    for (;;) {
      const error = await this.#attempt();
      if (error === undefined) return;
      if (monotonicMs() > untilMs) throw new Error(`${this.spec.localAddress}: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, redialMs));
    }
  }

  /** @returns what went wrong; undefined: Established */
  #attempt(): Promise<Error | undefined> {
    this.state = "connecting";
    this.#pending = new Uint8Array(0);
    return new Promise((resolve) => {
      this.#settled = resolve;
      const socket = net.connect({
        host: this.spec.remoteAddress,
        port,
        localAddress: this.spec.localAddress,
        noDelay: true,
        onread: { buffer: readBuffer, callback: (octets) => this.#read(octets) },
      });
      this.#socket = socket;
      socket.on("connect", () => {
        this.state = "openSent";
        socket.write(open(this.spec));
      });
      socket.on("error", (error) => this.#closed(error));
      socket.on("close", () => this.#closed(new Error(`closed in state ${this.state}`)));
    });
  }

  #closed(error: Error): void {
    clearInterval(this.#keepaliveTimer);
    this.state = "closed";
    this.#settled?.(error);
    this.#settled = undefined;
  }

  #read(octets: number): boolean {
    this.lastArrivalMs = monotonicMs();
    const copy = readBuffer.slice(0, octets);
    if (this.state === "established") this.recorder.arrived(copy, this.lastArrivalMs);
    else this.#handshake(copy);
    return true;
  }

  #handshake(octets: Uint8Array): void {
    const bytes = this.#pending.length === 0 ? octets : Buffer.concat([this.#pending, octets]);
    let at = 0;
    while (this.state !== "established" && bytes.length - at >= 19) {
      const length = (bytes[at + 16]! << 8) | bytes[at + 17]!;
      if (length > bytes.length - at) break;
      this.#message(bytes[at + 18]!, bytes, at);
      at += length;
    }
    if (this.state === "established") this.recorder.arrived(bytes.slice(at), this.lastArrivalMs);
    else this.#pending = bytes.slice(at);
  }

  #message(type: number, bytes: Uint8Array, at: number): void {
    if (type === 1 && this.state === "openSent") {
      this.state = "openConfirm";
      this.#socket?.write(keepalive);
    } else if (type === 4 && this.state === "openConfirm") {
      this.state = "established";
      this.establishedMs = monotonicMs();
      const everyMs = (this.spec.holdSeconds * 1000) / 3;
      this.#keepaliveTimer = setInterval(() => this.#socket?.write(keepalive), everyMs);
      if (this.spec.greeting !== undefined) this.#socket?.write(this.spec.greeting);
      this.#settled?.();
      this.#settled = undefined;
    } else if (type === 3) {
      this.#socket?.destroy(new Error(`NOTIFICATION ${bytes[at + 19]}/${bytes[at + 20]}`));
    }
  }

  /** Resolves when the kernel has taken all octets. */
  send(octets: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#socket === undefined || this.state !== "established") {
        reject(new Error(`${this.spec.localAddress}: send in state ${this.state}`));
        return;
      }
      this.#socket.write(octets, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Ends without a NOTIFICATION, as a crash does. */
  close(): void {
    this.#socket?.destroy();
  }
}

/** OPEN (RFC 4271 §4.2) with AS numbers of 4 octets (RFC 6793), the families (RFC 4760 §8) and route refresh (RFC 2918). */
export function open(spec: SessionSpec): Uint8Array {
  const capabilities = new Writer();
  for (const family of spec.families) capabilities.put([1, 4, 0, family === "ipv4" ? 1 : 2, 0, 1]);
  capabilities.put([2, 0, 65, 4]).u32(spec.as);
  const body = new Writer()
    .u8(4)
    .u16(spec.as > 0xffff ? asTrans : spec.as)
    .u16(spec.holdSeconds);
  body.u32(undotted(spec.localAddress));
  body
    .u8(capabilities.length + 2)
    .u8(2)
    .u8(capabilities.length)
    .put(capabilities.finish());
  return new Writer()
    .put(Array(16).fill(0xff))
    .u16(19 + body.length)
    .u8(1)
    .put(body.finish())
    .finish();
}
