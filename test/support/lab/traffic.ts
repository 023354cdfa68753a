import type { Agent, FlowReceived } from "./agent.ts";
import { pause, until } from "./until.ts";

/** One direction between two agents. */
export interface Flow {
  readonly from: Agent;
  readonly to: Agent;
  /** Address of `to`. */
  readonly address: string;
}

export interface FlowResult {
  readonly flow: Flow;
  readonly sent: number;
  readonly lost: number;
  readonly duplicates: number;
  /** Longest time between two packets at the receiver. */
  readonly longestGapMs: number;
}

const firstPort = 7100;

/** Numbered packets at a steady rate over many flows at once; every single one is accounted for at the end. */
export class Traffic {
  readonly #flows: readonly Flow[];
  readonly #agents: ReadonlySet<Agent>;
  #overflowsBefore = 0;

  private constructor(flows: readonly Flow[]) {
    this.#flows = flows;
    this.#agents = new Set(flows.flatMap(({ from, to }) => [from, to]));
  }

  /** Starts all flows and returns when every one of them was seen to arrive. */
  static async start(flows: readonly Flow[], packetsPerSecond: number): Promise<Traffic> {
    const traffic = new Traffic(flows);
    traffic.#overflowsBefore = await traffic.#overflows();
    await Promise.all(flows.map(({ to }, flow) => to.receive(flow, firstPort + flow)));
    await Promise.all(
      flows.map(({ from, address }, flow) => from.send(flow, address, firstPort + flow, packetsPerSecond)),
    );
    await until("packets arrive on every flow", 10, async () => {
      const received = await traffic.#received();
      return flows.every((_, flow) => (received.get(flow)?.received ?? 0) > 0);
    });
    return traffic;
  }

  /** Stops, waits for what is under way, and counts. @throws Error when the measurement itself lost packets */
  async stop(): Promise<FlowResult[]> {
    const sent = new Map<number, number>();
    for (const result of await Promise.all([...this.#agents].map((agent) => agent.sent()))) {
      for (const [flow, counts] of Object.entries(result)) sent.set(Number(flow), counts.sent);
    }
    const received = await this.#settled();
    await Promise.all([...this.#agents].map((agent) => agent.forget()));
    const overflows = (await this.#overflows()) - this.#overflowsBefore;
    if (overflows > 0) throw new Error(`the machine is too slow to count: ${overflows} packets found a full socket`);
    return this.#flows.map((flow, index) => {
      const counts = received.get(index);
      return {
        flow,
        sent: sent.get(index) ?? 0,
        lost: (sent.get(index) ?? 0) - (counts?.received ?? 0),
        duplicates: counts?.duplicates ?? 0,
        longestGapMs: counts?.longestGapMs ?? 0,
      };
    });
  }

  /** The counts when nothing has come for 200 ms. */
  async #settled(): Promise<Map<number, FlowReceived>> {
    for (let before = -1; ; ) {
      const received = await this.#received();
      const total = [...received.values()].reduce((sum, counts) => sum + counts.received, 0);
      if (total === before) return received;
      before = total;
      await pause(200);
    }
  }

  async #received(): Promise<Map<number, FlowReceived>> {
    const results = await Promise.all([...this.#agents].map((agent) => agent.received()));
    return new Map(results.flatMap((result) => Object.entries(result).map(([flow, counts]) => [Number(flow), counts])));
  }

  async #overflows(): Promise<number> {
    const counts = await Promise.all([...this.#agents].map((agent) => agent.overflows()));
    return counts.reduce((sum, count) => sum + count, 0);
  }
}

/** `12,000 sent, 0 lost`, summed over flows. */
export function total(results: readonly FlowResult[]): { sent: number; lost: number; longestGapMs: number } {
  return {
    sent: results.reduce((sum, { sent }) => sum + sent, 0),
    lost: results.reduce((sum, { lost }) => sum + lost, 0),
    longestGapMs: Math.max(0, ...results.map(({ longestGapMs }) => longestGapMs)),
  };
}
