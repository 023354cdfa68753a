import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { type Address, sameAddress } from "#route/address.ts";
import { type Family, families } from "#route/family.ts";
import type { HopSetTable } from "#route/hop-set.ts";
import { ForeignRoutes } from "./foreign-routes.ts";
import { Installer } from "./installer.ts";
import { Links } from "./links.ts";
import type { DumpEnd, NetlinkPort } from "./netlink-port.ts";
import { NextHops } from "./next-hops.ts";
import { OwnTargets } from "./own-targets.ts";
import type { InstallerConfig } from "./surroundings.ts";
import { decodeAddress, dumpAddresses } from "./wire/address.ts";
import * as c from "./wire/constants.ts";
import { decodeLink, dumpLinks } from "./wire/link.ts";
import { eachMessage, type MessageHeader, type Received } from "./wire/message.ts";
import { decodeNextHop, dumpNextHops, type NextHopObject } from "./wire/nexthop.ts";
import { decodeRoute, dumpRoutes, emptyRoute, hopSetOf, type RouteFacts } from "./wire/route.ts";

/**
 * After lost notifications, or doubts, the kernel is read anew: after 1 s since the last time, doubling up to a minute. So it
 * is where it could not be read.
 */
const FIRST_COMPARE_MS = 1_000;
const LAST_COMPARE_MS = 60_000;

/** linux/rtnetlink.h: from router advertisements. */
const RTPROT_RA = 9;

/** What the kernel's room needs from outside. */
export interface KernelParts {
  readonly config: InstallerConfig;
  readonly port: NetlinkPort;
  /** The table that the RIB takes its numbers from. */
  readonly hopSets: HopSetTable;
  readonly clock: Clock;
  readonly log: Log;
  /** Any number that outsiders do not know. */
  readonly seed: number;
}

/**
 * The kernel as one thing: a mirror of its links, addresses and foreign routes, the resolver above it, and the
 * installer. It begins with a dump, adopts what carries our mark, and follows notifications from then on; when some were
 * lost it dumps and compares. Nothing is rescanned periodically.
 */
export class Kernel {
  readonly links = new Links();
  readonly nextHops: NextHops;
  readonly installer: Installer;
  readonly #parts: KernelParts;
  readonly #main: Readonly<Record<Family, ForeignRoutes>>;
  /** Foreign routes of the table that we write to; the main ones where that is the main table. */
  readonly #beside: Readonly<Record<Family, ForeignRoutes>>;
  readonly #facts = emptyRoute();
  readonly #ownTargets: OwnTargets;
  #config: InstallerConfig;
  /** What comes into force after the comparison that is running. */
  #nextConfig: InstallerConfig | undefined;
  /** Notifications that came while a dump is running: they are newer than what it tells. */
  #held: Received[] | undefined;
  #again = false;
  #comparedAtMs = 0;
  #compareWaitMs = FIRST_COMPARE_MS;
  #comparing = false;
  #changed = false;
  #whenReady: (() => void) | undefined;
  /** Who waits for quiet. */
  #whenCompared: (() => void)[] = [];
  #onChange: () => void = () => {};

  constructor(parts: KernelParts) {
    this.#parts = parts;
    this.#config = parts.config;
    const { config, port, hopSets, clock, log, seed } = parts;
    const foreign = (): Record<Family, ForeignRoutes> => ({
      ipv4: new ForeignRoutes("ipv4", seed),
      ipv6: new ForeignRoutes("ipv6", seed),
    });
    this.#main = foreign();
    this.#ownTargets = new OwnTargets(config, hopSets);
    this.#beside = config.table === c.RT_TABLE_MAIN ? this.#main : foreign();
    this.nextHops = new NextHops(this.links, this.#main);
    const around = {
      beside: (family: Family, w0: number, w1: number, w2: number, w3: number, length: number) =>
        this.#beside[family].at(w0, w1, w2, w3, length),
      doubt: (why: string) => this.#compare(why),
    };
    this.installer = new Installer(config, port, hopSets, this.links, around, clock, log, seed);
  }

  /**
   * Reads the kernel and adopts our routes.
   * @param ready called once, when next hops resolve and adopted routes are known
   */
  start(ready: () => void): void {
    this.#whenReady = ready;
    this.#parts.port.listen({
      received: (data) => this.#received(data),
      overrun: () => this.#compare("the kernel's notifications came faster than they were read"),
    });
    this.#comparing = true;
    this.#dumpAll();
  }

  /**
   * @param then called, once, when the kernel has answered everything, nothing waits for its turn, and what we believe of
   *   it is not in doubt: a comparison that is due or under way, and what it finds, is waited for
   */
  whenQuiet(then: () => void): void {
    if (this.#comparing) {
      this.#whenCompared.push(() => this.whenQuiet(then));
      return;
    }
    this.installer.whenQuiet(() => {
      if (this.#comparing) this.whenQuiet(then);
      else then();
    });
  }

  /** @param changed called once a turn after links, addresses or foreign routes changed: resolve next hops again */
  onChange(changed: () => void): void {
    this.#onChange = changed;
  }

  /**
   * Takes another metric, preferred source or use of nexthop objects over.
   * @returns names of the settings that are others and stay as they are: routes of another table or protocol number are a
   *   table of their own, which is read and adopted at a start; those of before are left for `linnet cleanup`
   */
  reconfigure(config: InstallerConfig): readonly (keyof InstallerConfig)[] {
    const kept = (["table", "protocol"] as const).filter((field) => config[field] !== this.#config[field]);
    const { table, protocol } = this.#config;
    this.#take({ ...config, table, protocol });
    return kept;
  }

  #take(config: InstallerConfig): void {
    this.#nextConfig = this.#comparing ? config : undefined;
    if (this.#comparing || sameConfig(config, this.#config)) return;
    this.#config = config;
    this.#ownTargets.reconfigure(config);
    this.installer.reconfigure(config);
  }

  /** MTU of the link that the default route leaves by, else of the one that holds `address`. */
  uplinkMtu(address: Address | undefined): number | undefined {
    for (const family of families) {
      for (const { set } of this.#main[family].at(0, 0, 0, 0, 0)) {
        const hop = set?.kind === "unicast" ? set.hops[0] : undefined;
        if (hop !== undefined) return this.links.get(hop.link)?.mtu;
      }
    }
    return address && this.links.holding(address)?.mtu;
  }

  /** What the best default route of a family leaves through; empty where there is none, or it has no gateway. */
  gateways(family: Family): { readonly address: Address; readonly interface: string | undefined }[] {
    const [best] = this.#main[family].at(0, 0, 0, 0, 0);
    const hops = best?.set?.kind === "unicast" ? best.set.hops : [];
    return hops.flatMap(({ gateway, link }) => {
      return gateway === undefined ? [] : [{ address: gateway, interface: this.links.get(link)?.name }];
    });
  }

  /** Names of interfaces whose IPv6 default route comes from router advertisements. */
  advertised(): string[] {
    const names = new Set<string>();
    for (const { protocol, set } of this.#main.ipv6.at(0, 0, 0, 0, 0)) {
      if (protocol !== RTPROT_RA || set?.kind !== "unicast") continue;
      for (const { link } of set.hops) names.add(this.links.get(link)?.name ?? `${link}`);
    }
    return [...names];
  }

  #compare(why: string): void {
    if (this.#comparing) {
      this.#again = true;
      return;
    }
    this.#comparing = true;
    const { clock, log } = this.#parts;
    const since = clock.nowMs() - this.#comparedAtMs;
    const wait = Math.max(0, this.#compareWaitMs - since);
    this.#compareWaitMs = wait === 0 ? FIRST_COMPARE_MS : Math.min(this.#compareWaitMs * 2, LAST_COMPARE_MS);
    log.info(`reading the kernel anew: ${why}`);
    clock.after(wait, () => this.installer.pause(() => this.#dumpAll()));
  }

  #dumpAll(): void {
    this.#held = [];
    this.#again = false;
    this.links.clear();
    for (const routes of new Set([this.#main, this.#beside])) {
      for (const family of families) routes[family].clear();
    }
    this.installer.beginCompare(() => this.#dump());
  }

  #dump(): void {
    const { clock } = this.#parts;
    const objects: NextHopObject[] = [];
    const next = (): void => {
      const request = requests.shift();
      if (request === undefined) {
        this.#comparedAtMs = clock.nowMs();
        this.installer.endCompare(() => this.#dumped());
        return;
      }
      this.#parts.port.dump(
        request,
        (data) => eachMessage(data, (header) => this.#dumpedMessage(data, header, objects)),
        (end) => {
          if (!this.#ended(end)) return;
          if (request === nextHops) this.installer.foundObjects(objects);
          next();
        },
      );
    };
    const nextHops = dumpNextHops();
    const requests = [dumpLinks(), dumpAddresses("ipv4"), dumpAddresses("ipv6"), nextHops];
    for (const table of new Set([c.RT_TABLE_MAIN, this.#config.table])) {
      requests.push(dumpRoutes("ipv4", table), dumpRoutes("ipv6", table));
    }
    next();
  }

  #dumpedMessage(data: Received, header: MessageHeader, objects: NextHopObject[]): void {
    const object = header.type === c.RTM_NEWNEXTHOP ? decodeNextHop(data, header) : undefined;
    if (object !== undefined) objects.push(object);
    else this.#apply(data, header, true);
  }

  /** @returns whether to go on. A table that does not exist yet is empty, and so are objects that the kernel does not know. */
  #ended({ code, text, interrupted }: DumpEnd): boolean {
    this.#again ||= interrupted;
    if (code === "OK" || code === "ENOENT" || code === "EOPNOTSUPP") return true;
    const seconds = this.#compareWaitMs / 1000;
    this.#parts.log.warn(`the kernel's tables cannot be read: ${text} (${code}); trying again in ${seconds} s`);
    this.#parts.clock.after(this.#compareWaitMs, () => this.#dumpAll());
    this.#compareWaitMs = Math.min(this.#compareWaitMs * 2, LAST_COMPARE_MS);
    return false;
  }

  #dumped(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const data of held) eachMessage(data, (header) => this.#apply(data, header, false));
    this.#comparing = false;
    this.#touched();
    if (this.#nextConfig !== undefined) this.#take(this.#nextConfig);
    this.installer.resume();
    this.#whenReady?.();
    this.#whenReady = undefined;
    if (this.#again) this.#compare("it changed while it was read");
    for (const then of this.#whenCompared.splice(0)) then();
  }

  #received(data: Received): void {
    if (this.#held !== undefined) {
      const copy = data.bytes.slice();
      this.#held.push({ words: new Uint32Array(copy.buffer, 0, copy.length >>> 2), bytes: copy });
      return;
    }
    eachMessage(data, (header) => this.#apply(data, header, false));
  }

  /** @param dumped part of a dump, not a notification */
  #apply(data: Received, header: MessageHeader, dumped: boolean): void {
    switch (header.type) {
      case c.RTM_NEWLINK:
      case c.RTM_DELLINK:
        this.#link(data, header);
        break;
      case c.RTM_NEWADDR:
      case c.RTM_DELADDR:
        this.#address(data, header);
        break;
      case c.RTM_NEWROUTE:
      case c.RTM_DELROUTE:
        if (decodeRoute(data, header, this.#facts)) this.#route(data, header.type === c.RTM_NEWROUTE, dumped);
        break;
      case c.RTM_NEWNEXTHOP:
      case c.RTM_DELNEXTHOP: {
        const object = decodeNextHop(data, header);
        if (object !== undefined) this.installer.objectDisturbed(object.id, header.type === c.RTM_DELNEXTHOP);
        break;
      }
    }
  }

  #link(data: Received, header: MessageHeader): void {
    const link = decodeLink(data, header);
    if (link === undefined) return;
    const before = this.links.get(link.index);
    const gone = header.type === c.RTM_DELLINK;
    if (gone) this.links.remove(link.index);
    else this.links.put(link);
    if (before?.keepsObjects && (gone || !link.keepsObjects)) this.installer.carrierLost(link.index);
    if (before?.up && (gone || !link.up)) this.#linkDown(link.index, families);
    if (before === undefined || gone || before.usable !== link.usable) this.#touched();
  }

  /** The kernel drops routes over the link, and does not tell of all of them. */
  #linkDown(link: number, which: readonly Family[]): void {
    for (const family of which) {
      this.#main[family].dropLink(link);
      if (this.#beside !== this.#main) this.#beside[family].dropLink(link);
    }
    this.installer.linkDown(link, which);
  }

  #address(data: Received, header: MessageHeader): void {
    const address = decodeAddress(data, header);
    if (address === undefined) return;
    const { family } = address.address;
    if (header.type === c.RTM_NEWADDR) this.links.putAddress(address);
    else {
      this.links.removeAddress(address);
      const left = this.links.addressesOf(address.link).some((other) => other.address.family === "ipv4");
      if (family === "ipv4" && !left) this.#linkDown(address.link, ["ipv4"]); // the kernel turns IPv4 off there
      const source = this.#config.preferredSource[family];
      if (source !== undefined && sameAddress(source, address.address)) this.installer.sourceGone(family);
    }
    this.#touched();
  }

  #route(data: Received, isNew: boolean, dumped: boolean): void {
    const facts = this.#facts;
    const config = this.#config;
    if ((facts.flags & c.RTM_F_CLONED) !== 0) return;
    if (facts.protocol === config.protocol && facts.table === config.table && facts.tos === 0) {
      this.#ours(data, facts, isNew, dumped);
      return;
    }
    for (const [table, routes] of [
      [c.RT_TABLE_MAIN, this.#main],
      [config.table, this.#beside],
    ] as const) {
      if (facts.table !== table) continue;
      const set = hopSetOf(data, facts);
      if (isNew) routes[facts.family].put(facts, set);
      else routes[facts.family].remove(facts, set);
      if (isNew && !dumped && table === config.table && facts.tos === 0) this.installer.displaced(facts);
      this.#touched();
      return;
    }
  }

  #ours(data: Received, facts: RouteFacts, isNew: boolean, dumped: boolean): void {
    const hopSet = isNew ? this.#ownTargets.of(data, facts) : 0;
    if (isNew) this.#beside[facts.family].displaced(facts);
    if (dumped) this.installer.found(facts, hopSet);
    else this.installer.disturbed(facts, hopSet);
  }

  #touched(): void {
    if (this.#changed || this.#held !== undefined) return;
    this.#changed = true;
    this.#parts.clock.soon(() => {
      this.#changed = false;
      this.installer.surroundingsChanged();
      this.#onChange();
    });
  }
}

function sameConfig(a: InstallerConfig, b: InstallerConfig): boolean {
  const { metric, nextHopObjects, preferredSource: source } = a;
  if (metric !== b.metric || nextHopObjects !== b.nextHopObjects) return false;
  return families.every((family) => `${source[family]?.words}` === `${b.preferredSource[family]?.words}`);
}
