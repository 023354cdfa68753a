import { Bird } from "./bird.ts";
import { Capture } from "./capture.ts";
import type { Host, IpFamily } from "./host.ts";
import { Lab } from "./lab.ts";
import { Linnet } from "./linnet.ts";
import type { Announcement, Lacks, SessionConfig, Speaker, SpeakerConfig } from "./neighbour.ts";
import { run } from "./run.ts";
import { until } from "./until.ts";

/** A product that can be met, as a class of `Speaker`. */
export interface Product {
  /** Of the class. */
  readonly name: string;
  readonly product: string;
  readonly lacks: Lacks;
  version(): Promise<string>;
  new (host: Host, settings: SpeakerConfig): Speaker;
}

/** Who is looked at: Linnet; or, to prove the scenarios themselves, BIRD in its place. */
const { LAB_SUBJECT } = process.env;
const Subject: Product = LAB_SUBJECT === "bird" ? Bird : Linnet;

/** Place of a speaker on the common link. */
export interface Place {
  readonly routerId: string;
  readonly address: Readonly<Record<IpFamily, string>>;
}

const placeOf = (number: number): Place => ({
  routerId: `10.0.0.${number}`,
  address: { 4: `10.0.0.${number}`, 6: `fd00::${number}` },
});

export const places = { us: placeOf(1), them: placeOf(2), third: placeOf(3) } as const;

export interface SessionLabOptions {
  readonly usAs?: number;
  readonly themAs?: number;
  /** AS number of us that the neighbour is told to expect. */
  readonly usAsSeen?: number;
  /** Family of the addresses that the session runs over. */
  readonly transport?: IpFamily;
  readonly us?: Partial<SessionConfig>;
  readonly them?: Partial<SessionConfig>;
  readonly ourRoutes?: readonly Announcement[];
  readonly theirRoutes?: readonly Announcement[];
  /** A second neighbour of the same product, with these routes. */
  readonly third?: readonly Announcement[];
}

/** Us, and one or two neighbours of one product, on one link. */
export class SessionLab {
  readonly lab: Lab;
  readonly us: Speaker;
  readonly them: Speaker;
  readonly third: Speaker | undefined;
  /** Our address, as they have it configured; and theirs. */
  readonly ourAddress: string;
  readonly theirAddress: string;

  private constructor(lab: Lab, hosts: readonly [Host, Host, Host?], product: Product, options: SessionLabOptions) {
    const { usAs = 64_501, themAs = 64_502, transport = 4 } = options;
    const speaker = (
      Kind: Product,
      host: Host,
      place: Place,
      as: number,
      sessions: readonly SessionConfig[],
      routes: readonly Announcement[] = [],
    ): Speaker =>
      new Kind(host, { as, routerId: place.routerId, nextHops: place.address, sessions, routes, kernel: true });
    const [usHost, themHost, thirdHost] = hosts;
    const towards = (from: Place, to: Place, remoteAs: number, more: Partial<SessionConfig> = {}): SessionConfig => ({
      local: from.address[transport],
      remote: to.address[transport],
      remoteAs,
      ...more,
    });
    const ourSessions = (thirdHost ? [places.them, places.third] : [places.them]).map((place) =>
      towards(places.us, place, themAs, options.us),
    );
    const theirSession = (place: Place): SessionConfig[] => [
      towards(place, places.us, options.usAsSeen ?? usAs, options.them),
    ];
    this.lab = lab;
    this.ourAddress = places.us.address[transport];
    this.theirAddress = places.them.address[transport];
    this.us = speaker(Subject, usHost, places.us, usAs, ourSessions, options.ourRoutes);
    this.them = speaker(product, themHost, places.them, themAs, theirSession(places.them), options.theirRoutes);
    this.third =
      thirdHost && speaker(product, thirdHost, places.third, themAs, theirSession(places.third), options.third);
  }

  /** Runs `scenario` on a fresh link; on failure the speakers' last words are added to the error. */
  static async run(
    product: Product,
    options: SessionLabOptions,
    scenario: (session: SessionLab) => Promise<void>,
  ): Promise<void> {
    const lab = await Lab.create("session");
    try {
      const names = ["us", "them", ...(options.third ? ["third"] : [])] as const;
      const hosts = await Promise.all(names.map((name) => lab.host(name)));
      await lab.switch(
        "switch",
        hosts.map((host, index) => ({ host, device: "eth0", addresses: onLink(placeOf(index + 1)) })),
      );
      const [us, them, third] = hosts;
      if (!us || !them) throw new Error("no hosts");
      await scenario(new SessionLab(lab, third ? [us, them, third] : [us, them], product, options));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(`${message}\n${lab.logs()}`, { cause: error });
    } finally {
      await lab.close();
    }
  }

  /** Starts everybody and waits until both ends are Established. */
  async establish(seconds = 30): Promise<void> {
    await Promise.all([this.us, this.them, this.third].map(async (speaker) => await speaker?.start()));
    await this.bothEstablished(seconds);
  }

  async bothEstablished(seconds = 30): Promise<void> {
    await this.us.established(this.theirAddress, seconds);
    await this.them.established(this.ourAddress, seconds);
    if (!this.third) return;
    const address = places.third.address[this.ourAddress.includes(":") ? 6 : 4];
    await this.us.established(address, seconds);
    await this.third.established(this.ourAddress, seconds);
  }

  capture(): Promise<Capture> {
    return Capture.start(this.us.host);
  }

  /** TCP connections of BGP that stand on our host, as `ss` prints them: local and remote address and port. */
  async connections(): Promise<{ local: string; remote: string }[]> {
    const text = await run(
      this.us.host.command(["ss", "-Htn", "state", "established", "( sport = :179 or dport = :179 )"]),
    );
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [, , local = "", remote = ""] = line.trim().split(/\s+/);
        return { local, remote };
      });
  }

  /** Watches our kernel's routing tables from now on. @returns prefixes of which a route was deleted since */
  async watchKernel(): Promise<() => string[]> {
    const monitor = this.us.host.spawn("ip-monitor", ["stdbuf", "-oL", "ip", "monitor", "route"]);
    // It says nothing of its own when it is ready, so a route comes and goes until it was seen.
    await until("ip monitor listens", 10, async () => {
      await this.us.host.ipBatch(["route add blackhole 192.0.2.254", "route del blackhole 192.0.2.254"]);
      return monitor.log().includes("192.0.2.254");
    });
    return () => [...monitor.log().matchAll(/^Deleted (?:\w+ )?([\da-f:.]+\/\d+) /gm)].map(([, prefix = ""]) => prefix);
  }

  /** Whether our kernel has a learned route for `prefix`. */
  async inKernel(prefix: string): Promise<boolean> {
    const routes = await this.us.host.routes(prefix.includes(":") ? 6 : 4, [prefix]);
    return routes.some(({ protocol, type }) => protocol === learned && type !== "blackhole");
  }
}

/** How the kernel names the protocol of the subject's routes. */
const learned = Subject === Bird ? "bird" : "bgp";

function onLink({ address }: Place): string[] {
  return [`${address[4]}/24`, `${address[6]}/64`];
}
