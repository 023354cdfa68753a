import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { monotonicMs } from "../lab/monotonic.ts";
import type { Ask, CommandName, Expectation, Reply, Request, Response } from "./protocol.ts";
import type { Received } from "./recorder.ts";
import { Session } from "./session.ts";

/** A process full of neighbours, in their network namespace; told what to do by its parent (`protocol.ts`). */

const sessions = new Map<number, Session>();
const streams = new Map<string, Buffer>();

const commands: { readonly [Name in CommandName]: (ask: Ask<Name>) => Promise<Reply<Name>> } = {
  async open({ sessions: specs, timeoutMs, inFlight }) {
    const untilMs = monotonicMs() + timeoutMs;
    const made = specs.map((spec) => new Session(spec));
    for (const session of made) sessions.set(session.spec.id, session);
    const waiting = made[Symbol.iterator]();
    const dialOneAfterTheOther = async (): Promise<void> => {
      for (const session of waiting) await session.establish(untilMs);
    };
    await Promise.all(Array.from({ length: inFlight }, dialOneAfterTheOther));
    const times = made.map((session) => session.establishedMs);
    return { firstMs: Math.min(...times), lastMs: Math.max(...times) };
  },

  async load({ path }) {
    const octets = readFileSync(path);
    streams.set(path, octets);
    return { octets: octets.length };
  },

  async send({ streams: wanted }) {
    const pairs = wanted.map(({ session, path }) => ({ session: sessionOf(session), octets: streamOf(path) }));
    const startMs = monotonicMs();
    await Promise.all(pairs.map(({ session, octets }) => session.send(octets)));
    return { startMs, endMs: monotonicMs() };
  },

  async settle({ sessions: ids, expect, quietMs, timeoutMs }) {
    const untilMs = monotonicMs() + timeoutMs;
    let lookedMs = 0;
    for (;;) {
      await sleep(quietMs / 4);
      const now = monotonicMs();
      const watched = ids.flatMap((id) => sessions.get(id) ?? []);
      if (watched.length < ids.length && now < untilMs) continue;
      const lastMs = Math.max(...watched.map((session) => session.lastArrivalMs));
      if (now - lastMs < quietMs && now < untilMs) continue;
      if (lastMs === lookedMs && now < untilMs) continue;
      lookedMs = lastMs;
      const received = watched.map((session) => session.recorder.judge(monotonicMs()));
      const settled = received.every((one) => meets(one, expect));
      if (settled || now > untilMs) return { settled, sessions: received };
    }
  },

  async judge({ sessions: ids }) {
    return { sessions: ids.map((id) => sessionOf(id).recorder.judge(monotonicMs())) };
  },

  async close({ sessions: ids }) {
    const atMs = monotonicMs();
    for (const id of ids) sessionOf(id).close();
    return { atMs };
  },
};

const meets = (received: Received, expect: Expectation): boolean =>
  received.prefixes === expect.prefixes && (expect.checksum === undefined || received.checksum === expect.checksum);

function sessionOf(id: number): Session {
  const session = sessions.get(id);
  if (session === undefined) throw new Error(`no session ${id}`);
  return session;
}

function streamOf(path: string): Buffer {
  const octets = streams.get(path);
  if (octets === undefined) throw new Error(`${path} was not loaded`);
  return octets;
}

async function answer({ number, name, ask }: Request): Promise<Response> {
  try {
    return { number, reply: await (commands[name] as (ask: unknown) => Promise<unknown>)(ask) };
  } catch (error) {
    return { number, error: error instanceof Error ? error.message : String(error) };
  }
}

process.on("message", (request: Request) => void answer(request).then((response) => process.send?.(response)));
process.on("disconnect", () => process.exit());
process.send?.({ number: 0, reply: undefined } satisfies Response);
