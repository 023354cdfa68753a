import { constants } from "node:os";
import { openTcpSocket } from "#lib/io/libc.ts";
import { type Address, formatAddress, isLinkLocal } from "#route/address.ts";
import type { Call, Destination, DialEvents, ListenAddress, ListenEvents, Listener, Transport } from "../transport.ts";
import { ReadBudget } from "./read-budget.ts";
import { describe, type Shared, TcpConnection, TOS } from "./tcp-connection.ts";
import { TcpListener } from "./tcp-listener.ts";
import { WriteLine } from "./write-line.ts";

/** BGP's TCP on the machine's own stack. */
export class TcpTransport implements Transport {
  readonly #shared: Shared = { budget: new ReadBudget(), writes: new WriteLine() };

  dial(to: Destination, events: DialEvents): Call {
    let over = false;
    const fail = (error: unknown): void => {
      if (over) return;
      over = true;
      events.failed(describe(error), isNotOurs(error) && to.localAddress !== undefined ? "local address" : undefined);
    };
    try {
      const connection = TcpConnection.dialling(openTcpSocket(socketOptions(to)), this.#shared, to.interface);
      connection.socket.once("error", fail);
      connection.socket.once("connect", () => {
        if (over) return;
        over = true;
        if (connection.learnAddresses()) events.connected(connection);
        else events.failed("closed at once");
      });
      connection.socket.connect({ host: hostOf(to.address, to.interface), port: to.port });
      return {
        cancel: () => {
          if (!over) connection.socket.destroy();
          over = true;
        },
      };
    } catch (error) {
      setImmediate(() => fail(error));
      return {
        cancel: () => {
          over = true;
        },
      };
    }
  }

  listen(at: ListenAddress, events: ListenEvents): Listener {
    return new TcpListener(at, events, this.#shared);
  }
}

const isNotOurs = (error: unknown): boolean =>
  error instanceof Error && "errno" in error && Math.abs(Number(error.errno)) === constants.errno.EADDRNOTAVAIL;

function socketOptions(to: Destination): Parameters<typeof openTcpSocket>[0] {
  return {
    family: to.address.family,
    local: to.localAddress,
    interface: to.interface,
    md5: to.password === undefined ? [] : [{ peer: to.address, key: to.password }],
    ttl: to.ttl,
    minTtl: to.minimumTtl,
    tos: TOS,
  };
}

const hostOf = (address: Address, device: string | undefined): string =>
  isLinkLocal(address) && device !== undefined ? `${formatAddress(address)}%${device}` : formatAddress(address);
