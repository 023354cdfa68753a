import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { bundle } from "../bundle.ts";
import { fetchPackages, unpack } from "./debian.ts";
import type { Entry } from "./tar.ts";

const project = join(import.meta.dirname, "../..");
/** Packages of Debian, kept from one build to the next. */
const packageFolder = join(project, ".tools/image/debian");

/** Where things are mounted: a read-only root has to have these. */
const mountPoints: readonly string[] = [
  ...["dev", "proc", "sys", "tmp", "run/linnet", "var/lib/linnet"],
  ...["etc/cni/net.d", "etc/linnet/defaults", "host/opt/cni/bin", "host/proc/sys/net"],
];

/** Without a shell, a program is a file that names its interpreter; the daemon has the same flag as in bin/linnet. */
const programs: Readonly<Record<string, string>> = {
  linnet: '#!/usr/bin/node --max-semi-space-size=4\nimport("/opt/linnet/main.js");\n',
  birdc: '#!/usr/bin/node\nprocess.argv.splice(2, 0, "birdc");\nimport("/opt/linnet/main.js");\n',
};

const accounts: Readonly<Record<string, string>> = {
  passwd: "root:x:0:0:root:/:/nonexistent\nnobody:x:65534:65534:nobody:/nonexistent:/nonexistent\n",
  group: "root:x:0:\nnogroup:x:65534:\n",
  "nsswitch.conf": "hosts: files dns\n",
};

/** What changes rarely: libraries, Node.js (the one that runs this), nft and CNI plugins. */
export function makeBase(root: string): void {
  for (const folder of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(root, "usr", folder), { recursive: true });
    symlinkSync(`usr/${folder}`, join(root, folder));
  }
  for (const file of fetchPackages(packageFolder)) unpack(file, root);
  copyFileSync(process.execPath, join(root, "usr/bin/node"));
  chmodSync(join(root, "usr/bin/node"), 0o755);
  const licence = join(dirname(process.execPath), "../LICENSE");
  if (existsSync(licence)) put(root, "usr/share/doc/nodejs/copyright", readFileSync(licence, "utf8"));
  for (const [name, text] of Object.entries(accounts)) put(root, `etc/${name}`, text);
  for (const path of mountPoints) mkdirSync(join(root, path), { recursive: true });
}

/** What changes with every commit: the bundle, and koffi's machine code for this machine's C library. */
export async function makeProgram(root: string): Promise<void> {
  await bundle(join(root, "opt/linnet"));
  put(root, "opt/linnet/package.json", '{ "type": "module" }\n');
  for (const file of [
    "package.json",
    "LICENSE.txt",
    ...globSync("{,src/**/}*.{js,cjs}", { cwd: join(project, "node_modules/koffi") }),
  ])
    keep(root, `node_modules/koffi/${file}`);
  const native = `node_modules/@koromix/koffi-linux-${process.arch}`;
  for (const file of ["package.json", "index.js", `linux_${process.arch}/koffi.node`]) keep(root, `${native}/${file}`);
  put(root, "opt/linnet/LICENSE", readFileSync(join(project, "LICENSE"), "utf8"));
  for (const [name, text] of Object.entries(programs)) put(root, `usr/bin/${name}`, text, 0o755);
}

function put(root: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

/** Copies a file of the project to its place below /opt/linnet. */
function keep(root: string, path: string): void {
  const target = join(root, "opt/linnet", path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(project, path), target);
}

/** The files of a folder, sorted, with modes that do not depend on whose they are: what may be run 0755, all else 0644. */
export function entriesOf(root: string, below = ""): Entry[] {
  return readdirSync(join(root, below))
    .sort()
    .flatMap((name): Entry[] => {
      const path = below === "" ? name : `${below}/${name}`;
      const found = lstatSync(join(root, path));
      if (found.isSymbolicLink()) return [{ type: "link", path, target: readlinkSync(join(root, path)) }];
      if (found.isDirectory())
        return [{ type: "directory", path, mode: path === "tmp" ? 0o1777 : 0o755 }, ...entriesOf(root, path)];
      const mode = found.mode & 0o100 ? 0o755 : 0o644;
      return [{ type: "file", path, mode, content: readFileSync(join(root, path)) }];
    });
}
