import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Daemon } from "./daemon.ts";

/**
 * No routing daemon: hands the octets of neighbours with `export: "none"` on to all others, unread. What it needs is what
 * the bench itself needs.
 */
export const nullRelay: Daemon = {
  name: "null",
  yardstick: "relay",
  features: new Set(),
  version: () => process.version.slice(1),
  prepare(setup, directory) {
    const file = join(directory, "relay.json");
    writeFileSync(file, JSON.stringify(setup));
    return [{ command: process.execPath, args: [join(import.meta.dirname, "null-relay-process.ts"), file] }];
  },
};
