import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { Cluster, User } from "@kubernetes/client-node/dist/config_types.js";
import { parse } from "yaml";
import { reason } from "#lib/io/file-error.ts";

/** What the current context of one or several kubeconfig files chooses. */
export interface Chosen {
  /** The files, for error messages. */
  readonly source: string;
  readonly cluster: Cluster;
  /** Without anything but a name where the context has no user. */
  readonly user: User;
}

type Fields = Readonly<Record<string, unknown>>;
/** A file as it is written, before anybody looked at its fields. */
interface Raw {
  readonly clusters?: unknown;
  readonly users?: unknown;
}

/** Fields of users that the package passes over: without them we would be somebody else. */
const PASSED_OVER = ["as-uid", "as-groups", "as-user-extra"];
/** Our name among those of `auth-provider` for the field `tokenFile`; `config.path` is the file. */
export const TOKEN_FILE = "tokenFile";
/** Names of `auth-provider` that the package knows, and ours. */
const PROVIDERS: ReadonlySet<unknown> = new Set(["azure", "gcp", "oidc", TOKEN_FILE]);

/**
 * Reads and joins the files as kubectl does: what the first one says of a name stands, and the first current context.
 * Where there are several, some may be missing.
 * @throws Error naming the file and the field that is missing or of a kind we do not speak
 */
export function readKubeconfig(files: readonly string[]): Chosen {
  const source = files.join(":");
  const found = files.flatMap((file) => {
    const text = textOf(file, "kubeconfig", files.length > 1);
    return text === undefined ? [] : [{ file, raw: rawOf(file, text) }];
  });
  if (found.length === 0) throw new Error(`kubeconfig ${source} cannot be read: ${reason({ code: "ENOENT" })}`);
  const all = found.map(({ file, raw }) => loaded(file, raw, "filter"));
  const named = <T>(what: string, name: string | undefined, look: (config: KubeConfig) => T | null): T => {
    for (const config of all) {
      const one = name === undefined ? null : look(config);
      if (one !== null) return one;
    }
    const fault = found.map(({ file, raw }) => firstFault(file, raw)).find((text) => text?.startsWith(`${what}s[`));
    const why = fault === undefined ? "" : `: ${fault}`;
    throw new Error(`${source}: no ${what} named ${name ?? "in current-context"}${why}`);
  };
  const current = all.map((config) => config.getCurrentContext()).find(Boolean);
  const context = named("context", current, (each) => each.getContextObject(current ?? ""));
  const { cluster: clusterName, user: userName } = context as { cluster: string; user?: string };
  const cluster = named("cluster", clusterName, (each) => each.getCluster(clusterName));
  const user = userName === undefined ? { name: "" } : named("user", userName, (each) => each.getUser(userName));
  const written = found.flatMap(({ raw }) => entriesOf(raw.users)).find(({ name }) => name === userName)?.user;
  check({ source, cluster, user }, isFields(written) ? written : {});
  return { source, cluster, user };
}

/** @param written the user's fields. @throws Error where an address is none, or the user logs in in a way that we do not speak */
function check({ source, cluster, user }: Chosen, written: Fields): void {
  const of = `${source}: cluster ${cluster.name}`;
  if (!URL.canParse(cluster.server)) throw new Error(`${of}: server must be a URL`);
  if (cluster.proxyUrl && !URL.canParse(cluster.proxyUrl)) throw new Error(`${of}: proxy-url must be a URL`);
  const refuse = (what: string): never => {
    throw new Error(`${source}: user ${user.name}: ${what} is not supported`);
  };
  for (const field of PASSED_OVER) if (field in written) refuse(field);
  const { name: provider } = (user.authProvider ?? {}) as { name?: string };
  if (user.authProvider && !PROVIDERS.has(provider)) refuse(`auth-provider ${provider}`);
  const { interactiveMode, command } = (user.exec ?? {}) as { interactiveMode?: string; command?: string };
  if (interactiveMode === "Always") refuse(`exec ${command} with interactiveMode Always`);
}

/** @param onInvalid `filter`: entries that lack something are left out, as they may be of no interest */
function loaded(file: string, raw: Raw, onInvalid: "filter" | "throw"): KubeConfig {
  const config = new KubeConfig();
  const folder = dirname(resolve(file));
  config.loadFromString(JSON.stringify(adapted(raw, folder)), { onInvalidEntry: onInvalid });
  config.makePathsAbsolute(folder);
  return config;
}

/** What is wrong with a file, in the package's words: `clusters[0].cluster.server is missing`. */
function firstFault(file: string, raw: Raw): string | undefined {
  try {
    loaded(file, raw, "throw");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function rawOf(file: string, text: string): Raw {
  try {
    const value: unknown = parse(text, { prettyErrors: false });
    return typeof value === "object" && value !== null ? value : {};
  } catch (error) {
    throw new Error(`kubeconfig ${file} is no YAML: ${reason(error)}`, { cause: error });
  }
}

/** The same, in the words of the package. */
function adapted(raw: Raw, folder: string): Raw {
  return {
    ...raw,
    clusters: changed(raw.clusters, "cluster", clusterOf),
    users: changed(raw.users, "user", (user) => userOf(user, folder)),
  };
}

/** The package wants to be told that plain HTTP is meant, and takes a file where there is inline data as well. */
function clusterOf(cluster: Fields): Fields {
  const { server, "certificate-authority": file, ...rest } = cluster;
  const plain = typeof server === "string" && server.startsWith("http:");
  return {
    ...rest,
    server,
    ...(!rest["certificate-authority-data"] && { "certificate-authority": file }),
    ...(plain && { "insecure-skip-tls-verify": true }),
  };
}

/** The package does not know `tokenFile`, and looks for a plugin's path in the folder that we run in. */
function userOf(user: Fields, folder: string): Fields {
  const { "client-certificate": certificate, "client-key": key, tokenFile, token, exec, ...rest } = user;
  const provider = { name: TOKEN_FILE, config: { path: resolve(folder, String(tokenFile)) } };
  const { command } = isFields(exec) ? exec : {};
  const inFolder = typeof command === "string" && command.includes("/");
  return {
    ...rest,
    ...(!rest["client-certificate-data"] && { "client-certificate": certificate }),
    ...(!rest["client-key-data"] && { "client-key": key }),
    ...(typeof tokenFile === "string" ? { "auth-provider": provider } : { token }),
    exec: isFields(exec) && inFolder ? { ...exec, command: resolve(folder, command) } : exec,
  };
}

function changed(list: unknown, what: string, change: (fields: Fields) => Fields): unknown {
  if (!Array.isArray(list)) return list;
  return list.map((entry: unknown) => {
    const fields = isFields(entry) ? entry[what] : undefined;
    return isFields(entry) && isFields(fields) ? { ...entry, [what]: change(fields) } : entry;
  });
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;
const entriesOf = (list: unknown): Fields[] => (Array.isArray(list) ? list.filter(isFields) : []);

/** @param what the file is, for who has to mend it. @returns undefined where it does not exist and `mayMiss` */
export function textOf(file: string, what: string, mayMiss = false): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (mayMiss && (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`${what} ${file} cannot be read: ${reason(error)}`, { cause: error });
  }
}
