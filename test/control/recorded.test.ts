import { describe, expect, test } from "vitest";
import { noAttributes } from "#bgp/wire/attribute-codec.ts";
import { bird2Dialect, bird16Dialect } from "#control/dialect.ts";
import { ReplyReader } from "#control/line-protocol.ts";
import { attributeLines } from "#control/render/attributes.ts";
import { LabClock, LabDaemon } from "./support/lab-daemon.ts";
import { labK1 } from "./support/lab-k1.ts";
import { longReply, missing, type Recording, recordings, selected } from "./support/recordings.ts";
import { talkTo } from "./support/talk.ts";

/** Lines of a reply with their codes written out, what is volatile masked, without what Linnet has nothing of. */
function comparable(reply: string): string[] {
  const reader = new ReplyReader();
  const lines = reply.split("\n").slice(0, -1);
  return withoutForeign(
    lines
      .map((text) => {
        const line = reader.read(text);
        if (line.kind !== "reply") return text;
        return `${String(line.code).padStart(4, "0")}${line.last ? "=" : "-"}${line.text}`;
      })
      .map(masked),
  );
}

const masks: readonly (readonly [RegExp, string])[] = [
  [/((?:Hold timer|Keepalive timer|Error wait|Connect delay|Restart timer): +)[\d.]+/, "$1#"],
  [/((?:server time is|reconfiguration on) ).*/, "$1#"],
  [/(undo in )[\d.]+/, "$1#"],
  [/(Wait timer is )\d+/, "$1#"],
  [/^(1002-\S+ +BGP +\S+ +\S+ +)23:11:05\.\d+/, "$1#"],
  [/^(1002-\S+ +BGP +\S+ +\S+ +)23:10:36\.607/, "$1#"],
  [/^(1002-\S+ +BGP +\S+ +\S+ +)23:20:1[34]/, "$1#"],
  [/^(1018-[\w ]+: ) .*/, "$1 #"],
  [/((?:Import|Export) (?:updates|withdraws):)[\s\d]+(---)?[\s\d]+(---)?[-\s\d]+$/, "$1 #"],
  [/^(1002-(?:mhop|Mesh_172_30_0_60) .* )(?:Connect|Active) +/, "$1#"],
  // A joke of theirs.
  [/line 1: .*/, "line 1: #"],
];

const masked = (line: string): string => masks.reduce((text, [pattern, by]) => text.replace(pattern, by), line);

/** ROA and flow tables, pipes, roles, neighbour ranges, constants, functions, templates: things that Linnet has not. */
const foreign =
  /^(1002-(roa_s|flow_s|pipe4|dyn_peers) |00\d\d-(roa_s|flow_s|pipe4|dyn_peers):|1006- +Role: |1012-\tKernel\.(scope|prefsrc)|1007-.* in table (r4|fl4|t_pods6?)$|1009-.*(AS6451|flow4|recursive|10\.244\.(13|15|16)\.|dormant)|1018-(Current config|Standby memory|ROA tables):|1010-.*\t(undefined|constant|function|protocol template)$|1010-(t_pods6?|fl4|r4|roa_s|flow_s|pipe4|dyn_peers|PEERS)\s)/;

function withoutForeign(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let skipping = false;
  for (const line of lines) {
    // A protocol's details, and a table's routes, go with it.
    if (line.startsWith("1002-")) skipping = foreign.test(line);
    else if (/^1007-Table /.test(line)) skipping = /^1007-Table (r4|fl4|t_pods6?):/.test(line);
    else if (!/^(1006|1007|1008|1012)-/.test(line)) skipping = false;
    if (!skipping && !foreign.test(line)) kept.push(line);
  }
  // Blank lines stand between tables and lists, of which there are fewer now.
  return kept.filter((line, index) => !/^(1007|1009)-$/.test(line) || /^(1007|1009)-./.test(kept[index + 1] ?? ""));
}

/** Same lines in another order: tables of names are kept in whatever order. */
const unordered = /^show symbols( \w+)?$/;

/** Commands whose answer is another one, and why. The same list, in words, is in `docs/birdc.md`. */
const others: readonly (readonly [RegExp, string])[] = [
  [/pipe4|dyn_peers|roa_s|flow_s|t_pods|table (r4|fl4)/, "no pipes, neighbour ranges, ROA and flow tables"],
  [/POD_CIDR|MYAS|is_pod|roa_check/, "no constants and functions of a configuration file"],
  [/^show route export kernel/, "the equal paths are the kernel's own routes here"],
  [/^show route export ebgp_d4/, "no ADD-PATH, so one path"],
  [/^show route (import|export) table (ebgp_d[46]|nosuch)/, "no import and export tables"],
  [/^show route count$|^show route (all|primary|filtered|where false) count$|^show route count /, "fewer tables"],
  [/^show route (stats|filter pods_only count|count stats)$|stats$/, "fewer tables"],
  [/^(help|quit|exit)$/, "BIRD never answers; Linnet says 9001"],
  [/^reload (in|out) (all|"\*")$/, "states differ in the end"],
  [/^configure undo$/, "other changes to undo"],
  [/^show memory$/, "Linnet's own rows"],
];

function otherwise(sent: string): boolean {
  return others.some(([pattern]) => pattern.test(sent));
}

/** BIRD drops what comes in one burst of 1,024 octets or more; Linnet answers. */
const burst = ({ sent }: Recording): boolean => sent.length > 1000;

test("answers of BIRD 2.0.12, a selection", () => {
  const all = selected("2.0.12");
  expect(all).toHaveLength(18);
  for (const { sent, reply } of all) {
    const clock = new LabClock();
    expect(comparable(talkTo(new LabDaemon(clock), clock).ask(sent)), sent).toEqual(comparable(reply));
  }
});

test("answers of BIRD 1.6, a selection", () => {
  const all = selected("calico-1.6.8");
  expect(all).toHaveLength(10);
  for (const { sent, reply } of all) {
    const clock = new LabClock(labK1);
    const { ask } = talkTo(new LabDaemon(clock, labK1), clock, bird16Dialect("ipv4"));
    expect(comparable(ask(sent)), sent).toEqual(comparable(reply));
  }
});

describe.skipIf(missing)(`answers of BIRD 2.0.12 ${missing ?? ""}`, () => {
  test.each(["basic", "route", "errors", "restricted", "control", "async"])("%s", (group) => {
    const clock = new LabClock();
    let talk = talkTo(new LabDaemon(clock), clock);
    let compared = 0;
    for (const recording of recordings("2.0.12", group)) {
      if (recording.fresh) talk = talkTo(new LabDaemon(clock), clock);
      // It would change what follows on the same connection.
      if (recording.sent.startsWith("timeformat")) continue;
      const reply = talk.ask(recording.sent);
      if (otherwise(recording.sent) || burst(recording) || recording.reply === "") continue;
      if (/banner|half-close|no-newline/.test(recording.file)) continue;
      const [ours, theirs] = [reply, recording.reply].map(comparable);
      if (unordered.test(recording.sent)) {
        expect(ours?.toSorted(), recording.sent).toEqual(theirs?.toSorted());
      } else {
        expect(ours, recording.sent).toEqual(theirs?.filter((line) => !line.startsWith("+")));
      }
      compared++;
    }
    expect(compared).toBeGreaterThan(5);
  });
});

test.skipIf(missing)(`attributes of any length ${missing ?? ""}`, () => {
  const reply = longReply("001");
  const lines = reply.split("\n").filter((text) => /^(1012-| )\t/.test(text));
  const tuples = (name: string): number[][] => {
    const [, text = ""] = new RegExp(`\\tBGP\\.${name}: ([^:]*)(?:\\n.\\tBGP|\\n0000)`).exec(reply) ?? [];
    return [...text.matchAll(/\(([^)]*)\)/g)].map(([, inside = ""]) =>
      inside.replace("rt, ", "").split(",").map(Number),
    );
  };
  const attributes = {
    ...noAttributes,
    // The recorded router had prepended these.
    asPath: [{ kind: "sequence" as const, members: Array.from({ length: 120 }, (_, at) => 4_200_000_120 - at) }],
    communities: tuples("community").map(([high = 0, low = 0]) => high * 65_536 + low),
    extendedCommunities: tuples("ext_community").map(([as = 0, value = 0]) => [0x0002_0000 + as, value] as const),
    largeCommunities: tuples("large_community").map(([a = 0, b = 0, c = 0]) => [a, b, c] as const),
  };
  expect(attributes.communities.length).toBeGreaterThan(100);
  // A static route has no ORIGIN.
  expect(attributeLines(attributes).slice(1)).toEqual(lines.map((text) => text.replace(/^(1012-| )/, "")));
});

/** The same for the dialect of 1.6. */
const others16: readonly RegExp[] = [
  /^show symbols/,
  /^show memory$/,
  /^show route (where bogus|bogus|stats)$/,
  /^show route (export|preexport|noexport) /,
  /^show status\r?$/,
  /^reload (all|static1)$/,
  /^configure undo$/,
  /^disable Mesh$/,
];

describe.skipIf(missing)(`answers of BIRD 1.6 as Calico has it ${missing ?? ""}`, () => {
  test.each(["basic", "route", "errors", "restricted", "control"])("%s", (group) => {
    const clock = new LabClock(labK1);
    let talk = talkTo(new LabDaemon(clock, labK1), clock, bird16Dialect("ipv4"));
    let compared = 0;
    for (const recording of recordings("calico-1.6.8/bird", group)) {
      if (recording.fresh) talk = talkTo(new LabDaemon(clock, labK1), clock, bird16Dialect("ipv4"));
      const reply = talk.ask(recording.sent);
      if (others16.some((pattern) => pattern.test(recording.sent))) continue;
      expect(comparable(reply), recording.sent).toEqual(comparable(recording.reply));
      compared++;
    }
    expect(compared).toBeGreaterThan(5);
  });
});

test("the greeting names the dialect", () => {
  expect(bird2Dialect.version).toMatch(/^2\.[\d.]+$/);
  expect(bird16Dialect("ipv6").version).toMatch(/^v[\d.]+\+birdv1\.6\.8$/);
});
