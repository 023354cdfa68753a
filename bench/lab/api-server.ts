import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

const program = join(import.meta.dirname, "api-server-process.ts");

export interface ApiReport {
  /** Requests that came so far. */
  readonly requests: number;
  /** Watches that stand. */
  readonly watches: number;
  /** Changes made so far, heartbeats not among them. */
  readonly round: number;
}

/** An API server of a large cluster, in the daemon's namespace. */
export class BenchApiServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.#child = child;
    if (child.stdout === null) throw new Error("an API server without output");
    this.#lines = createInterface({ input: child.stdout });
  }

  /** @returns when all objects are there */
  static async start(
    namespace: string,
    size: { readonly nodes: number; readonly services: number },
  ): Promise<BenchApiServer> {
    const port = 6443;
    const argv = [process.execPath, program, port, size.nodes, size.services].map(String);
    const child = spawn("ip", ["netns", "exec", namespace, ...argv], { stdio: ["pipe", "pipe", "inherit"] });
    const server = new BenchApiServer(child, port);
    await server.#answer();
    return server;
  }

  /** Changes come from now on. */
  change(): void {
    this.#child.stdin?.write("change\n");
  }

  /** The history is lost: whoever watches has to list again. */
  forget(): void {
    this.#child.stdin?.write("forget\n");
  }

  report(): Promise<ApiReport> {
    this.#child.stdin?.write("report\n");
    return this.#answer();
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  #answer(): Promise<ApiReport> {
    return new Promise((resolve, reject) => {
      this.#lines.once("line", (line: string) => resolve(JSON.parse(line) as ApiReport));
      this.#child.once("exit", () => reject(new Error("the API server ended")));
    });
  }
}
