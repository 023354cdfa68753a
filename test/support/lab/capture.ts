import type { Daemon, Host } from "./host.ts";
import { until } from "./until.ts";

/** A BGP message as tcpdump understood it. */
export interface SeenMessage {
  /** Address of the sender. */
  readonly from: string;
  readonly kind: "open" | "update" | "notification" | "keepalive" | "route refresh";
  /** IP TTL or hop limit of the packet. */
  readonly ttl: number;
  /** tcpdump's decoding of this message. */
  readonly text: string;
}

const kinds: Readonly<Record<string, SeenMessage["kind"]>> = {
  "1": "open",
  "2": "update",
  "3": "notification",
  "4": "keepalive",
  "5": "route refresh",
};

/** What went over a host's link, decoded by tcpdump: a witness that belongs to neither side. */
export class Capture {
  readonly #daemon: Daemon;

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  static async start(host: Host, device = "eth0"): Promise<Capture> {
    const daemon = host.spawn("tcpdump", ["tcpdump", "-i", device, "-n", "-vv", "-l", "-U", "tcp port 179"]);
    await until(`${host.name}: tcpdump listens`, 10, () => daemon.log().includes("listening on"));
    return new Capture(daemon);
  }

  messages(): SeenMessage[] {
    const seen: SeenMessage[] = [];
    let ttl = 0;
    let from = "";
    for (const line of this.#daemon.log().split("\n")) {
      const hops = /\b(?:ttl|hlim) (\d+)/.exec(line);
      if (hops) ttl = Number(hops[1]);
      const source = /(?:^|\s)(\S+)\.(?:\d+|bgp) > \S+: Flags/.exec(line);
      if (source) from = source[1] ?? "";
      const start = /^\t {0,2}\w[\w ]* Message \((\d)\), length/.exec(line);
      const kind = kinds[start?.[1] ?? ""];
      if (kind) seen.push({ from, kind, ttl, text: line });
      else if (/^\t/.test(line)) {
        const last = seen.pop();
        if (last) seen.push({ ...last, text: `${last.text}\n${line}` });
      }
    }
    return seen;
  }

  /** Waits for a message. */
  saw(what: string, seconds: number, match: (message: SeenMessage) => boolean): Promise<SeenMessage> {
    return until(what, seconds, () => this.messages().find(match));
  }
}
