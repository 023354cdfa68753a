import type { KernelConfig } from "#config/node-config.ts";
import type { Log } from "#lib/log.ts";
import type { Family } from "#route/family.ts";

/** Names are paths below /proc/sys, because interface names may have dots. */

/** /proc/sys; implemented by `io/sysctl-files.ts`. */
export interface SysctlFiles {
  /** @returns undefined where the kernel has no such setting */
  read(name: string): string | undefined;
  /** @returns undefined when done, else the error's code: `EROFS`, `EACCES` */
  write(name: string, value: string): string | undefined;
}

/** What the node's settings depend on. */
export interface SysctlNeeds {
  /** Families that the node routes. */
  readonly families: readonly Family[];
  /** Interfaces that routed packets arrive by: those of neighbours. */
  readonly interfaces: readonly string[];
  /** Interfaces whose IPv6 default route comes from router advertisements. */
  readonly advertised: readonly string[];
  readonly kernel: Pick<KernelConfig, "maxPaths" | "nextHopObjects" | "setSysctls">;
}

/** A setting that is not as it should be. */
export interface SysctlFinding {
  readonly name: string;
  readonly value: string;
  readonly wanted: string;
  readonly why: string;
  /** `set`: ours to change where configuration allows it. `advise`: the operator's own choice, only told. */
  readonly kind: "set" | "advise";
}

interface Rule extends Omit<SysctlFinding, "value"> {
  /** Is this value in order? */
  readonly fits: (value: string) => boolean;
}

const FORWARDING: Readonly<Record<Family, string>> = {
  ipv4: "net/ipv4/ip_forward",
  ipv6: "net/ipv6/conf/all/forwarding",
};

/** What should be changed, in the order in which it has to be. */
export function findSysctls(needs: SysctlNeeds, read: SysctlFiles["read"]): SysctlFinding[] {
  return rules(needs).flatMap(({ fits, ...rule }) => {
    const value = read(rule.name)?.trim();
    return value === undefined || fits(value) ? [] : [{ ...rule, value }];
  });
}

function rules({ families, interfaces, advertised, kernel }: SysctlNeeds): Rule[] {
  const all: Rule[] = [];
  const rule = (kind: Rule["kind"], name: string, wanted: string, why: string, fits?: Rule["fits"]): void => {
    all.push({ kind, name, wanted, why, fits: fits ?? ((value) => value === wanted) });
  };
  if (families.includes("ipv6")) {
    // First: with forwarding on, the kernel forgets such default routes unless told otherwise.
    for (const name of advertised) {
      const why = `without it, ${name} loses its default route from router advertisements once IPv6 is forwarded`;
      rule("set", `net/ipv6/conf/${name}/accept_ra`, "2", why, (value) => value !== "1");
    }
  }
  for (const family of families) {
    rule("set", FORWARDING[family], "1", "without it, no packet of a pod passes through the node", (v) => v !== "0");
  }
  if (kernel.nextHopObjects !== "never") {
    const why = "with it, moving all routes of a next hop costs the kernel a message a route";
    rule("set", "net/ipv4/nexthop_compat_mode", "0", why);
  }
  if (families.includes("ipv4")) {
    for (const name of ["all", ...interfaces]) {
      const why = `strict reverse path filtering drops packets that come to ${name} by another way than answers leave`;
      rule("advise", `net/ipv4/conf/${name}/rp_filter`, "2", why, (value) => value !== "1");
    }
  }
  if (kernel.maxPaths > 1) {
    for (const family of families) {
      const why = "equal paths are chosen by addresses alone: all flows between two pods share one path";
      rule("advise", `net/${family}/fib_multipath_hash_policy`, "1", why, (value) => value !== "0");
    }
  }
  return all;
}

/** @returns names of the settings by which the kernel forwards nothing of these families, now: `net.ipv4.ip_forward` */
export function unforwarded(routed: readonly Family[], read: SysctlFiles["read"]): string[] {
  const names = routed.map((family) => FORWARDING[family]).filter((name) => read(name)?.trim() === "0");
  return names.map((name) => name.replaceAll("/", "."));
}

/** Sets what is ours to set, where configuration allows it, and tells of the rest by name. @returns what stays as it was */
export function settleSysctls(needs: SysctlNeeds, files: SysctlFiles, log: Log): SysctlFinding[] {
  return findSysctls(needs, files.read).filter((finding) => {
    const { kind, name, value, wanted, why } = finding;
    const label = name.replaceAll("/", ".");
    if (kind === "set" && needs.kernel.setSysctls) {
      const code = files.write(name, wanted);
      if (code === undefined) log.info(`${label} was ${value}, is ${wanted} now: ${why}`);
      else log.warn(`${label} is ${value} and cannot be set to ${wanted} (${code}): ${why}`);
      return code !== undefined;
    }
    if (kind === "set") log.warn(`${label} is ${value}, should be ${wanted}: ${why}`);
    else log.info(`${label} is ${value}; consider ${wanted}: ${why}`);
    return true;
  });
}
