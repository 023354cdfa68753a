import { createInterface } from "node:readline";
import { routerPort } from "#discovery/io/router-socket.ts";
import type { RouterSocket } from "#discovery/router-port.ts";
import { interfaceIndex, SOCK_RAW, sendTo, setsockoptInt, socket } from "#lib/io/libc.ts";
import { AF_INET6, socketAddress } from "#lib/sockaddr.ts";
import { type Address, formatAddress, parseAddress } from "#route/address.ts";

/** A socket for router advertisements in the network namespace it is started in; orders and what it hears are lines of JSON. */

export type Order =
  | { readonly op: "open" }
  | { readonly op: "join"; readonly link: string }
  /** @param hops another hop limit than 255, by a socket of its own */
  | { readonly op: "send"; readonly link: string; readonly to: string; readonly hex: string; readonly hops?: number };

const IPPROTO_IPV6 = 41;
const IPPROTO_ICMPV6 = 58;
const HOP_LIMITS = [16, 18];

const say = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const at = (text: string): Address => parseAddress(text) ?? { family: "ipv6", words: [0, 0, 0, 0] };
let open: RouterSocket | undefined;

function obey(order: Order): unknown {
  if (order.op === "open") {
    const received = (link: string, from: Address, octets: Uint8Array): void =>
      say({ heard: `${link} ${formatAddress(from)} ${Buffer.from(octets).toString("hex")}` });
    const opened = routerPort.open({ received });
    if ("refused" in opened) return opened.refused;
    open = opened;
    return "open";
  }
  const index = interfaceIndex(order.link);
  if (order.op === "join") return open?.join(index) ?? "joined";
  const octets = Buffer.from(order.hex, "hex");
  if (order.hops === undefined) return open?.send(index, at(order.to), octets) ?? "sent";
  const fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
  for (const option of HOP_LIMITS) setsockoptInt(fd, IPPROTO_IPV6, option, order.hops);
  return sendTo(fd, octets, socketAddress(at(order.to), 0, index)) < 0 ? "not sent" : "sent";
}

createInterface({ input: process.stdin }).on("line", (line) => say({ reply: obey(JSON.parse(line) as Order) }));
