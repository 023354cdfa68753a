import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DirectoryState } from "#config/directory.ts";
import { loadDirectory, ManifestDirectory, UnreadableDirectory } from "#config/io/manifest-directory.ts";
import { formatRemark } from "#config/manifests.ts";
import type { Timer } from "#lib/clock.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { nodeYaml } from "../objects-of.ts";

const DEBOUNCE_MS = 100;
const POLL_MS = 10_000;

/** Lets a test wait until something asks to be called after a given time: here, inotify was heard. */
class ListeningClock extends FakeClock {
  readonly #waiting: { delayMs: number; resolve: () => void }[] = [];

  override after(delayMs: number, then: () => void): Timer {
    const timer = super.after(delayMs, then);
    for (const one of this.#waiting.splice(0)) {
      if (one.delayMs === delayMs) one.resolve();
      else this.#waiting.push(one);
    }
    return timer;
  }

  asked(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ delayMs, resolve });
    return promise;
  }
}

let directory: string;
let clock: ListeningClock;
let manifests: ManifestDirectory;
let states: DirectoryState[];
let failures: string[];
let tell: () => void;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "linnet-manifests-"));
  clock = new ListeningClock();
  states = [];
  failures = [];
  tell = () => {};
  manifests = new ManifestDirectory(directory, clock, {
    changed(state) {
      states.push(state);
      tell();
    },
    failed(error) {
      failures.push(error.message);
      tell();
    },
    recovered: () => failures.push("over"),
  });
});
afterEach(() => {
  manifests.close();
  rmSync(directory, { recursive: true, force: true });
});

const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
const nodes = (state: DirectoryState | undefined): string[] => [...(state?.objects.Node.keys() ?? [])].sort();

/** Moves time on, and waits for what the directory then tells by itself. */
async function told(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  tell = resolve;
  clock.advance(ms);
  await promise;
}

/** Moves time on, and waits for what that began, though it may tell nothing: refresh comes after it. */
async function untold(ms: number): Promise<void> {
  clock.advance(ms);
  await manifests.refresh();
}

test("YAML and JSON files are read, hidden ones and others are not", async () => {
  write("a.yaml", nodeYaml("n1", [], []));
  write("b.yml", nodeYaml("n2", [], []));
  write("c.json", nodeYaml("n3", [], []).slice(4));
  write(".d.yaml", nodeYaml("n4", [], []));
  write("e.yaml~", nodeYaml("n5", [], []));
  mkdirSync(join(directory, "f.yaml"));
  execFileSync("mkfifo", [join(directory, "g.yaml")]);
  write("h.yaml", "");
  truncateSync(join(directory, "h.yaml"), (16 << 20) + 1);
  const state = await loadDirectory(directory);
  expect(nodes(state)).toEqual(["n1", "n2", "n3"]);
  expect(state.remarks.map(formatRemark)).toEqual([
    `${join(directory, "f.yaml")}:1: manifest: cannot be read: it is a directory`,
    `${join(directory, "g.yaml")}:1: manifest: cannot be read: it is no file`,
    `${join(directory, "h.yaml")}:1: manifest: cannot be read: it is larger than 16 MiB`,
  ]);
});

test.each([
  ["nowhere", "it does not exist"],
  ["file", "it is not a directory"],
])("a directory that cannot be read is one clear sentence: %s", async (name, why) => {
  write("file", "");
  const path = join(directory, name);
  await expect(loadDirectory(path)).rejects.toThrow(
    new UnreadableDirectory(`manifest directory ${path} cannot be read: ${why}`),
  );
});

test("a new file is heard of at once, and read when it is quiet", async () => {
  await manifests.start();
  const heard = clock.asked(DEBOUNCE_MS);
  write("a.yaml", nodeYaml("n1", [], []));
  await heard;
  await told(DEBOUNCE_MS);
  expect(nodes(states.at(-1))).toEqual(["n1"]);
});

test("a ConfigMap's symlink swap is one change", async () => {
  for (const [version, name] of [
    ["1", "n1"],
    ["2", "n2"],
  ] as const) {
    mkdirSync(join(directory, `..${version}`));
    write(`..${version}/a.yaml`, nodeYaml(name, [], []));
  }
  symlinkSync("..1", join(directory, "..data"));
  symlinkSync("..data/a.yaml", join(directory, "a.yaml"));
  expect(nodes(await manifests.start())).toEqual(["n1"]);
  const heard = clock.asked(DEBOUNCE_MS);
  symlinkSync("..2", join(directory, "..new"));
  renameSync(join(directory, "..new"), join(directory, "..data"));
  await heard;
  await told(DEBOUNCE_MS);
  expect(states.map(nodes)).toEqual([["n2"]]);
});

test("what nothing tells of is found by looking now and then; what did not change is no change", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "linnet-elsewhere-"));
  writeFileSync(join(elsewhere, "a.yaml"), nodeYaml("n1", [], []));
  symlinkSync(join(elsewhere, "a.yaml"), join(directory, "a.yaml"));
  await manifests.start();
  await untold(POLL_MS);
  expect(states).toEqual([]);
  writeFileSync(join(elsewhere, "a.yaml"), nodeYaml("n2", [], []));
  await told(POLL_MS);
  expect(states.map(nodes)).toEqual([["n2"]]);
  rmSync(elsewhere, { recursive: true });
});

test("a directory that goes away is told once, keeps its state in force, and is followed again when it is back", async () => {
  write("a.yaml", nodeYaml("n1", [], []));
  await manifests.start();
  rmSync(directory, { recursive: true });
  await told(POLL_MS);
  await untold(POLL_MS);
  expect(failures).toEqual([`manifest directory ${directory} cannot be read: it does not exist`]);
  expect(states).toEqual([]);
  mkdirSync(directory);
  write("a.yaml", nodeYaml("n2", [], []));
  await told(POLL_MS);
  expect(failures.slice(1)).toEqual(["over"]);
  expect(states.map(nodes)).toEqual([["n2"]]);
  const heard = clock.asked(DEBOUNCE_MS);
  write("b.yaml", nodeYaml("n3", [], []));
  await heard;
});

test("changes that never pause are read all the same", async () => {
  await manifests.start();
  for (let round = 0; round < 3; round++) {
    const heard = round === 0 ? clock.asked(DEBOUNCE_MS) : Promise.resolve();
    write("a.yaml", nodeYaml(`n${round}`, [], []));
    await heard;
    if (round < 2) clock.advance(DEBOUNCE_MS / 2 - 1);
  }
  await told(2);
  expect(states.map(nodes)).toEqual([["n2"]]);
});

test("refresh reads now", async () => {
  await manifests.start();
  write("a.yaml", nodeYaml("n1", [], []));
  expect(nodes(await manifests.refresh())).toEqual(["n1"]);
});

test("after closing nothing is told and nothing waits", async () => {
  await manifests.start();
  manifests.close();
  write("a.yaml", nodeYaml("n1", [], []));
  await manifests.refresh();
  expect(states).toEqual([]);
  expect(clock.pending).toBe(0);
});
