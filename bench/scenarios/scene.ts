import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { inFlight, type Lab, neighbour } from "../bench.ts";
import type { Daemon, Neighbour, Setup } from "../daemons/daemon.ts";
import type { Telling } from "../generator/updates.ts";
import { farAddress, localAs } from "../lab/address-plan.ts";
import { ControlProbe } from "../lab/control-socket.ts";
import type { DaemonProcess } from "../lab/daemon-process.ts";
import type { Measurement } from "../scenario.ts";
import type { Expectation } from "../speaker/protocol.ts";
import { stallsOf } from "./stalls.ts";

/** A neighbour whose session has the shortest hold time there is, so that late KEEPALIVEs show. */
const pulse = neighbour(999, { export: "none" });
const pulseHoldSeconds = 3;

export const plainSetup: Omit<Setup, "neighbours"> = {
  families: ["ipv4"],
  kernel: false,
  originate: undefined,
  holdSeconds: 240,
  stalls: false,
  apiServer: undefined,
};

/** How a neighbour tells tables: with its own AS number and an address of its link as the next hop. */
export const tellingOf = ({ as, link }: Neighbour, variant = 0): Telling => ({
  ...(as === localAs ? {} : { as }),
  nextHop: farAddress(link),
  nextHop6: [0xfd00_0000 + link * 0x1_0000, 0, 0, 2],
  variant,
});

/** Neighbours that are up with a daemon that runs, and the stopwatch. */
export class Scene {
  readonly lab: Lab;
  readonly process: DaemonProcess;
  readonly #daemon: Daemon;
  readonly #probe: ControlProbe | undefined;

  private constructor(lab: Lab, daemon: Daemon, process: DaemonProcess, probe: ControlProbe | undefined) {
    this.lab = lab;
    this.process = process;
    this.#daemon = daemon;
    this.#probe = probe;
  }

  /** @param setup with `stalls` a pulse is added to it @param sinks the neighbours that only listen */
  static async open(
    lab: Lab,
    daemon: Daemon,
    setup: Setup,
    sources: readonly Neighbour[],
    sinks: readonly Neighbour[],
  ): Promise<Scene> {
    const neighbours = setup.stalls ? [...setup.neighbours, pulse] : setup.neighbours;
    const process = await lab.start(daemon, { ...setup, neighbours });
    const indices = (list: readonly Neighbour[]): number[] => list.map(({ index }) => index);
    await lab.establish(lab.sources, indices(sources));
    await lab.establish(lab.sinks, indices(sinks));
    if (setup.stalls) {
      const session = { ...lab.session(pulse.index), holdSeconds: pulseHoldSeconds };
      // Not among the sinks: judging a table keeps those from reading the clock.
      await lab.sources.ask("open", { sessions: [session], timeoutMs: 10_000, inFlight });
    }
    // What the daemon does right after a session came up belongs to no measurement.
    await sleep(500);
    const socket = setup.stalls ? daemon.controlSocket?.(process.directory) : undefined;
    const probe = socket !== undefined && existsSync(socket) ? await ControlProbe.start(socket) : undefined;
    const scene = new Scene(lab, daemon, process, probe);
    if (setup.stalls) await scene.forgetStalls();
    return scene;
  }

  /** Sends one stream on each of these sessions, at once. @returns when it began */
  async send(streams: readonly (readonly [Neighbour, string])[]): Promise<number> {
    const list = streams.map(([{ index }, path]) => ({ session: index, path }));
    return (await this.lab.sources.ask("send", { streams: list })).startMs;
  }

  /** From what `act` says to the last change that brought all of `sinks` to what is expected. */
  async timed(
    metric: string,
    act: () => Promise<number>,
    sinks: readonly Neighbour[],
    expect: Expectation,
  ): Promise<Measurement> {
    const before = this.process.usage();
    const asked = { sessions: sinks.map(({ index }) => index), expect, quietMs: 500, timeoutMs: 180_000 };
    const settling = this.lab.sinks.ask("settle", asked);
    const startMs = await act();
    const { settled, sessions } = await settling;
    const { cpuSeconds } = this.process.usage();
    const wrong = sessions.find(
      ({ prefixes, checksum }) => prefixes !== expect.prefixes || (expect.checksum ?? checksum) !== checksum,
    );
    if (!settled)
      throw new Error(`${metric}: a neighbour holds ${JSON.stringify(wrong)}, not ${JSON.stringify(expect)}`);
    const endMs = Math.max(...sessions.map(({ changedMs }) => changedMs));
    const checksum = sessions[0]?.checksum;
    return {
      metric,
      value: (endMs - startMs) / 1e3,
      unit: "s",
      cpuSeconds: cpuSeconds - before.cpuSeconds,
      ...(checksum === undefined ? {} : { checksum }),
    };
  }

  /** Growth of the daemon's memory since it had used `octets`. */
  memorySince(octets: number, routes: number): Measurement {
    return { metric: "memory", value: (this.process.usage().residentOctets - octets) / routes, unit: "B/route" };
  }

  /** The next `stalls` are about what comes now. */
  async forgetStalls(): Promise<void> {
    await this.stalls("");
  }

  /**
   * What others waited for since it was last asked: the longest time between two KEEPALIVEs on the pulse session (a third
   * of its hold time is what to expect), the longest answer to `show status`, and the stalls of the main thread.
   * @param name of what went on meanwhile
   */
  async stalls(name: string): Promise<Measurement[]> {
    const { sessions } = await this.lab.sources.ask("judge", { sessions: [pulse.index] });
    const waits: (readonly [string, number | undefined])[] = [
      ["keepalive", sessions[0]?.longestSilenceMs],
      ["show status", this.#probe?.longestMs()],
    ];
    const waited = waits.flatMap(([metric, value]): Measurement[] =>
      value === undefined ? [] : [{ metric: `${name}: ${metric}`, value, unit: "ms" }],
    );
    return [...waited, ...(await stallsOf(name, this.lab, this.#daemon, this.process))];
  }
}
