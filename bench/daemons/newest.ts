import { execFileSync } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Daemons newer than the machine's Debian, unpacked with their libraries into a folder each and run there by chroot:
 * nothing is installed. The mirror is the one that the machine's own sources name.
 */
const folder = join(tmpdir(), "linnet-bench-newest");
const suite = "sid";
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** @returns root of a file system that holds the newest `name` of Debian; made at first need */
export function newestRoot(name: string): string {
  const root = join(folder, name);
  if (existsSync(root)) return root;
  const apt = prepareApt();
  const archives = join(folder, `${name}.archives`);
  rmSync(archives, { recursive: true, force: true });
  mkdirSync(join(archives, "partial"), { recursive: true });
  const wanted = ["install", "--download-only", "--no-install-recommends", "--yes", name];
  execFileSync("apt-get", [...apt, "-o", `Dir::Cache::archives=${archives}`, ...wanted], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  unpack(archives, `${root}.new`);
  rmSync(archives, { recursive: true });
  renameSync(`${root}.new`, root);
  return root;
}

/** Options that keep apt's lists, cache and idea of what is installed out of the machine's own. */
function prepareApt(): string[] {
  const lists = join(folder, "lists");
  const options = {
    "Dir::Etc::sourcelist": join(folder, "sources.list"),
    "Dir::Etc::sourceparts": "/dev/null",
    "Dir::State::lists": lists,
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache::pkgcache": "",
    "Dir::Cache::srcpkgcache": "",
    "APT::Sandbox::User": "root",
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  if (existsSync(join(folder, "status"))) return flags;
  mkdirSync(join(lists, "partial"), { recursive: true });
  writeFileSync(options["Dir::Etc::sourcelist"], `deb [signed-by=${keyring}] ${mirror()} ${suite} main\n`);
  execFileSync("apt-get", [...flags, "update"], { stdio: ["ignore", "ignore", "inherit"] });
  writeFileSync(options["Dir::State::status"], "");
  return flags;
}

/** Where this machine gets Debian from. */
function mirror(): string {
  for (const file of globSync("/etc/apt/{sources.list,sources.list.d/*.list,sources.list.d/*.sources}")) {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      const [, url] = /^(?:deb (?:\[.*\] )?|URIs: *)(\S+\/debian\/?)(?:\s|$)/.exec(line) ?? [];
      if (url !== undefined) return url;
    }
  }
  throw new Error("no Debian mirror in /etc/apt");
}

function unpack(archives: string, root: string): void {
  rmSync(root, { recursive: true, force: true });
  for (const part of ["tmp", "proc", "dev", "run", "etc", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64"])
    mkdirSync(join(root, part), { recursive: true });
  for (const merged of ["bin", "sbin", "lib", "lib64"]) symlinkSync(`usr/${merged}`, join(root, merged));
  for (const archive of readdirSync(archives).filter((name) => name.endsWith(".deb"))) {
    const tar = execFileSync("dpkg-deb", ["--fsys-tarfile", join(archives, archive)], { maxBuffer: 2 ** 30 });
    execFileSync("tar", ["-x", "-C", root, "--keep-directory-symlink", "-f", "-"], { input: tar });
  }
  // The users that daemons become are those of the machine's own packages.
  for (const file of ["etc/passwd", "etc/group"]) writeFileSync(join(root, file), readFileSync(`/${file}`));
}
