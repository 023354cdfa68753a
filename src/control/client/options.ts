import type { PrintStyle } from "./printer.ts";

/** Where the daemon listens unless told otherwise. */
export const DEFAULT_SOCKET = "/run/linnet/bird.ctl";

export interface ClientOptions {
  readonly socket: string;
  readonly style: PrintStyle;
  /** Restrict the session before anything else. */
  readonly restricted: boolean;
  /** One command; undefined: commands are typed. */
  readonly command: string | undefined;
}

export const usage = "Usage: birdc [-s <control-socket>] [-v] [-r] [-l] [--json] [<command>]";

/**
 * `-s SOCKET`, `-v` (codes), `-r` (restricted), `-l` (socket in this directory), `--json`, then the words of a command.
 * @returns text of the mistake where there is one
 */
export function parseOptions(args: readonly string[]): ClientOptions | string {
  let socket = DEFAULT_SOCKET;
  let style: PrintStyle = "plain";
  let restricted = false;
  let at = 0;
  for (; args[at]?.startsWith("-"); at++) {
    const argument = args[at] ?? "";
    if (argument === "--") return done(at + 1);
    if (argument === "--json") {
      style = "json";
      continue;
    }
    for (const [index, letter] of argument.slice(1).split("").entries()) {
      if (letter === "v") style = "verbose";
      else if (letter === "r") restricted = true;
      else if (letter === "l") socket = "./bird.ctl";
      else if (letter === "s") {
        // `-sPATH` and `-s PATH`.
        const path = argument.slice(index + 2) || args[++at];
        if (path === undefined) return "option requires an argument -- 's'";
        socket = path;
        break;
      } else return `invalid option -- '${letter}'`;
    }
  }
  return done(at);

  function done(from: number): ClientOptions {
    return { socket, style, restricted, command: from < args.length ? args.slice(from).join(" ") : undefined };
  }
}
