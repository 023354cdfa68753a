import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Debian packages of which something is in the image: the C and C++ libraries for Node.js and koffi (gcc-12-base has their licence), nft with its
 * libraries for the masquerade table, CNI plugins to be put onto nodes.
 */
const packages: readonly string[] = [
  ...["libc6", "libgcc-s1", "libstdc++6", "gcc-12-base"],
  ...["nftables", "libnftables1", "libnftnl11", "libmnl0", "libjansson4", "libgmp10", "libxtables12"],
  ...["libedit2", "libtinfo6", "libbsd0", "libmd0"],
  "containernetworking-plugins",
];

/** What of them: libraries, nft, the plugins that configurations call, and the licence of each. */
const kept: readonly RegExp[] = [
  /^lib64\/ld-[^/]*$/,
  /^(usr\/)?lib\/[^/]*-linux-gnu\/[^/]*\.so[^/]*$/,
  /^(usr\/)?sbin\/nft$/,
  /^usr\/lib\/cni\/(bridge|host-local|loopback|portmap|ptp)$/,
  /^usr\/share\/doc\/[^/]*\/copyright$/,
];

/** Fetches the packages that are not in `folder` yet, with apt and so by its signatures. @returns their files, sorted */
export function fetchPackages(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const have = new Set(readdirSync(folder).map((file) => file.split("_")[0] ?? ""));
  const missing = packages.filter((name) => !have.has(name));
  if (missing.length > 0) execFileSync("apt-get", ["download", "-q", ...missing], { cwd: folder, stdio: "pipe" });
  return readdirSync(folder)
    .filter((file) => file.endsWith(".deb"))
    .sort()
    .map((file) => join(folder, file));
}

/** Unpacks into `root`, whose /lib and /lib64 point into /usr, what of a package is kept. */
export function unpack(file: string, root: string): void {
  const list = execFileSync("dpkg-deb", ["--fsys-tarfile", file], { maxBuffer: 1 << 30 });
  const names = execFileSync("tar", ["-t"], { input: list, encoding: "utf8", maxBuffer: 1 << 26 }).split("\n");
  const wanted = names.filter((name) => kept.some((pattern) => pattern.test(name.replace(/^\.\//, ""))));
  if (wanted.length === 0) return;
  execFileSync("tar", ["-x", "--keep-directory-symlink", "--no-same-owner", "-C", root, ...wanted], { input: list });
}
