import type { Claim } from "./claims/claim.ts";

/** What the demo prints: a line when a step begins, its findings below it, the time it took. Colours on a terminal only. */
export class Screen {
  readonly #colours: boolean;
  readonly #began = performance.now();

  constructor(terminal = process.stdout.isTTY && !("NO_COLOR" in process.env)) {
    this.#colours = terminal;
  }

  title(text: string): void {
    console.log(this.#paint("1", text));
  }

  /** Runs one step and prints the claims that came of it. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    console.log(`${this.#paint("2", this.#clock())} ${this.#paint("1", name)}`);
    return work();
  }

  detail(text: string): void {
    console.log(`        ${text}`);
  }

  claims(claims: readonly Claim[]): void {
    for (const claim of claims) {
      this.detail(`${this.#mark(claim)} ${claim.name}: ${claim.measured}`);
      for (const line of claim.seen ?? []) this.detail(`     ${line}`);
    }
  }

  summary(claims: readonly Claim[]): void {
    const broken = claims.filter(({ holds }) => !holds);
    this.title(
      `\nSummary after ${this.#clock().trim()}: ${claims.length - broken.length} of ${claims.length} claims hold`,
    );
    for (const claim of claims) {
      this.detail(`${this.#mark(claim)} ${claim.name}${claim.holds ? "" : `: ${claim.measured}`}`);
    }
  }

  #mark({ holds }: Claim): string {
    return holds ? this.#paint("32", "ok  ") : this.#paint("31", "FAIL");
  }

  #clock(): string {
    return `${((performance.now() - this.#began) / 1000).toFixed(1).padStart(5)} s`;
  }

  #paint(code: string, text: string): string {
    return this.#colours ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}
