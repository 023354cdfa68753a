#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { CleanupFlags } from "./cli/cleanup.ts";
import { version } from "./cli/version.ts";

/**
 * The command line. Each command's code is loaded when it is asked for: `run` must not pay for the others at start.
 * Exit status: 0 done, 1 it could not be done, 2 wrong flags.
 */
const program = new Command("linnet")
  .description("A BGP routing daemon for Kubernetes nodes.")
  .version(version)
  .enablePositionalOptions()
  .exitOverride();

const finish = (status: number): void => {
  process.exitCode = status;
};

const portNumber = (text: string): number => {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError("not a port number.");
  return port;
};

program
  .command("run")
  .description("run the daemon of one node")
  .option("--node <name>", "name of the Node object of this machine (default: $NODE_NAME, else the host name)")
  .option("--manifests <dir>", "directory of manifests, watched for changes")
  .addOption(
    new Option(
      "--provider <kind>",
      "where objects come from (default: manifests with --manifests, else the API server)",
    ).choices(["manifests", "api"]),
  )
  .option("--kubeconfig <file>", "access to the API server (default: $KUBECONFIG, else as a pod)")
  .option("--cache <file>", "keeps the API server's objects over a restart of the daemon")
  .option("--defaults <dir>", "manifests that count where the API server has no object of their kind and name")
  .option("--proc-sys <dir>", "where sysctls are read and set (default: /proc/sys, which containers see read-only)")
  .addOption(
    new Option(
      "--on-term <what>",
      "what SIGTERM means: a restart, over which neighbours keep our routes, or the end, before which the node is drained (default: restart)",
    ).choices(["restart", "drain"]),
  )
  .option("--config <file>", "YAML file with any of these flags, in camelCase; flags win")
  .addOption(
    new Option("--log-level <level>", "least severe line that is logged").choices(["debug", "info", "warn", "error"]),
  )
  .addOption(new Option("--log-format <format>", "text for people, json for collectors").choices(["text", "json"]))
  .option(
    "--control <path,options...>",
    "control sockets for birdc, each PATH[,restricted][,timeformat=iso long] (default: /run/linnet/bird.ctl)",
  )
  .option("--control-group <name>", "group that may use the control socket")
  .option(
    "--calico-compat <dir,options...>",
    "also serve bird.ctl and bird6.ctl as Calico's BIRD 1.6 does, in these directories; options as with --control",
  )
  .option(
    "--http <port>",
    "port of /metrics, /livez and /readyz on all addresses; 0 turns it off (default: 0)",
    portNumber,
  )
  .option("--dry-run", "print desired sessions, routes and the CNI file, and touch nothing")
  .action(async (flags: object) => finish(await (await import("./cli/run.ts")).run(flags)));

program
  .command("validate")
  .description("check manifests; names file, line, object and field of what is wrong")
  .argument("<path>", "directory of manifests, or one of them")
  .action(async (path: string) => finish(await (await import("./cli/validate.ts")).validate(path)));

program
  .command("explain")
  .description("describe a field of a resource, such as bgppeer.spec.timers")
  .argument("<field>", "resource, or resource.path.to.field")
  .action(async (field: string) => finish((await import("./cli/explain.ts")).explain(field)));

program
  .command("birdc")
  .description("BIRD's client: look into the daemon, as birdc does")
  .argument("[words...]", "options and one command; none: interactive")
  .allowUnknownOption()
  .helpOption(false)
  .passThroughOptions()
  .action(async (words: string[]) => finish(await (await import("./cli/birdc.ts")).birdc(words)));

program
  .command("status")
  .description("is this node well? One screen")
  .option("-s, --socket <path>", "control socket")
  .option("--json", "one JSON value, for programs")
  .action(async (flags: { socket?: string; json?: boolean }) =>
    finish(await (await import("./cli/status.ts")).status(flags)),
  );

program
  .command("why")
  .description("where a prefix or address stands on its way through the daemon")
  .argument("<destination>", "PREFIX or ADDRESS")
  .option("-s, --socket <path>", "control socket")
  .option("--json", "one JSON value, for programs")
  .action(async (destination: string, flags: { socket?: string; json?: boolean }) =>
    finish(await (await import("./cli/why.ts")).why(destination, flags)),
  );

program
  .command("drain")
  .description("take this node out of service: neighbours find other ways, then its routes are withdrawn")
  .option("--undo", "back into service")
  .option("--wait", "until all neighbours were told that the routes are withdrawn")
  .option("-s, --socket <path>", "control socket")
  .action(async (flags: object) => finish(await (await import("./cli/drain.ts")).drain(flags)));

const cni = program.command("cni").description("the node's CNI network configuration and plugins");

cni
  .command("install")
  .description("write the network configuration of this node's Pod CIDRs")
  .option("--node <name>", "name of the Node object of this machine (default: $NODE_NAME, else the host name)")
  .requiredOption("--manifests <dir>", "directory of manifests")
  .action(async (flags: { node?: string; manifests: string }) =>
    finish(await (await import("./cli/cni.ts")).install(flags)),
  );

cni
  .command("plugins")
  .description("put the CNI plugins where the container runtime finds them; those of others stay as they are")
  .option("--from <dir>", "where the plugins are", "/usr/lib/cni")
  .option("--to <dir>", "where they are to be", "/opt/cni/bin")
  .action(async (flags: { from: string; to: string }) => finish(await (await import("./cli/cni.ts")).plugins(flags)));

program
  .command("migrate")
  .description("print our objects for those of another system, with remarks on what has no counterpart")
  .argument("<system>", "calico, kube-router or metallb")
  .option("-f, --file <files...>", "what `kubectl get -o yaml` printed; - is standard input (default: -)")
  .option("--kubeconfig <file>", "read the API server instead")
  .action(async (system: string, flags: { file?: string[]; kubeconfig?: string }) =>
    finish(await (await import("./cli/migrate.ts")).migrate(system, flags)),
  );

program
  .command("cleanup")
  .description("remove our routes, next-hop objects, CNI file and nftables table from this node; for uninstalling")
  .option("--node <name>", "name of the Node object of this machine")
  .option("--manifests <dir>", "directory of manifests, for tables and files that are not the default ones")
  .option("--cache <file>", "the daemon's cache of the API server's objects, for the same; it is removed at the end")
  .option("--defaults <dir>", "as for run")
  .action(async (flags: CleanupFlags) => finish(await (await import("./cli/cleanup.ts")).cleanup(flags)));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  finish(error.exitCode === 0 ? 0 : 2);
}
