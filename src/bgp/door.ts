import type { NodeConfig, PeerConfig } from "#config/node-config.ts";
import type { Clock, Timer } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { type Address, formatAddress } from "#route/address.ts";
import { families } from "#route/family.ts";
import { type CallerKey, ListenerKeys } from "./listener-keys.ts";
import type { Connection, ListenAddress, Listener, Transport } from "./transport.ts";
import { encodeNotification, type Notification } from "./wire/notification.ts";

/** How long until a port that could not be had is tried again. */
const LISTEN_RETRY_MS = 5_000;
/** Those who are turned away get one line of log in this time, */
const REFUSED_LOG_MS = 60_000;
/** and at most this many of them an answer; the others are hung up on. */
const REFUSALS_ANSWERED = 100;

/** Reaches callers that insist on TTL security (RFC 5082 §3) as well. */
const ANSWER_TTL = 255;

/** Why a caller is turned away, for the log, and what it is told (RFC 4486 §4); undefined: nothing. */
export interface Refusal {
  readonly notification: Notification | undefined;
  readonly reason: string;
}

/**
 * Takes a caller, or says what to tell it.
 * @param password what it had to sign with (RFC 2385)
 */
type Admit = (connection: Connection, password: string | undefined) => Refusal | undefined;

interface Ear {
  readonly at: ListenAddress;
  listener: Listener | undefined;
  retry: Timer | undefined;
  /** Why it does not listen, as logged. */
  complaint: string | undefined;
  keys: ListenerKeys | undefined;
}

/** Where neighbours call: the listening sockets, their TCP-MD5 keys, and those who are turned away. */
export class Door {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #transport: Transport;
  readonly #admit: Admit;
  #ears: Ear[] = [];
  #listen: string | undefined;
  #signers: ReadonlyMap<string, PeerConfig> = new Map();
  /** Turned away since `#refusalsFromMs`. */
  #refusals = 0;
  #refusalsFromMs = -Infinity;

  constructor(world: { readonly clock: Clock; readonly log: Log; readonly transport: Transport }, admit: Admit) {
    this.#clock = world.clock;
    this.#log = world.log;
    this.#transport = world.transport;
    this.#admit = admit;
  }

  /** @param signers by address: who calls with a password */
  open(listen: NodeConfig["listen"], signers: ReadonlyMap<string, PeerConfig>): void {
    this.#signers = signers;
    const wanted = [listen.port, ...listen.addresses.map(formatAddress)].join(" ");
    if (wanted !== this.#listen) {
      this.close();
      this.#listen = wanted;
      const addresses: (Address | undefined)[] = listen.addresses.length === 0 ? [undefined] : [...listen.addresses];
      this.#ears = addresses.flatMap((address) =>
        (address === undefined ? families : [address.family]).map((family) => newEar(family, address, listen.port)),
      );
      for (const ear of this.#ears) this.#start(ear);
    }
    for (const ear of this.#ears) ear.keys?.set(this.#keysOf(ear));
  }

  close(): void {
    for (const { listener, retry, keys } of this.#ears) {
      retry?.cancel();
      keys?.stop();
      listener?.close();
    }
    this.#ears = [];
    this.#listen = undefined;
  }

  #start(ear: Ear): void {
    ear.listener = this.#transport.listen(ear.at, {
      listening: () => {
        ear.complaint = undefined;
        this.#log.info(`listening on ${earName(ear)}`);
      },
      accepted: (connection) => {
        const refusal = this.#admit(connection, ear.keys?.passwordFor(connection.remoteAddress));
        if (refusal !== undefined) this.#turnAway(connection, refusal);
      },
      failed: (reason) => {
        if (ear.complaint !== reason) this.#log.error(`cannot listen on ${earName(ear)}: ${reason}`);
        ear.complaint = reason;
        ear.keys?.stop();
        ear.listener = undefined;
        ear.keys = undefined;
        ear.retry = this.#clock.after(LISTEN_RETRY_MS, () => this.#start(ear));
      },
    });
    ear.keys = new ListenerKeys({ clock: this.#clock, log: this.#log }, ear.listener, earName(ear));
    ear.keys.begin(this.#keysOf(ear));
  }

  #keysOf({ at: { family } }: Ear): ReadonlyMap<string, CallerKey> {
    const wanted = [...this.#signers].flatMap(([name, { address, password }]): (readonly [string, CallerKey])[] =>
      password === undefined || address.family !== family ? [] : [[name, { address, password }]],
    );
    return new Map(wanted);
  }

  #turnAway(connection: Connection, { notification, reason }: Refusal): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#refusalsFromMs >= REFUSED_LOG_MS) {
      const from = formatAddress(connection.remoteAddress);
      this.#log.warn(`turned a call from ${from} away: ${reason}`, { turnedAwayBefore: this.#refusals });
      this.#refusalsFromMs = nowMs;
      this.#refusals = 0;
    }
    this.#refusals++;
    if (notification !== undefined && this.#refusals <= REFUSALS_ANSWERED) {
      const octets = encodeNotification(notification);
      connection.open({ password: undefined, ttl: ANSWER_TTL, minimumTtl: undefined }, deaf);
      connection.send(octets, 0, octets.length, nothing);
    }
    connection.close();
  }
}

const nothing = (): void => {};
const deaf = { received: nothing, closed: nothing };

const newEar = (family: Address["family"], address: Address | undefined, port: number): Ear => ({
  at: { family, address, port },
  listener: undefined,
  retry: undefined,
  complaint: undefined,
  keys: undefined,
});

const earName = ({ at: { address, family, port } }: Ear): string =>
  `${address === undefined ? `all ${family} addresses` : formatAddress(address)}, port ${port}`;
