import type { WriteOutcome } from "../messages.ts";
import type { Fault } from "../reflector.ts";

/**
 * Statuses below 500 after which the same request may do better: a token that is being renewed, roles that are being
 * loaded, a write that came between, a server with too much to do.
 */
const PASSING: ReadonlySet<number> = new Set([401, 403, 409, 429]);

/** What came of a write that failed. @param fault undefined: nobody knows, as where there was no connection */
export function failedWrite(fault: Fault | undefined, text: string): WriteOutcome {
  const code = fault?.kind === "status" ? fault.code : undefined;
  const retryable = code === undefined || PASSING.has(code) || code >= 500;
  return { ok: false, code, text, retryable };
}
