import { connect } from "node:net";
import { ReplyPrinter } from "../printer.ts";
import { socketError } from "./socket-error.ts";

/**
 * Asks the daemon for JSON values with one of Linnet's own commands.
 * @throws Error with one line that says what is wrong: no daemon, or what it said
 */
export function query(socketPath: string, command: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const printer = new ReplyPrinter("json");
    const values: unknown[] = [];
    let greeted = false;
    socket.setEncoding("utf8");
    socket.on("error", (error) => reject(new Error(`no daemon answers at ${socketPath}: ${socketError(error)}`)));
    socket.on("close", () => reject(new Error(`the daemon at ${socketPath} closed the connection`)));
    socket.write(`${command}\n`);
    socket.on("data", (text: string) => {
      for (const { lines, ended, failed } of printer.push(text)) {
        if (failed) reject(new Error(lines.join(" ")));
        else values.push(...lines.map((line) => JSON.parse(line) as unknown));
        if (!ended) continue;
        if (greeted) {
          resolve(values);
          socket.destroy();
        }
        greeted = true;
      }
    });
  });
}
