import { createSocket, type Socket } from "node:dgram";
import {
  attachFilter,
  close,
  dup2,
  errnoName,
  type FilterInstruction,
  IPPROTO_IPV6,
  IPV6_UNICAST_HOPS,
  must,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SystemCallError,
  sendTo,
  setsockopt,
  setsockoptInt,
  socket,
} from "#lib/io/libc.ts";
import { AF_INET, AF_INET6, socketAddress } from "#lib/sockaddr.ts";
import { type Address, parseAddress } from "#route/address.ts";
import { ALL_ROUTERS, ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION } from "../message.ts";
import type { RouterEvents, RouterPort, RouterSocket } from "../router-port.ts";

const IPPROTO_ICMPV6 = 58;
const ICMP6_FILTER = 1;
const IPV6_MULTICAST_HOPS = 18;
const IPV6_MULTICAST_LOOP = 19;
const IPV6_JOIN_GROUP = 20;
const IPV6_LEAVE_GROUP = 21;

const HOP_LIMIT = 255;

/** Classic BPF: drop what came with another hop limit, octet 7 of the IPv6 header (SKF_NET_OFF, linux/filter.h). */
const FROM_THE_LINK: readonly FilterInstruction[] = [
  [0x30, 0, 0, 0xfff0_0000 + 7],
  [0x15, 0, 1, HOP_LIMIT],
  [0x06, 0, 0, 0xffff_ffff],
  [0x06, 0, 0, 0],
];

/** The machine's own links. Needs CAP_NET_RAW. */
export const routerPort: RouterPort = {
  open(events) {
    try {
      return listen(events);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      return { refused: error.code === "EPERM" ? "the capability CAP_NET_RAW is missing" : error.message };
    }
  },
};

/**
 * Node polls UDP sockets only, so one is opened through the public API and its descriptor is then made to mean the raw
 * socket, before the event loop has seen it: what Node reads from it are ICMPv6 messages.
 */
function listen(events: RouterEvents): RouterSocket {
  const raw = rawSocket();
  const fd = must("socket", socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
  const poll = createSocket("udp4");
  poll.bind({ fd });
  must("dup2", dup2(raw, fd));
  close(raw);
  poll.on("message", (octets, { address }) => {
    const [text = "", link = ""] = address.split("%");
    const from = parseAddress(text);
    if (from !== undefined) events.received(link, from, octets);
  });
  poll.on("error", () => {}); // of one message that could not be read; the next one can
  return new OpenSocket(fd, poll);
}

function rawSocket(): number {
  const fd = must("ICMPv6 socket", socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_ICMPV6));
  try {
    must("ICMP6_FILTER", setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, onlyRouterMessages()));
    must("filter of hop limits", attachFilter(fd, FROM_THE_LINK));
    for (const option of [IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS]) {
      must("hop limit", setsockoptInt(fd, IPPROTO_IPV6, option, HOP_LIMIT));
    }
    must("IPV6_MULTICAST_LOOP", setsockoptInt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0));
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** `struct icmp6_filter`: a bit for each of 256 types; those that are set do not pass. */
function onlyRouterMessages(): Uint8Array {
  const isRouters = (type: number): boolean => type === ROUTER_SOLICITATION || type === ROUTER_ADVERTISEMENT;
  const words = Uint32Array.from({ length: 8 }, (_, word) => {
    let bits = 0;
    for (let bit = 0; bit < 32; bit++) if (!isRouters(word * 32 + bit)) bits |= 1 << bit;
    return bits;
  });
  return new Uint8Array(words.buffer);
}

class OpenSocket implements RouterSocket {
  readonly #fd: number;
  readonly #poll: Socket;

  constructor(fd: number, poll: Socket) {
    this.#fd = fd;
    this.#poll = poll;
  }

  join(link: number): string | undefined {
    return complaint(setsockopt(this.#fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, membership(link)), "EADDRINUSE");
  }

  leave(link: number): void {
    setsockopt(this.#fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, membership(link)); // a link that is gone has left by itself
  }

  send(link: number, to: Address, octets: Uint8Array): string | undefined {
    return complaint(sendTo(this.#fd, octets, socketAddress(to, 0, link)));
  }

  close(): void {
    this.#poll.close();
  }
}

/** @param fine an error that says that all is as wanted */
function complaint(result: number, fine?: string): string | undefined {
  const name = result < 0 ? errnoName(result) : undefined;
  return name === fine ? undefined : name;
}

/** `struct ipv6_mreq`: the group's address, the interface's index. */
function membership(link: number): Uint8Array {
  const words = new Uint32Array(5);
  const octets = new Uint8Array(words.buffer);
  const view = new DataView(words.buffer);
  ALL_ROUTERS.words.forEach((word, index) => {
    view.setUint32(index * 4, word);
  });
  words[4] = link;
  return octets;
}
