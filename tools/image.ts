import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import packageFile from "../package.json" with { type: "json" };
import { ociArchive } from "./image/archive.ts";
import { entriesOf, makeBase, makeProgram } from "./image/root.ts";

const project = join(import.meta.dirname, "..");

/**
 * The image, without a container engine: `node tools/image.ts --output FILE` writes an OCI archive for machines of this
 * architecture, `--root DIR` the root filesystem alone, as deploy/Dockerfile wants it. $SOURCE_DATE_EPOCH, or the time of
 * the commit, is the time of everything in it.
 */
export async function imageArchive(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "linnet-image-"));
  try {
    const [base, program] = [join(folder, "base"), join(folder, "program")];
    makeBase(base);
    await makeProgram(program);
    const facts = {
      name: packageFile.name,
      version: packageFile.version,
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      seconds: Number(process.env.SOURCE_DATE_EPOCH ?? git("log", "-1", "--format=%ct") ?? 0),
      entrypoint: ["/usr/bin/linnet"],
      revision: git("rev-parse", "HEAD"),
    };
    return ociArchive(facts, [entriesOf(base), entriesOf(program)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What git says of the checkout; undefined outside of one. */
function git(...args: string[]): string | undefined {
  try {
    return execFileSync("git", args, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { output: { type: "string" }, root: { type: "string" } } });
  if (values.root !== undefined) {
    makeBase(values.root);
    await makeProgram(values.root);
  }
  if (values.output !== undefined) {
    const output = resolve(values.output);
    const archive = await imageArchive();
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, archive);
    console.log(`${output}: ${(archive.length / 2 ** 20).toFixed(1)} MiB`);
  }
}
