import { openFor } from "#bgp/session/negotiate.ts";
import type { Connection } from "#bgp/transport.ts";
import { MessageCutter } from "#bgp/wire/framing.ts";
import { encodeKeepalive } from "#bgp/wire/keepalive.ts";
import { MessageType } from "#bgp/wire/message-type.ts";
import { encodeNotification } from "#bgp/wire/notification.ts";
import { encodeOpen } from "#bgp/wire/open.ts";
import type { Address } from "#route/address.ts";
import { dialFrom, type FakeNetwork, listenAt } from "./fake-wire.ts";
import { peerConfig } from "./sessions.ts";

/**
 * A speaker that does with collisions what RFC 4271 §6.8 says and no more, as BIRD does: it looks at the other connection
 * when an OPEN comes, and an Established one stays.
 */
export class LetterSpeaker {
  /** Sessions that came up, and that went down again. */
  established = 0;
  lost = 0;
  readonly #network: FakeNetwork;
  readonly #at: Address;
  readonly #id: number;
  readonly #isHigher: boolean;
  readonly #calls = new Set<LetterCall>();

  constructor(network: FakeNetwork, at: Address, id: number, neighboursId: number) {
    this.#network = network;
    this.#at = at;
    this.#id = id;
    this.#isHigher = id > neighboursId;
  }

  listen(): void {
    listenAt(this.#network, this.#at, (connection) => this.#take(connection, false));
  }

  dial(to: Address): void {
    dialFrom(this.#network, this.#at, to, (connection) => this.#take(connection, true));
  }

  /** An OPEN came on `call`. */
  judge(call: LetterCall): void {
    for (const other of this.#calls) {
      if (other === call) continue;
      if (other.state === "established") call.end();
      else if (other.state === "openConfirm") (call.dialled === this.#isHigher ? other : call).end();
    }
  }

  /** `call` is Established: what else there is goes. */
  up(call: LetterCall): void {
    this.established++;
    for (const other of this.#calls) if (other !== call) other.end();
  }

  gone(call: LetterCall): void {
    this.#calls.delete(call);
    if (call.state === "established") this.lost++;
  }

  #take(connection: Connection, dialled: boolean): void {
    const speaker = { routerId: this.#id, clusterId: this.#id, restarting: false, forwardingKept: () => true };
    const call = new LetterCall(this, connection, dialled);
    this.#calls.add(call);
    call.begin(encodeOpen(openFor(peerConfig("me", "10.0.0.1"), speaker, false)));
  }
}

class LetterCall {
  state: "openSent" | "openConfirm" | "established" | "closed" = "openSent";
  readonly dialled: boolean;
  readonly #owner: LetterSpeaker;
  readonly #connection: Connection;
  readonly #cutter = new MessageCutter();

  constructor(owner: LetterSpeaker, connection: Connection, dialled: boolean) {
    this.#owner = owner;
    this.#connection = connection;
    this.dialled = dialled;
    this.#cutter.maxOctets = 65_535;
  }

  begin(open: Uint8Array): void {
    this.#connection.open(
      { password: undefined, ttl: 64, minimumTtl: undefined },
      {
        received: (bytes, start, end) => {
          this.#cutter.feed(bytes, start, end);
          while (this.state !== "closed" && this.#cutter.next()) this.#hear(this.#cutter.type);
        },
        closed: () => this.#gone(),
      },
    );
    this.#say(open);
  }

  /** Cease, Connection Collision Resolution. */
  end(): void {
    this.#say(encodeNotification({ code: 6, subcode: 7 }));
    this.#connection.close();
    this.#gone();
  }

  #hear(type: number): void {
    if (type === MessageType.open) {
      this.#owner.judge(this);
      if (this.state !== "openSent") return;
      this.state = "openConfirm";
      this.#say(encodeKeepalive());
    } else if (type === MessageType.keepalive && this.state === "openConfirm") {
      this.state = "established";
      this.#owner.up(this);
    } else if (type === MessageType.notification) {
      this.#connection.close();
      this.#gone();
    }
  }

  #say(octets: Uint8Array): void {
    this.#connection.send(octets, 0, octets.length, () => {});
  }

  #gone(): void {
    if (this.state === "closed") return;
    this.#owner.gone(this);
    this.state = "closed";
  }
}
