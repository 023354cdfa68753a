import { globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";

const root = join(import.meta.dirname, "..");
export const bundleFolder = join(root, "dist");

/**
 * Bundles the program and each of its threads into a folder, side by side, as the image has them: stripping types and
 * resolving modules would cost every start a second's third. koffi stays outside, it has machine code.
 * @returns what went where
 */
export async function bundle(folder = bundleFolder): Promise<Metafile> {
  rmSync(folder, { recursive: true, force: true });
  const threads = globSync("src/*/io/*-worker.ts", { cwd: root });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["src/main.ts", ...threads],
    entryNames: "[name]",
    // Beside the threads: a chunk finds their files by its own address.
    chunkNames: "[name]-[hash]",
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node24",
    external: ["koffi"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
    metafile: true,
  });
  return metafile;
}

if (import.meta.main) await bundle();
