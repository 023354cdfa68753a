import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { decodeAttributes, encodeAttributes } from "#bgp/wire/attribute-codec.ts";
import { MessageCutter } from "#bgp/wire/framing.ts";
import { decodeMessage, describeAttributes, describeMessage, type Message } from "#bgp/wire/message.ts";
import { decodeOpen, encodeOpen, type Open } from "#bgp/wire/open.ts";
import type { ReadContext } from "#bgp/wire/read-context.ts";
import { UpdateReader } from "#bgp/wire/update.ts";
import { hex } from "./support/octets.ts";
import { RecordingSink } from "./support/recording-sink.ts";

const folder = join(import.meta.dirname, "../../vectors/bgp");
const files = globSync("*.vectors", { cwd: folder }).sort();

interface Captured {
  readonly connection: string;
  readonly way: string;
  readonly octets: Uint8Array;
}

function load(file: string): Captured[] {
  const lines = readFileSync(join(folder, file), "utf8").split("\n");
  return lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, connection = "", way = "", octets = ""] = line.split(" ");
      return { connection, way, octets: hex(octets) };
    });
}

const opposite = (way: string): string => way.split("").reverse().join("").replace("<", ">");

/** The OPEN that went `way` on `connection`. */
function openOf(captured: readonly Captured[], connection: string, way: string): Open {
  const found = captured.find((one) => one.connection === connection && one.way === way && one.octets[18] === 1);
  return found ? decodeOpen(found.octets, 0, found.octets.length) : expect.unreachable(`no OPEN ${way}`);
}

/** How the receiver of what goes `way` understands it. */
function contextOf(captured: readonly Captured[], connection: string, way: string): ReadContext {
  const [sender, receiver] = [openOf(captured, connection, way), openOf(captured, connection, opposite(way))];
  const [theirs, ours] = [sender.capabilities, receiver.capabilities];
  return {
    context: 1,
    families: ours.families.filter((family) => theirs.families.includes(family)),
    external: sender.as !== receiver.as,
    localAs: receiver.as,
    remoteAs: sender.as,
    fourOctetAs: ours.fourOctetAs !== undefined && theirs.fourOctetAs !== undefined,
    extendedNextHop: ours.extendedNextHop && theirs.extendedNextHop,
    routerId: receiver.routerId,
    clusterId: receiver.routerId,
    allowOwnAs: 0,
    checkFirstAs: true,
  };
}

test("there are vectors to hold against", () => {
  expect(files.length).toBeGreaterThanOrEqual(5);
});

test.each(files)("%s: every message is read as its sender meant it", async (file) => {
  const captured = load(file);
  const lines: string[] = [];
  for (const { connection, way, octets } of captured) {
    const cutter = new MessageCutter();
    cutter.feed(octets, 0, octets.length);
    expect([cutter.next(), cutter.end - cutter.start, cutter.next()]).toEqual([true, octets.length, false]);
    const { fourOctetAs } = contextOf(captured, connection, way);
    const message: Message = decodeMessage(octets, 0, octets.length, fourOctetAs ? 4 : 2);
    lines.push(`${connection} ${way} ${describeMessage(message)}`);
    if (message.type === "open") {
      const again = encodeOpen(message.open);
      expect(decodeOpen(again, 0, again.length).capabilities.families).toEqual(message.open.capabilities.families);
    }
  }
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(join(folder, `${basename(file, ".vectors")}.messages.txt`));
});

test.each(files)(
  "%s: no UPDATE of a real daemon is found fault with, and every set is stored as it should be",
  async (file) => {
    const captured = load(file);
    const sink = new RecordingSink();
    const lines: string[] = [];
    for (const { connection, way, octets } of captured) {
      if (octets[18] !== 2) continue;
      const reader = new UpdateReader(contextOf(captured, connection, way), sink);
      const from = sink.log.length;
      expect(reader.read(octets, 0, octets.length), reader.remarks()).toBe("ok");
      for (const line of sink.log.slice(from)) {
        const [what, prefix, set] = line.split(" ");
        if (what !== "reach" || set === undefined) lines.push(`${connection} ${way} ${line}`);
        else {
          const stored = hex(set);
          const attributes = decodeAttributes(stored, 0, stored.length);
          const again = encodeAttributes(attributes);
          expect(decodeAttributes(again, 0, again.length)).toEqual(attributes);
          lines.push(`${connection} ${way} reach ${prefix}: ${describeAttributes(attributes)}`);
        }
      }
    }
    expect(sink.held).toBe(0);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(join(folder, `${basename(file, ".vectors")}.routes.txt`));
  },
);
