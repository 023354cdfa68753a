import type { Cluster } from "@kubernetes/client-node/dist/config_types.js";
import { reason } from "#lib/io/file-error.ts";
import { textOf } from "./kubeconfig.ts";

/** `exec` of a kubeconfig's user: a command that gives credentials. */
export interface Exec {
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly apiVersion?: string;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
}

/** Longest part of what a command said that is repeated. */
const MAX_SAID = 500;

/** The same, with KUBERNETES_EXEC_INFO, which the client-go credential plugin contract promises each plugin. */
export function toldToPlugin(exec: Exec, cluster: Cluster): Exec {
  const info = {
    apiVersion: exec.apiVersion ?? "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: { interactive: false, ...(exec.provideClusterInfo && { cluster: clusterInfo(cluster) }) },
  };
  const told = { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) };
  return { ...exec, env: [...(exec.env ?? []), told] };
}

/** An authority that stands in a file is told by what the file has. */
function clusterInfo({ server, caData, caFile, tlsServerName, skipTLSVerify, proxyUrl }: Cluster): object {
  const authority = caFile === undefined ? undefined : textOf(caFile, "certificate-authority");
  return {
    server,
    "certificate-authority-data": caData ?? (authority && Buffer.from(authority).toString("base64")),
    "tls-server-name": tlsServerName,
    "insecure-skip-tls-verify": skipTLSVerify || undefined,
    "proxy-url": proxyUrl,
  };
}

/** Which command gave no credentials, and what it said. */
export function execFailure({ command, installHint }: Exec, error: unknown): string {
  const { code, syscall = "", message } = error as NodeJS.ErrnoException;
  if (syscall.startsWith("spawn")) {
    if (code !== "ENOENT") return `exec ${command} cannot be run: ${reason(error)}`;
    return `exec ${command} is not installed${installHint ? `: ${oneLine(installHint)}` : ""}`;
  }
  if (error instanceof SyntaxError) return `exec ${command} printed no JSON: ${oneLine(message)}`;
  if (error instanceof TypeError) return `exec ${command} printed no ExecCredential with a status`;
  return `exec ${command} failed: ${oneLine(message) || "it said nothing"}`;
}

const oneLine = (text: string): string => text.trim().replaceAll(/\s+/g, " ").slice(0, MAX_SAID);
