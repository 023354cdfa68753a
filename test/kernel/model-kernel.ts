import type { Answer, DumpEnd, NetlinkPort, NotificationListener, Refusal } from "#kernel/netlink-port.ts";
import * as c from "#kernel/wire/constants.ts";
import { eachMessage, MessageBuilder, type MessageHeader, type Received, received } from "#kernel/wire/message.ts";
import { decodeNextHop, type NextHopObject, putGroup, putHop } from "#kernel/wire/nexthop.ts";
import {
  decodeRoute,
  emptyRoute,
  hopSetOf,
  putRoute,
  type RouteFacts,
  routeTemplate,
  sourceOf,
} from "#kernel/wire/route.ts";
import type { Address } from "#route/address.ts";
import type { Family } from "#route/family.ts";
import type { Hop, HopSet } from "#route/hop-set.ts";
import { formatPrefix, type Prefix } from "#route/prefix.ts";

export interface ModelRoute {
  readonly prefix: Prefix;
  readonly metric: number;
  readonly protocol: number;
  /** By its own hops, or by the id of an object. */
  readonly target: HopSet | number;
  readonly source: Address | undefined;
}

export interface ModelLink {
  up: boolean;
  carrier: boolean;
}

const ROOM_OCTETS = 64 << 10;
const ROOMS = 3;

/**
 * The kernel's main table as a map: slow and obvious. It answers like the real one (held against it by
 * `kernel.netns.test.ts`), but only when told to: `step` lets one of the things that are due happen.
 */
export class ModelKernel implements NetlinkPort {
  readonly links = new Map<number, ModelLink>();
  readonly addresses: { link: number; address: Address; length: number }[] = [];
  readonly routes = new Map<string, ModelRoute>();
  readonly objects = new Map<number, NextHopObject>();
  /** Messages done so far, by type: what a change cost. */
  readonly counted = new Map<number, number>();
  /** Batches that were sent so far. */
  batches = 0;
  /** Errors to answer with instead of acting, by prefix. */
  readonly refuse = new Map<string, Refusal>();
  /** Error to answer nexthop objects with, as kernels without them do. */
  refuseObjects: Omit<Refusal, "index"> | undefined;
  /** Linux 5.13 and later know resilient groups. */
  knowsResilient = true;
  #rooms = ROOMS;
  #requests: (() => void)[] = [];
  #answers: (() => void)[] = [];
  #notifications: Uint8Array[] = [];
  #listener: NotificationListener | undefined;
  readonly #facts = emptyRoute();

  room(): Uint32Array | undefined {
    if (this.#rooms === 0) return undefined;
    this.#rooms--;
    return new Uint32Array(ROOM_OCTETS / 4);
  }

  release(): void {
    this.#rooms++;
  }

  submit(room: Uint32Array, words: number, last: number, answered: (answer: Answer) => void): void {
    this.batches++;
    this.#requests.push(() => {
      const refusals: Refusal[] = [];
      const data = received(room.buffer as ArrayBuffer, words * 4);
      let acknowledged: number | undefined;
      eachMessage(data, (header) => {
        if ((header.flags & c.NLM_F_ACK) !== 0) acknowledged = header.sequence;
        this.counted.set(header.type, (this.counted.get(header.type) ?? 0) + 1);
        const refusal = this.#act(data, header);
        if (refusal !== undefined) refusals.push({ index: header.sequence, ...refusal });
      });
      if (acknowledged !== last) throw new Error(`no answer to message ${last} would ever come`);
      this.#answers.push(() => {
        this.#rooms++;
        answered({ refusals, lost: undefined });
      });
    });
  }

  dump(request: Uint32Array, receive: (data: Received) => void, ended: (end: DumpEnd) => void): void {
    this.#requests.push(() => {
      const octets = joined(this.#dumped(request));
      this.#answers.push(() => {
        receive(octets);
        ended({ code: "OK", text: "", interrupted: false });
      });
    });
  }

  listen(listener: NotificationListener): void {
    this.#listener = listener;
  }

  /** The daemon is killed: what it had sent is done, what it would have been told is lost. A new one may connect. */
  cut(): void {
    for (const request of this.#requests.splice(0)) request();
    this.#answers = [];
    this.#notifications = [];
    this.#listener = undefined;
    this.#rooms = ROOMS;
  }

  /** Lets one thing happen. @param choice which of those that are due. @returns false when nothing is */
  step(choice = 0): boolean {
    const due: (() => void)[] = [];
    const [notification, answer, request] = [this.#notifications[0], this.#answers[0], this.#requests[0]];
    if (notification !== undefined) due.push(() => this.#listener?.received(joined([this.#notifications.shift()!])));
    if (answer !== undefined) due.push(() => this.#answers.shift()!());
    if (request !== undefined) due.push(() => this.#requests.shift()!());
    due[choice % Math.max(1, due.length)]?.();
    return due.length > 0;
  }

  /** Loses what was not yet delivered, as a full socket buffer does. */
  overrun(): void {
    this.#notifications = [];
    this.#listener?.overrun();
  }

  addLink(index: number): void {
    this.links.set(index, { up: true, carrier: true });
    this.#tell(linkMessage(index, { up: true, carrier: true }));
  }

  addAddress(link: number, address: Address, length: number, connected: Prefix): void {
    this.addresses.push({ link, address, length });
    this.#tell(addressMessage({ link, address, length }));
    const set: HopSet = { kind: "unicast", hops: [{ gateway: undefined, link, weight: 1, onlink: false }] };
    this.foreign({ prefix: connected, metric: 0, protocol: 2, target: set, source: undefined });
  }

  /** Carrier loss takes objects and their routes along, silently (Linux net/ipv4/nexthop.c, nexthop_flush_dev). */
  setLink(index: number, link: ModelLink): void {
    this.links.set(index, { ...link });
    if (!link.up || !link.carrier) {
      for (const { id, content } of [...this.objects.values()]) {
        if (content.kind === "hop" && content.hop.link === index) this.#deleteObject(id);
      }
    }
    if (!link.up) {
      for (const [key, { target }] of [...this.routes]) {
        const over = typeof target !== "number" && target.kind === "unicast" ? target.hops : [];
        if (over.length > 0 && over.every((hop) => hop.link === index)) this.#drop(key);
      }
    }
    this.#tell(linkMessage(index, link));
  }

  /** The kernel drops a route on its own account: it tells of IPv6 ones only. */
  #drop(key: string): void {
    const route = this.routes.get(key)!;
    this.routes.delete(key);
    if (route.prefix.family === "ipv6") this.#tell(routeMessage(route, c.RTM_DELROUTE));
  }

  /** Another program writes a route, replacing what has the same prefix and metric. */
  foreign(route: ModelRoute): void {
    this.routes.set(keyOf(route), route);
    this.#tell(routeMessage(route, c.RTM_NEWROUTE));
  }

  /** Another program deletes a route, whoever made it. */
  deleted(key: string): void {
    const route = this.routes.get(key);
    if (route === undefined) return;
    this.routes.delete(key);
    this.#tell(routeMessage(route, c.RTM_DELROUTE));
  }

  /** Where a route's packets go, objects followed. */
  amount(route: ModelRoute): HopSet | undefined {
    if (typeof route.target !== "number") return route.target;
    const object = this.objects.get(route.target)?.content;
    if (object?.kind === "hop") return { kind: "unicast", hops: [object.hop] };
    if (object?.kind !== "group") return undefined;
    const served = object.isResilient
      ? object.members.filter((_, at) => buckets(object.members)[at]! > 0)
      : object.members;
    const hops = served.flatMap(({ id, weight }): Hop[] => {
      const member = this.objects.get(id)?.content;
      const share = object.isResilient && served.length === 1 ? 1 : weight;
      return member?.kind === "hop" ? [{ ...member.hop, weight: share }] : [];
    });
    return { kind: "unicast", hops };
  }

  #tell(message: Uint32Array): void {
    this.#notifications.push(new Uint8Array(message.buffer, 0, message.byteLength));
  }

  #act(data: Received, header: MessageHeader): Omit<Refusal, "index"> | undefined {
    if (header.type === c.RTM_NEWNEXTHOP) {
      return this.refuseObjects ?? this.#putObject(decodeNextHop(data, header)!, (header.flags & c.NLM_F_CREATE) !== 0);
    }
    if (header.type === c.RTM_DELNEXTHOP) return this.#deleteObject(decodeNextHop(data, header)!.id);
    if (!decodeRoute(data, header, this.#facts)) return { code: "EINVAL", text: "malformed" };
    const prefix = prefixOf(this.#facts);
    const key = keyOf({ prefix, metric: this.#facts.metric });
    const refused = this.refuse.get(formatPrefix(prefix));
    if (refused !== undefined) return refused;
    const there = this.routes.get(key);
    if (header.type === c.RTM_DELROUTE) {
      if (there === undefined || there.protocol !== this.#facts.protocol) return { code: "ESRCH", text: "" };
      this.routes.delete(key);
      return undefined;
    }
    if (there !== undefined && (header.flags & c.NLM_F_EXCL) !== 0) return { code: "EEXIST", text: "" };
    const target = this.#facts.object === 0 ? hopSetOf(data, this.#facts)! : this.#facts.object;
    const refusal = this.#refusal(target);
    if (refusal !== undefined) return refusal;
    const { metric, protocol } = this.#facts;
    this.routes.set(key, { prefix, metric, protocol, target, source: sourceOf(data, this.#facts) });
    return undefined;
  }

  #refusal(target: HopSet | number): Omit<Refusal, "index"> | undefined {
    if (typeof target === "number") {
      return this.objects.has(target) ? undefined : { code: "EINVAL", text: "Nexthop id does not exist" };
    }
    if (target.kind === "blackhole") return undefined;
    return target.hops.every(({ link }) => this.links.get(link)?.up) ? undefined : { code: "ENETDOWN", text: "" };
  }

  #putObject(object: NextHopObject, creates: boolean): Omit<Refusal, "index"> | undefined {
    if (!creates && !this.objects.has(object.id)) return { code: "ENOENT", text: "" };
    if (object.content.kind === "hop") {
      const link = this.links.get(object.content.hop.link);
      if (!link?.up || !link.carrier) return { code: "ENETDOWN", text: "Carrier for nexthop device is down" };
    } else if (object.content.kind === "group") {
      if (!object.content.members.every(({ id }) => this.objects.has(id))) {
        return { code: "EINVAL", text: "Invalid nexthop id" };
      }
      if (object.content.isResilient && !this.knowsResilient) return { code: "EINVAL", text: "Invalid group type" };
      const there = this.objects.get(object.id)?.content;
      if (there?.kind === "group" && there.isResilient !== object.content.isResilient) {
        return { code: "EINVAL", text: "Can not replace a nexthop group with one of a different type." };
      }
    }
    this.objects.set(object.id, object);
    return undefined;
  }

  #deleteObject(id: number): Omit<Refusal, "index"> | undefined {
    if (!this.objects.delete(id)) return { code: "ENOENT", text: "" };
    for (const [key, { target }] of [...this.routes]) if (target === id) this.#drop(key);
    for (const [other, { content, protocol }] of [...this.objects]) {
      if (content.kind !== "group") continue;
      const members = content.members.filter((member) => member.id !== id);
      if (members.length === 0) this.#deleteObject(other);
      else this.objects.set(other, { id: other, protocol, content: { ...content, members } });
    }
    return undefined;
  }

  #dumped(request: Uint32Array): Uint8Array[] {
    const type = request[1]! & 0xffff;
    const family = (request[4]! & 0xff) === 2 ? "ipv4" : "ipv6";
    const messages: Uint32Array[] = [];
    if (type === c.RTM_GETLINK) for (const [index, link] of this.links) messages.push(linkMessage(index, link));
    if (type === c.RTM_GETADDR) {
      for (const own of this.addresses) if (own.address.family === family) messages.push(addressMessage(own));
    }
    if (type === c.RTM_GETNEXTHOP) {
      for (const { id, protocol, content } of this.objects.values()) {
        if (content.kind === "hop") messages.push(putHop(id, protocol, family, content.hop));
        if (content.kind === "group") messages.push(putGroup(id, protocol, content.members, content.isResilient, true));
      }
    }
    if (type === c.RTM_GETROUTE) {
      for (const route of this.routes.values()) {
        if (route.prefix.family === family) messages.push(routeMessage(route, c.RTM_NEWROUTE));
      }
    }
    return messages.map((message) => new Uint8Array(message.buffer, 0, message.byteLength));
  }
}

/** Buckets by member of a resilient group of 128 (Linux net/ipv4/nexthop.c, nh_res_group_rebalance). */
function buckets(members: readonly { readonly weight: number }[]): number[] {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  let weights = 0;
  let before = 0;
  return members.map(({ weight }) => {
    weights += weight;
    const upTo = Math.floor((128 * weights + total / 2) / total);
    const own = upTo - before;
    before = upTo;
    return own;
  });
}

export const keyOf = ({ prefix, metric }: Pick<ModelRoute, "prefix" | "metric">): string =>
  `${formatPrefix(prefix)} ${metric}`;

function prefixOf({ family, w0, w1, w2, w3, length }: RouteFacts): Prefix {
  return { family, words: family === "ipv4" ? [w0] : [w0, w1, w2, w3], length };
}

function routeMessage({ prefix, metric, protocol, target, source }: ModelRoute, type: number): Uint32Array {
  const mark = { table: c.RT_TABLE_MAIN, protocol, metric };
  const to = typeof target === "number" ? ({ kind: "object", id: target } as const) : target;
  const template = routeTemplate(prefix.family, mark, to, source);
  const message = new Uint32Array(template.length);
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = prefix.words;
  putRoute(message, 0, template, 0, 0, w0, w1, w2, w3, prefix.length);
  message[1] = type; // a deletion tells all of the route, too
  return message;
}

function linkMessage(index: number, { up, carrier }: ModelLink): Uint32Array {
  const running = up && carrier ? c.IFF_RUNNING | c.IFF_LOWER_UP : 0;
  const flags = (up ? c.IFF_UP : 0) | running;
  const builder = new MessageBuilder(c.RTM_NEWLINK, 0).u32(0).u32(index).u32(flags).u32(0);
  builder.attribute(c.IFLA_IFNAME, (b) => {
    for (const octet of new TextEncoder().encode(`l${index}\0`)) b.u8(octet);
  });
  return builder.attribute(c.IFLA_MTU, (b) => b.u32(1500)).finish();
}

function addressMessage({ link, address, length }: { link: number; address: Address; length: number }): Uint32Array {
  const family: Family = address.family;
  const builder = new MessageBuilder(c.RTM_NEWADDR, 0);
  builder
    .u8(family === "ipv4" ? 2 : 10)
    .u8(length)
    .u8(0)
    .u8(0)
    .u32(link);
  return builder.attribute(c.IFA_LOCAL, (b) => b.address(address.words)).finish();
}

function joined(messages: readonly Uint8Array[]): Received {
  const octets = messages.reduce((sum, { length }) => sum + length, 0);
  const all = new Uint8Array(octets);
  let at = 0;
  for (const message of messages) {
    all.set(message, at);
    at += message.length;
  }
  return received(all.buffer);
}
