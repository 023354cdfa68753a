import { readFileSync } from "node:fs";

interface Syscalls {
  readonly names: readonly string[];
  readonly action: string;
  readonly args: readonly object[] | null;
  readonly errnoRet?: number;
  readonly includes?: { readonly caps?: readonly string[]; readonly arches?: readonly string[] };
  readonly excludes?: { readonly caps?: readonly string[]; readonly arches?: readonly string[] };
}

interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet: number;
  readonly archMap: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly syscalls: readonly Syscalls[];
}

/** Debian's golang-github-containers-common: what CRI-O and Podman call their default; containerd's differs in details. */
const PROFILE = "/usr/share/containers/seccomp.json";
const ARCHITECTURES = { x64: ["amd64", "SCMP_ARCH_X86_64"], arm64: ["arm64", "SCMP_ARCH_AARCH64"] } as const;

/** `RuntimeDefault` for a container with these capabilities, as runc wants it (OCI runtime specification, `linux.seccomp`). */
export function runtimeDefault(capabilities: readonly string[]): object {
  const profile = JSON.parse(readFileSync(PROFILE, "utf8")) as Profile;
  const [go, kernel] = ARCHITECTURES[process.arch as keyof typeof ARCHITECTURES];
  const some = (wanted: readonly string[] | undefined, have: readonly string[]): boolean =>
    wanted?.some((each) => have.includes(each)) ?? false;
  const holds = ({ includes, excludes }: Syscalls): boolean =>
    (includes?.caps === undefined || includes.caps.every((each) => capabilities.includes(each))) &&
    (includes?.arches === undefined || some(includes.arches, [go])) &&
    !some(excludes?.caps, capabilities) &&
    !some(excludes?.arches, [go]);
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet,
    architectures: [
      kernel,
      ...profile.archMap.flatMap((each) => (each.architecture === kernel ? each.subArchitectures : [])),
    ],
    syscalls: profile.syscalls.filter(holds).map(({ names, action, args, errnoRet }) => ({
      names,
      action,
      ...(errnoRet !== undefined && { errnoRet }),
      ...(args?.length && { args }),
    })),
  };
}
