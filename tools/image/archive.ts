import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { type Entry, tar } from "./tar.ts";

/** What an image says of itself. */
export interface ImageFacts {
  /** `linnet`. */
  readonly name: string;
  readonly version: string;
  /** As Go calls it: amd64, arm64. */
  readonly architecture: string;
  /** Seconds since 1970, of the image and all its files. */
  readonly seconds: number;
  readonly entrypoint: readonly string[];
  readonly revision: string | undefined;
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly octets: Uint8Array;
}

const sha256 = (octets: Uint8Array): string => `sha256:${createHash("sha256").update(octets).digest("hex")}`;
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const media = (type: string): string => `application/vnd.oci.image.${type}`;

function blob(mediaType: string, octets: Uint8Array): Blob {
  return { mediaType, digest: sha256(octets), size: octets.length, octets };
}

const described = ({ mediaType, digest, size }: Blob): object => ({ mediaType, digest, size });

/**
 * An image as one file: a tar archive of an image layout (OCI Image Format Specification 1.0, image-layout.md), which
 * `ctr images import`, `docker load`, `podman load` and `skopeo copy oci-archive:` take. Equal input gives equal octets.
 * @param layers bottom first
 */
export function ociArchive(facts: ImageFacts, layers: readonly (readonly Entry[])[]): Buffer {
  const tars = layers.map((entries) => tar(entries, facts.seconds));
  const blobs = tars.map((octets) => blob(media("layer.v1.tar+gzip"), gzipSync(octets)));
  const config = blob(media("config.v1+json"), json(configOf(facts, tars.map(sha256))));
  const manifest = blob(
    media("manifest.v1+json"),
    json({
      schemaVersion: 2,
      mediaType: media("manifest.v1+json"),
      config: described(config),
      layers: blobs.map(described),
    }),
  );
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        ...described(manifest),
        platform: { architecture: facts.architecture, os: "linux" },
        annotations: {
          "org.opencontainers.image.ref.name": facts.version,
          "io.containerd.image.name": `docker.io/library/${facts.name}:${facts.version}`,
        },
      },
    ],
  };
  const all = [...blobs, config, manifest].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const file = (path: string, content: Uint8Array): Entry => ({ type: "file", path, mode: 0o644, content });
  const folder = (path: string): Entry => ({ type: "directory", path, mode: 0o755 });
  const files: Entry[] = [
    folder("blobs"),
    folder("blobs/sha256"),
    ...all.map(({ digest, octets }) => file(`blobs/${digest.replace(":", "/")}`, octets)),
    file("index.json", json(index)),
    file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
  ];
  return tar(files, facts.seconds);
}

function configOf(facts: ImageFacts, diffIds: readonly string[]): object {
  const created = new Date(facts.seconds * 1000).toISOString().replace(".000Z", "Z");
  const labels = {
    "org.opencontainers.image.title": facts.name,
    "org.opencontainers.image.version": facts.version,
    "org.opencontainers.image.licenses": "Apache-2.0",
    ...(facts.revision && { "org.opencontainers.image.revision": facts.revision }),
  };
  return {
    created,
    architecture: facts.architecture,
    os: "linux",
    config: {
      User: "0:0",
      Env: ["PATH=/usr/sbin:/usr/bin"],
      Entrypoint: facts.entrypoint,
      Cmd: ["run"],
      WorkingDir: "/",
      Labels: labels,
    },
    rootfs: { type: "layers", diff_ids: diffIds },
    history: diffIds.map(() => ({ created, created_by: "tools/image.ts" })),
  };
}
