import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { reason } from "#lib/io/file-error.ts";

/** Where the API server is, and how we prove who we are. */
export interface ApiAccess {
  /** `https://10.96.0.1:443`, without a slash at the end. */
  readonly server: string;
  readonly ca: string | undefined;
  readonly clientCertificate: string | undefined;
  readonly clientKey: string | undefined;
  /** Asked for each request: tokens of pods are renewed on disk. */
  token(): string | undefined;
  readonly insecureSkipTlsVerify: boolean;
}

const POD_SECRETS = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Access by `path` (a kubeconfig file), else by $KUBECONFIG, else as a pod.
 * @throws Error naming the file and the field that is missing or of a kind we do not speak
 */
export function apiAccess(path: string | undefined, environment: NodeJS.ProcessEnv): ApiAccess {
  const file = path ?? environment.KUBECONFIG;
  if (file !== undefined && file !== "") return fromKubeconfig(file);
  return fromPod(environment);
}

function fromPod(environment: NodeJS.ProcessEnv): ApiAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = environment;
  if (host === undefined || !existsSync(`${POD_SECRETS}/token`)) {
    throw new Error("no API server: not in a pod, and neither --kubeconfig nor $KUBECONFIG names a file");
  }
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ca: readFileSync(`${POD_SECRETS}/ca.crt`, "utf8"),
    clientCertificate: undefined,
    clientKey: undefined,
    token: () => readFileSync(`${POD_SECRETS}/token`, "utf8").trim(),
    insecureSkipTlsVerify: false,
  };
}

type Named<T extends string, V> = { readonly name?: string } & { readonly [K in T]?: V };
interface Kubeconfig {
  readonly "current-context"?: string;
  readonly contexts?: readonly Named<"context", { readonly cluster?: string; readonly user?: string }>[];
  readonly clusters?: readonly Named<"cluster", Fields>[];
  readonly users?: readonly Named<"user", Fields>[];
}
type Fields = Readonly<Record<string, unknown>>;

/** @param what the file is, for who has to mend it */
function textOf(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`${what} ${file} cannot be read: ${reason(error)}`, { cause: error });
  }
}

function readKubeconfig(file: string): Kubeconfig | null {
  const text = textOf(file, "kubeconfig");
  try {
    return parse(text, { prettyErrors: false }) as Kubeconfig | null;
  } catch (error) {
    throw new Error(`kubeconfig ${file} is no YAML: ${reason(error)}`, { cause: error });
  }
}

function fromKubeconfig(file: string): ApiAccess {
  const config = readKubeconfig(file);
  const named = <T extends string, V>(
    list: readonly Named<T, V>[] | undefined,
    what: T,
    name: string | undefined,
  ): V => {
    const found: V | undefined = list?.find((each) => each.name === name)?.[what];
    if (found === undefined) throw new Error(`${file}: no ${what} named ${name ?? "in current-context"}`);
    return found;
  };
  const context = named(config?.contexts, "context", config?.["current-context"]);
  const cluster = named(config?.clusters, "cluster", context.cluster);
  const user = context.user === undefined ? {} : named(config?.users, "user", context.user);
  for (const foreign of ["exec", "auth-provider"]) {
    if (foreign in user)
      throw new Error(`${file}: user ${context.user}: ${foreign} is not supported; use a token or a certificate`);
  }
  const { server } = cluster;
  if (typeof server !== "string") throw new Error(`${file}: cluster ${context.cluster}: server must be given`);
  const material = (fields: Fields, name: string): string | undefined => {
    const inline = fields[`${name}-data`];
    if (typeof inline === "string") return Buffer.from(inline, "base64").toString("utf8");
    const beside = fields[name];
    return typeof beside === "string" ? textOf(resolve(dirname(file), beside), name) : undefined;
  };
  const { token, tokenFile } = user;
  return {
    server: server.replace(/\/+$/, ""),
    ca: material(cluster, "certificate-authority"),
    clientCertificate: material(user, "client-certificate"),
    clientKey: material(user, "client-key"),
    token: () => {
      if (typeof tokenFile === "string") return textOf(resolve(dirname(file), tokenFile), "tokenFile").trim();
      return typeof token === "string" ? token : undefined;
    },
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"] === true,
  };
}
