import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageArchive } from "../../../tools/image.ts";
import { run } from "./run.ts";

/** The image, built and unpacked: `layout` as the archive has it, `unpacked` as a runtime wants it. */
export interface UnpackedImage {
  readonly archive: Buffer;
  readonly layout: string;
  readonly unpacked: string;
}

/** Builds the image of this checkout and has umoci unpack it. */
export async function unpackedImage(folder: string): Promise<UnpackedImage> {
  const archive = await imageArchive();
  const [file, layout, unpacked] = [join(folder, "image.tar"), join(folder, "layout"), join(folder, "unpacked")];
  mkdirSync(layout, { recursive: true });
  writeFileSync(file, archive);
  await run(["tar", "-x", "-f", file, "-C", layout]);
  const [reference] = (await run(["umoci", "list", "--layout", layout])).trim().split("\n");
  await run(["umoci", "unpack", "--image", `${layout}:${reference}`, unpacked], { seconds: 120 });
  return { archive, layout, unpacked };
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** Blobs of a layout whose octets are not what their names say, and names that nothing refers to, or that are missing. */
export function layoutFaults(layout: string): string[] {
  const names = readdirSync(join(layout, "blobs/sha256"));
  const octets = (name: string): Buffer => readFileSync(join(layout, "blobs/sha256", name));
  const json = <T>(descriptor: Descriptor | undefined): T =>
    JSON.parse(octets(descriptor?.digest.slice(7) ?? "").toString()) as T;
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { manifests: Descriptor[] };
  const manifest = json<{ config: Descriptor; layers: Descriptor[] }>(index.manifests[0]);
  const referred = [...index.manifests, manifest.config, ...manifest.layers];
  const wrong = names.filter((name) => createHash("sha256").update(octets(name)).digest("hex") !== name);
  const sizes = referred.filter(({ digest, size }) => octets(digest.slice(7)).length !== size);
  const loose = names.filter((name) => !referred.some(({ digest }) => digest === `sha256:${name}`));
  return [...wrong, ...sizes.map(({ digest }) => digest), ...loose];
}
