import { readFileSync } from "node:fs";
import { parseAllDocuments, stringify } from "yaml";
import { apiAccess } from "#k8s/io/api-access.ts";
import { type ApiAccess, ApiClient, ApiError } from "#k8s/io/api-client.ts";
import { type ForeignObject, foreignObjects } from "#migrate/foreign.ts";
import type { Migration } from "#migrate/outcome.ts";
import { type System, systems } from "#migrate/systems.ts";
import { command } from "./configured.ts";
import { UsageError } from "./flags.ts";
import { version } from "./version.ts";

interface MigrateFlags {
  readonly file?: readonly string[];
  /** Read the API server instead of files. */
  readonly kubeconfig?: string;
}

/**
 * `linnet migrate SYSTEM [-f FILE…]`: prints our objects for another system's, with remarks as comments. Reads what
 * `kubectl get -o yaml` (or json) prints, or the API server.
 * @returns the exit status: 1 where there is nothing to read
 */
export function migrate(name: string, { file, kubeconfig }: MigrateFlags): Promise<number> {
  return command(async () => {
    const system = systems[name];
    if (system === undefined) throw new UsageError(`${name} is none of ${Object.keys(systems).join(", ")}`);
    if (file !== undefined && kubeconfig !== undefined) throw new UsageError("give --file or --kubeconfig, not both");
    const files = file ?? ["-"];
    const objects = kubeconfig === undefined ? files.flatMap(readForeign) : await fromApi(system, kubeconfig);
    if (objects.length === 0) throw new UsageError(`no objects in ${kubeconfig ?? files.join(", ")}`);
    process.stdout.write(manifestOf(system.migrate(objects)));
  });
}

/** Every object of the system's collections; one that the server does not have holds none. */
async function fromApi({ collections }: System, kubeconfig: string): Promise<ForeignObject[]> {
  const client = new ApiClient(await accessBy(kubeconfig), `linnet/${version}`);
  try {
    const lists = await Promise.all(
      collections.map((path) =>
        client.request({ method: "GET", path }).catch((error: unknown) => {
          if (error instanceof ApiError && error.fault.kind === "status" && error.fault.code === 404) return undefined;
          throw new UsageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
        }),
      ),
    );
    return foreignObjects(lists);
  } finally {
    client.close();
  }
}

async function accessBy(kubeconfig: string): Promise<ApiAccess> {
  try {
    return await apiAccess(kubeconfig, process.env);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readForeign(file: string): ForeignObject[] {
  try {
    const documents = parseAllDocuments(readFileSync(file === "-" ? 0 : file, "utf8"));
    const [error] = documents.flatMap(({ errors }) => errors);
    if (error) throw error;
    return foreignObjects(documents.map((document) => document.toJS() as unknown));
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n", 1); // YAML quotes the place below
    throw new UsageError(`${file} cannot be read: ${reason}`);
  }
}

/** Manifests that can be applied as they are; what a person has to look at stands above them. */
export function manifestOf({ objects, nodes, remarks }: Migration): string {
  const head = [...remarks, ...nodes.map(({ node, annotations }) => annotateCommand(node, annotations))];
  const parts = objects.map((each) => comments(each.remarks) + stringify(each.object, { lineWidth: 0 }));
  return `${comments(head)}${parts.map((part) => `---\n${part}`).join("")}`;
}

const comments = (lines: readonly string[]): string =>
  lines
    .flatMap((line) => line.split("\n"))
    .map((line) => `# ${line}\n`)
    .join("");

function annotateCommand(node: string, annotations: Readonly<Record<string, string>>): string {
  const words = Object.entries(annotations).map(([key, value]) => `${key}=${quoted(value)}`);
  return `kubectl annotate node ${quoted(node)} ${words.join(" ")}`;
}

/** For a shell, where it needs to be. */
const quoted = (text: string): string => (/^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
