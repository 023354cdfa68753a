import http from "node:http";
import https from "node:https";
import type { Authenticator } from "@kubernetes/client-node/dist/auth.js";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { User } from "@kubernetes/client-node/dist/config_types.js";
import type { Clock } from "#lib/clock.ts";
import { reason } from "#lib/io/file-error.ts";
import { systemClock } from "#lib/io/system-clock.ts";
import type { ApiAccess, Authorisation } from "./api-client.ts";
import { type Exec, execFailure, toldToPlugin } from "./exec-plugin.ts";
import { type Chosen, readKubeconfig, TOKEN_FILE, textOf } from "./kubeconfig.ts";

/** How long a request waits for credentials: a plugin may have to ask a person. */
const PATIENCE_MS = 120_000;
/** How long a proxy may take to connect us. */
const PROXY_TIMEOUT_MS = 30_000;

/** Access to an API server as kubeconfig files say it. Who we are is the work of the Kubernetes project's own package. */
export class KubeconfigAccess implements ApiAccess {
  readonly server: string;
  readonly #chosen: Chosen;
  readonly #clock: Clock;
  #config: KubeConfig;
  /** One at a time: a plugin that is slow, or asks a person, is not started for each request. */
  #asking: Promise<Authorisation> | undefined;
  #last: Authorisation | undefined;
  #material: string | undefined;
  #agent: http.Agent | undefined;

  private constructor(chosen: Chosen, clock: Clock) {
    const user = prepared(chosen);
    this.#chosen = { ...chosen, user };
    this.#clock = clock;
    this.server = chosen.cluster.server;
    this.#config = configOf(this.#chosen);
  }

  /** @throws Error (rejects) naming the file and the field that is wrong, or the command that gives no credentials */
  static async open(files: readonly string[], clock: Clock = systemClock): Promise<KubeconfigAccess> {
    const access = new KubeconfigAccess(readKubeconfig(files), clock);
    await access.authorise();
    return access;
  }

  authorise(): Promise<Authorisation> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#inTime(this.#asking);
  }

  /** Credentials of a plugin that the server does not know, though they may not have expired, are asked for again. */
  refused({ headers, agent }: Authorisation): void {
    const isLast = agent === this.#last?.agent && headers.authorization === this.#last.headers.authorization;
    if (isLast && this.#chosen.user.exec) this.#config = configOf(this.#chosen);
  }

  close(): void {
    this.#agent?.destroy();
  }

  async #inTime<T>(result: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = this.#clock.after(PATIENCE_MS, () => {
      reject(new Error(`${this.#who}: no credentials within ${PATIENCE_MS / 1000} seconds`));
    });
    try {
      return await Promise.race([result, promise]);
    } finally {
      timer.cancel();
    }
  }

  async #ask(): Promise<Authorisation> {
    const { user } = this.#chosen;
    const options = newOptions();
    try {
      const before = { ...oidcOf(user) };
      await this.#config.applyToHTTPSOptions(options);
      this.#exchanged(before);
      const given = (options.headers ?? {}) as Record<string, string>;
      if ((user.exec || user.authProvider) && !given.Authorization && !options.cert)
        throw new Error("it gave neither a token nor a certificate");
      this.#last = { agent: await this.#agentFor(options), headers: headersOf(given, options.auth) };
      return this.#last;
    } catch (error) {
      if (user.exec) this.#config = configOf(this.#chosen); // it keeps what it got, however useless
      throw this.#sentence(error);
    }
  }

  /**
   * An expired token of OIDC was exchanged. The package then loses the refresh token where the issuer gave no other one, and
   * takes the seconds that the new token lasts for the time when it expires; one that is new to it reads the token itself.
   */
  #exchanged(before: Readonly<Record<string, unknown>>): void {
    const { user } = this.#chosen;
    const now = oidcOf(user);
    if (now["id-token"] === before["id-token"]) return;
    now["refresh-token"] ??= before["refresh-token"];
    this.#config = configOf(this.#chosen);
  }

  /** The same as before while certificates are the same; connections of another one go on until their requests end. */
  async #agentFor(options: https.RequestOptions): Promise<http.Agent> {
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    const material = [ca, cert, key].join("\n");
    if (this.#agent !== undefined && material === this.#material) return this.#agent;
    for (const sockets of Object.values(this.#agent?.freeSockets ?? {}))
      for (const socket of sockets ?? []) socket.destroy();
    if (this.#chosen.cluster.proxyUrl) this.#agent = await this.#throughProxy(options);
    else if (this.server.startsWith("http:")) this.#agent = new http.Agent({ keepAlive: true });
    else {
      const tls = { ca, cert, key, rejectUnauthorized, ...(servername && { servername }) };
      this.#agent = new https.Agent({ keepAlive: true, ...tls });
    }
    this.#material = material;
    return this.#agent;
  }

  /** An agent of the package, which makes one for a cluster and a user and then keeps it: so these are new to it. */
  async #throughProxy({ cert, key }: https.RequestOptions): Promise<http.Agent> {
    const { cluster } = this.#chosen;
    const inline = (material: unknown): string => Buffer.from(String(material)).toString("base64");
    const config = new KubeConfig();
    config.loadFromClusterAndUser(cluster, {
      name: "",
      ...(cert && { certData: inline(cert) }),
      ...(key && { keyData: inline(key) }),
    });
    const options = newOptions();
    await config.applyToHTTPSOptions(options);
    return options.agent as http.Agent;
  }

  get #who(): string {
    const { source, user } = this.#chosen;
    return `${source}: user ${user.name}`;
  }

  #sentence(error: unknown): Error {
    const { cluster, user } = this.#chosen;
    const { path, syscall = "" } = error as NodeJS.ErrnoException;
    const files = {
      "certificate-authority": cluster.caFile,
      "client-certificate": user.certFile,
      "client-key": user.keyFile,
    };
    const unread = Object.entries(files).find(([, file]) => file !== undefined && file === path);
    if (unread && !syscall.startsWith("spawn"))
      return new Error(`${unread.join(" ")} cannot be read: ${reason(error)}`, { cause: error });
    if (user.exec) return new Error(`${this.#who}: ${execFailure(user.exec as Exec, error)}`, { cause: error });
    const { name: provider } = (user.authProvider ?? {}) as { name?: string };
    const text = error instanceof Error ? error.message : String(error);
    if (provider === undefined || provider === TOKEN_FILE) return new Error(text, { cause: error });
    const privateIssuer = Object.keys(oidcOf(user)).some((field) => field.startsWith("idp-certificate-authority"));
    const why =
      privateIssuer && error instanceof TypeError
        ? "the token expired, and no other is to be had with idp-certificate-authority"
        : text;
    return new Error(`${this.#who}: auth-provider ${provider}: ${why}`, { cause: error });
  }
}

const newOptions = (): https.RequestOptions => ({ rejectUnauthorized: true, timeout: PROXY_TIMEOUT_MS });

/** What `auth-provider` has to go by; the package writes there what it exchanged. */
const oidcOf = ({ authProvider }: User): Record<string, unknown> =>
  (authProvider as { config?: Record<string, unknown> } | undefined)?.config ?? {};

/** The package's spelling of headers is its own. */
function headersOf(given: Readonly<Record<string, string>>, auth: string | null | undefined): Record<string, string> {
  const headers = Object.entries(given).map(([name, value]) => [name.toLowerCase(), value] as const);
  const basic = auth ? { authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {};
  return { ...basic, ...Object.fromEntries(headers) };
}

/** `tokenFile`, read for each request: tokens are renewed on disk. */
const tokenFile: Authenticator = {
  isAuthProvider: ({ authProvider }) => (authProvider as { name?: string } | undefined)?.name === TOKEN_FILE,
  applyAuthentication: async ({ authProvider }, options) => {
    const { config } = authProvider as { config: { path: string } };
    const token = textOf(config.path, TOKEN_FILE)?.trim();
    options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
  },
};

function configOf({ cluster, user }: Chosen): KubeConfig {
  const config = new KubeConfig();
  config.addAuthenticator(tokenFile);
  config.loadFromClusterAndUser(cluster, user);
  return config;
}

/** With what the package leaves out: what a plugin is told; and the issuer as a URL, which its OIDC library insists on. */
function prepared({ cluster, user }: Chosen): User {
  if (user.exec) return { ...user, exec: toldToPlugin(user.exec as Exec, cluster) };
  const config = oidcOf(user);
  const { "idp-issuer-url": issuer } = config;
  if (typeof issuer === "string" && URL.canParse(issuer)) config["idp-issuer-url"] = new URL(issuer);
  return user;
}
