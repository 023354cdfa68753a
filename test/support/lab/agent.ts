import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Host } from "./host.ts";

export type AgentCall =
  | { readonly op: "answer"; readonly port: number }
  | { readonly op: "connect"; readonly address: string; readonly port: number; readonly timeoutMs: number }
  | { readonly op: "receive"; readonly flow: number; readonly port: number }
  | {
      readonly op: "send";
      readonly flow: number;
      readonly address: string;
      readonly port: number;
      readonly packetsPerSecond: number;
    }
  | { readonly op: "sent" | "received" | "forget" | "overflows" };

/** What came of a connection: the address that the other end saw, or the error's name. */
export interface ConnectResult {
  readonly seenFrom?: string;
  readonly error?: string;
}

export interface FlowSent {
  readonly sent: number;
  /** Of those, refused by our own kernel. */
  readonly failed: number;
}

export interface FlowReceived {
  /** Distinct packets. */
  readonly received: number;
  readonly duplicates: number;
  readonly longestGapMs: number;
}

const answerPort = 7000;

/** A process on a host that answers and makes connections and counts packets. */
export class Agent {
  readonly host: Host;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #calls = 0;

  private constructor(host: Host, child: ChildProcess) {
    this.host = host;
    this.#child = child;
    if (!child.stdout) throw new Error("an agent without output");
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, result } = JSON.parse(line) as { id: number; result: unknown };
      this.#waiting.get(id)?.resolve(result);
      this.#waiting.delete(id);
    });
    child.stdin?.on("error", () => {}); // It was killed; whoever waits for it is told so.
    child.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${host.name}: the agent ended`));
    });
  }

  static async start(host: Host): Promise<Agent> {
    const program = join(import.meta.dirname, "agent-process.ts");
    // A measuring instrument goes before what it measures.
    const argv = host.command([
      "nice",
      "-n",
      "-10",
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      program,
    ]);
    const child = spawn(argv[0] ?? "", argv.slice(1), { stdio: ["pipe", "pipe", "inherit"], detached: true });
    const agent = new Agent(host, child);
    await agent.#call({ op: "answer", port: answerPort });
    return agent;
  }

  connect(address: string, timeoutMs = 3000): Promise<ConnectResult> {
    return this.#call({ op: "connect", address, port: answerPort, timeoutMs }) as Promise<ConnectResult>;
  }

  async receive(flow: number, port: number): Promise<void> {
    await this.#call({ op: "receive", flow, port });
  }

  async send(flow: number, address: string, port: number, packetsPerSecond: number): Promise<void> {
    await this.#call({ op: "send", flow, address, port, packetsPerSecond });
  }

  /** Stops all sending. @returns by flow */
  sent(): Promise<Record<number, FlowSent>> {
    return this.#call({ op: "sent" }) as Promise<Record<number, FlowSent>>;
  }

  received(): Promise<Record<number, FlowReceived>> {
    return this.#call({ op: "received" }) as Promise<Record<number, FlowReceived>>;
  }

  /** Closes all flows that are received. */
  async forget(): Promise<void> {
    await this.#call({ op: "forget" });
  }

  /** Packets that found the receiving sockets full since the namespace began. */
  overflows(): Promise<number> {
    return this.#call({ op: "overflows" }) as Promise<number>;
  }

  end(): void {
    this.#child.stdin?.end();
  }

  #call(call: AgentCall): Promise<unknown> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null) reject(new Error(`${this.host.name}: the agent ended`));
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin?.write(`${JSON.stringify({ id, call })}\n`);
    });
  }
}
