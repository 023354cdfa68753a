import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { commandTable, written, wrongCodes } from "../control/support/command-table.ts";
import { indexed, missing, type Recording, recordings } from "../control/support/recordings.ts";
import {
  askRaw,
  asPrinted,
  codesOf,
  family,
  isRefused,
  printed,
  recordedLines,
  shape,
  translated,
} from "../support/lab/answers.ts";
import { type BirdcLab, manifests, names, openBirdcLab, settled } from "../support/lab/birdc-lab.ts";
import { linnetCommand } from "../support/lab/linnet-process.ts";
import { run, tryRun } from "../support/lab/run.ts";
import { until } from "../support/lab/until.ts";

/**
 * A live daemon with the neighbours that BIRD had when it was recorded. Real `birdc` and `birdcl` ask it every command of
 * the recordings, in the order in which they were recorded, and what comes back is judged by the table in docs/birdc.md.
 */

/** Something is done before these are asked, in tests of their own. */
const elsewhere = ["states", "shutdown"];

/** A connection and nothing else, or one that is closed too early for BIRD. */
const noCommand = /banner|half-close|no-newline/;

/** Codes of what was asked some seconds later when it was recorded. */
const soon: Readonly<Record<string, string>> = { "configure status": "0003 0022" };

/** What clients refuse to send, or would not send as it is, is sent without one. */
const needsRaw = ({ text, sent, group }: Recording): boolean =>
  isRefused(text) ||
  group === "errors" ||
  sent !== sent.trim() ||
  sent.length > 500 ||
  /[\t\r\n#;?\0]|^(help|quit|exit|)$/.test(sent);

describe.skipIf(missing)(`a live daemon answers as BIRD was recorded ${missing ?? ""}`, () => {
  let world: BirdcLab;
  const groups = missing === undefined ? [...new Set(indexed("2.0.12").map(({ group }) => group))] : [];
  const all = groups.flatMap((name) => recordings("2.0.12", name)).filter(({ file }) => !noCommand.test(file));
  const rows = commandTable("BIRD 2.0.12");
  const shapes = new Map<string, Set<string>>();
  for (const recording of all) {
    const known = shapes.get(family(recording.sent)) ?? new Set();
    shapes.set(family(recording.sent), known);
    for (const line of recordedLines(recording)) known.add(shape(line));
  }
  // Recorded with BIRD 1.6 only.
  shapes.get("show protocols")?.add("LINE-GR recovery: waiting");

  beforeAll(async () => {
    world = await openBirdcLab("birdc");
  });

  afterAll(() => world?.lab.close());

  async function ask(program: string, recording: Recording): Promise<string[]> {
    const { linnet, broken } = world;
    const files = { '"/etc/bird/a.conf"': linnet.host.path("manifests"), '"/etc/bird/bad.conf"': broken };
    const command = translated(recording.sent, files);
    if (needsRaw(recording)) return printed(asPrinted(await askRaw(linnet.socket, command)));
    const restricted = recording.group === "restricted" && command !== "restrict" ? ["-r"] : [];
    const { stdout, code } = await tryRun([program, "-v", ...restricted, "-s", linnet.socket, command], {
      seconds: 10,
    });
    const lines = printed(stdout);
    expect(code, command).toBe(lines.some((line) => /^[89]\d\d\d /.test(line)) ? 1 : 0);
    return lines;
  }

  /** What is not as the table says, in words. */
  function judged({ sent, ...recording }: Recording, lines: readonly string[]): string[] {
    const row = rows.get(written(sent));
    if (row === undefined) return ["is in no row of docs/birdc.md"];
    const codes = codesOf(lines);
    const expected = codesOf(recordedLines({ sent, ...recording }));
    if (row.answer !== "same") return wrongCodes(row, codes, expected);
    const strange = lines.filter((line) => shapes.get(family(sent))?.has(shape(line)) !== true);
    return [
      ...([expected.join(" "), soon[sent]].includes(codes.join(" ")) ? [] : [`codes ${codes}, not ${expected}`]),
      ...strange.map((line) => `${line}   is like no line of BIRD's: ${shape(line)}`),
    ];
  }

  /** Asks all of these. @returns what is not as the table says, a line each */
  async function disagreements(program: string, list: readonly Recording[]): Promise<string> {
    const wrong: string[] = [];
    for (const recording of list) {
      const lines = await ask(program, recording);
      const command = `${recording.group}: ${written(recording.sent)}`;
      for (const text of judged(recording, lines)) wrong.push(`${command}: ${text}`);
    }
    return wrong.join("\n");
  }

  const some = (group: string, ...files: readonly string[]): Recording[] => {
    const found = all.filter((one) => one.group === group && files.some((file) => one.file.startsWith(file)));
    expect(found).toHaveLength(files.length);
    return found;
  };

  test.each(["birdc", "birdcl"])("%s", async (program) => {
    // Where there is no reply, BIRD hung up, or crashed.
    const asked = all.filter(({ group, reply, sent }) => {
      return !elsewhere.includes(group) && (reply !== "" || rows.get(written(sent))?.answer !== "same");
    });
    expect(asked.length).toBeGreaterThan(480);
    expect(await disagreements(program, asked)).toBe("");
    await settled(world.linnet);
  });

  test("linnet status and linnet why look through the same socket", async () => {
    const { linnet } = world;
    const { stdout, code } = await tryRun([linnetCommand, "status", "-s", linnet.socket]);
    expect(stdout).toContain("No session with Global_172_30_0_9");
    expect(stdout).toMatch(/Global_172_30_0_3 +172\.30\.0\.3 +64513 +Established/);
    expect(code).toBe(1);
    const why = await run([linnetCommand, "why", "10.100.0.7", "-s", linnet.socket]);
    expect(why).toContain("10.100.0.0/24 (the longest prefix that covers 10.100.0.7)");
    expect(why).toMatch(/kernel +installed: via 172\.30\.0\.[34] on eth0/);
    const asJson = async (...words: readonly string[]): Promise<unknown> => {
      const { stdout: text } = await tryRun([linnetCommand, ...words, "--json", "-s", linnet.socket]);
      return JSON.parse(text);
    };
    expect(await asJson("status")).toMatchObject({
      well: false,
      problems: expect.arrayContaining([expect.stringMatching(/^No session with Global_172_30_0_9/)]),
      routerId: "10.0.0.1",
      started: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      neighbours: expect.arrayContaining([
        expect.objectContaining({ name: "Global_172_30_0_3", session: "Established" }),
      ]),
    });
    expect(await asJson("why", "10.100.0.7")).toMatchObject({ prefix: "10.100.0.0/24", kernelFailed: false });
  });

  test("configurations are checked, put in force for a time, confirmed and undone", async () => {
    const { linnet } = world;
    const other = linnet.host.path("other");
    mkdirSync(other);
    const fewer = manifests.filter(({ metadata }) => metadata.name !== "refused");
    writeFileSync(`${other}/all.yaml`, fewer.map((manifest) => stringify(manifest)).join("---\n"));
    const present = async (): Promise<boolean> =>
      (await linnet.birdc("show", "protocols")).includes(`${names.refused} `);
    const configure = (...words: readonly string[]): Promise<string> => linnet.birdc("configure", ...words);
    expect(await configure("check", `"${other}"`)).toContain("Configuration OK");
    expect(await present()).toBe(true);
    expect(await configure(`"${other}"`, "timeout", "2")).toContain("Undo scheduled in 2 s");
    expect(await present()).toBe(false);
    await until("it is back, since nobody confirmed", 10, present);
    expect(await configure(`"${other}"`, "timeout", "2")).toContain("Reconfigured");
    expect(await configure("confirm")).toContain("Reconfiguration confirmed");
    expect(await configure("status")).not.toContain("unconfirmed");
    expect(await configure("undo")).toContain("Reconfigured");
    await until("it is back, since that was undone", 10, present);
    expect(await configure("check", `"${world.broken}"`).catch(String)).toContain("peer.yaml");
    await configure(`"${world.broken}"`).catch(() => {});
    const { stdout } = await tryRun([linnetCommand, "status", "-s", linnet.socket]);
    expect(stdout).toMatch(/Not in force: .*peer\.yaml:\d+: BGPPeer\/x: spec\.peerAddress/);
    expect(await configure()).toContain("Reconfigured");
    expect(await present()).toBe(true);
    await settled(linnet);
  });

  test("debug tells of every message of a neighbour, also to those who asked with echo", async () => {
    const { linnet } = world;
    const { ebgp_d4: name } = names;
    await linnet.birdc("debug", name!, "{", "packets", "}");
    expect(await askRaw(linnet.socket, `echo all\nreload ${name}`)).toContain("+sent ROUTE-REFRESH ipv4\n");
    await until("the answer is logged", 10, () =>
      /received UPDATE announces .*10\.244\.4\.0\/24/.test(linnet.daemon.log()),
    );
    await linnet.birdc("debug", "all", "off");
  });

  test("of a neighbour that was shut down there, and of one that is gone and may come back", async () => {
    const { birds, linnet } = world;
    const d = birds.get(4)!;
    const shown = (): Promise<string> => linnet.birdc("show", "protocols", "all", names.ebgp_d4!);
    await d.shutDown("172.30.0.1", "rack move");
    await until("the shutdown is shown", 10, async () => (await shown()).includes("Message:        rack move"));
    expect(await shown()).toContain("Received: Administrative shutdown");
    expect(await disagreements("birdc", some("states", "001", "002", "003"))).toBe("");
    await d.birdc("enable", "peer0");
    await settled(linnet);
    d.host.daemons.at(-1)?.signal("SIGKILL");
    await until("it is gone", 10, async () => (await shown()).includes("Neighbor graceful restart active"));
    expect(await shown()).toMatch(/ {4}Restart timer: {4}1\d\d\.\d{3}\/-\n[\s\S]*Neighbor GR: {4}Regular/);
    expect(await disagreements("birdcl", some("states", "010", "011", "012", "013", "014"))).toBe("");
    await d.start();
    await settled(linnet);
  });

  test("of a daemon that ended and comes back: the kernel keeps its routes, and it waits for its neighbours", async () => {
    const { birds, linnet } = world;
    const ends = async (command: string, reply: string): Promise<void> => {
      expect((await linnet.birdc(...command.split(" "))).split("\n").at(-2)).toBe(reply);
      await until("it has ended", 10, () => !linnet.daemon.running);
      expect((await linnet.host.routes(4, ["proto", "bgp"])).length).toBeGreaterThan(10);
    };
    await ends("graceful restart", "Graceful restart requested");
    birds.get(3)?.host.daemons.at(-1)?.signal("SIGKILL");
    await linnet.start();
    const status = await linnet.birdc("show", "status");
    expect(status).toMatch(
      /Graceful restart recovery in progress\n {2}Waiting for \d+ channels to recover\n {2}Wait timer is /,
    );
    const shown = await linnet.birdc("show", "protocols", "all", names.ebgp_c!);
    expect(shown).toContain("    GR recovery:    pending waiting");
    expect(await disagreements("birdc", some("shutdown", "003", "004"))).toBe("");
    await ends("down", "Shutdown requested");
  });
});
