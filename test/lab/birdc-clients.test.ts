import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bird2Dialect, bird16Dialect, type Dialect } from "#control/dialect.ts";
import { type ControlSocket, listenAt } from "#control/io/unix-socket.ts";
import { namedFormats } from "#control/timeformat.ts";
import { labControl } from "../control/support/lab-daemon.ts";
import { missing, recordings } from "../control/support/recordings.ts";
import { scrape, series } from "../support/lab/exporter.ts";
import { linnetCommand } from "../support/lab/linnet-process.ts";
import { tryRun } from "../support/lab/run.ts";
import { until } from "../support/lab/until.ts";

/** Programs that were written for BIRD, against our socket with the views of the lab that BIRD was recorded in. */

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "linnet-clients-"));
const sockets: ControlSocket[] = [];

async function listen(name: string, dialect: Dialect, format?: string): Promise<string> {
  const path = join(folder, name);
  const formats = format === undefined ? undefined : namedFormats(format);
  const control = labControl();
  sockets.push(
    await listenAt({ path, groupId: undefined, dialect, restricted: false, formats, zone: () => 0 }, control),
  );
  return path;
}

afterAll(async () => {
  await Promise.all(sockets.map((socket) => socket.close()));
  rmSync(folder, { recursive: true });
});

interface Outcome {
  readonly status: number;
  readonly out: string;
}

async function client(program: string, args: readonly string[]): Promise<Outcome> {
  try {
    const { stdout } = await run(program, args, { timeout: 10_000 });
    return { status: 0, out: stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { status: code, out: stdout };
  }
}

describe.each(["birdc", "birdcl"])("%s", (program) => {
  let path = "";
  beforeAll(async () => {
    path = await listen(`${program}.ctl`, bird2Dialect);
  });
  const ask = (...words: string[]): Promise<Outcome> => client(program, ["-s", path, ...words]);

  test("shows what it is told, and leaves with the status that the reply's code says", async () => {
    expect((await ask("show", "protocols", "ebgp_c")).out).toBe(
      "BIRD 2.0.12 ready.\nName       Proto      Table      State  Since         Info\n" +
        "ebgp_c     BGP        ---        up     23:10:31.771  Established   \n",
    );
    expect(await ask("s p nosuch")).toMatchObject({ status: 1 });
    expect(await ask("show route 10.244.99.0/24")).toEqual({
      status: 1,
      out: "BIRD 2.0.12 ready.\nNetwork not found\n",
    });
  });

  test("-r restricts, -v shows codes", async () => {
    const { out, status } = await client(program, ["-r", "-v", "-s", path, "down"]);
    expect(out).toBe("0001 BIRD 2.0.12 ready.\n0016 Access restricted\n8007 Access denied\n");
    expect(status).toBe(1);
  });

  test.skipIf(missing)(
    `understands every reply that BIRD was recorded with ${missing ?? ""}`,
    async () => {
      const all = ["basic", "route", "restricted"].flatMap((group) => recordings("2.0.12", group));
      const commands = [...new Set(all.map(({ sent }) => sent))].filter(
        (sent) => !/^(down|graceful|configure|echo|help|quit|exit)/.test(sent),
      );
      expect(commands.length).toBeGreaterThan(200);
      for (const command of commands) {
        const { out, status } = await ask(command);
        expect(out, command).not.toContain("???");
        expect([0, 1], command).toContain(status);
      }
    },
    120_000,
  );
});

describe("linnet birdc", () => {
  let path = "";
  beforeAll(async () => {
    path = await listen("ours.ctl", bird2Dialect);
  });
  const ours = (...words: string[]): Promise<Outcome> => client(linnetCommand, ["birdc", "-s", path, ...words]);

  test.each([
    ["show status"],
    ["s p ebgp_c"],
    ["show protocols all ebgp_c"],
    ["sh ro for 10.244.3.7 all"],
    ["show route 10.244.99.0/24"],
    ["sh st"],
    ["foo"],
    ["eval 1 +"],
  ])("%s: prints what birdc prints and leaves as it does", async (command) => {
    const mask = ({ status, out }: Outcome): Outcome => ({ status, out: out.replace(/(server time is ).*/, "$1#") });
    expect(mask(await ours(command))).toEqual(mask(await client("birdc", ["-s", path, command])));
    expect(mask(await ours("-r", "-v", command))).toEqual(
      mask(await client("birdc", ["-r", "-v", "-s", path, command])),
    );
  });

  test("commands from a pipe are answered as birdcl answers them", async () => {
    const commands = (end: string) => `show protocols ebgp_c\ns p ebgp_c\n?\nshow ?\nhelp\nsh st\nfoo\n\n${end}`;
    for (const end of ["", "quit\nshow memory\n"]) {
      const piped = (argv: readonly string[]) => tryRun(argv, { input: commands(end) });
      const mine = await piped([linnetCommand, "birdc", "-s", path]);
      expect(mine.stdout).toBe((await piped(["birdcl", "-s", path])).stdout);
      expect(mine.code).toBe(0);
    }
  });

  test("--json prints a value a line", async () => {
    const { out } = await ours("--json", "show", "route", "10.244.3.0/24");
    const values = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { protocol: string });
    expect(values.map(({ protocol }) => protocol)).toEqual(["ebgp_c", "ebgp_d4"]);
  });

  test("without a daemon it says so", async () => {
    const { code, stderr } = await tryRun([linnetCommand, "birdc", "-s", "/nonexistent", "show", "status"]);
    expect(stderr).toBe("Unable to connect to server control socket (/nonexistent): No such file or directory\n");
    expect(code).toBe(1);
  });

  test("at a terminal there are help, completion, history and a pager", async () => {
    const argv = ["-qec", `stty rows 24 cols 200; exec ${linnetCommand} birdc -s ${path}`, "/dev/null"];
    const terminal = spawn(terminalProgram, argv, { stdio: ["pipe", "pipe", "ignore"] });
    let screen = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      screen += text;
    });
    const type = async (keys: string, expected: string) => {
      screen = "";
      terminal.stdin.write(keys);
      await until(`${JSON.stringify(keys)} shows ${expected}`, 10, () => screen.includes(expected));
    };
    await until("the prompt", 10, () => screen.includes("bird> "));
    await type("show bfd ?", "show bfd sessions [<name>]");
    await type("\u0015conf\t", "configure ");
    await type("\u0015show s\t", "show symbols ...");
    await type("\u0015eval 6 * 7\r", "42");
    await type("\u001b[A", "eval 6 * 7");
    await type("\r", "42");
    await type("show route\r", "--More--");
    await type(" ", "--More--");
    await type("q", "bird> ");
    const ended = new Promise((resolve) => terminal.once("close", resolve));
    terminal.stdin.write("quit\r");
    expect(await ended).toBe(0);
  });
});

/** Runs a command at a pseudo-terminal (util-linux). */
const terminalProgram = "script";

describe("prometheus-bird-exporter", () => {
  test("reads the dialect of BIRD 2: sessions, counts in both families, uptimes", async () => {
    const metrics = await scrape(["-bird.v2", "-bird.socket", await listen("v2.ctl", bird2Dialect, "iso long")]);
    const imported = (family: string) =>
      series(metrics, "bird_protocol_prefix_import_count", 'name="ebgp_c"', `ip_version="${family}"`);
    expect([imported("4"), imported("6")]).toEqual([7, 2]);
    expect(series(metrics, "bird_protocol_prefix_export_count", 'name="ebgp_c"', 'ip_version="4"')).toBe(12);
    expect(series(metrics, "bird_protocol_prefix_filter_count", 'name="ebgp_c"', 'ip_version="4"')).toBe(2);
    expect(series(metrics, "bird_protocol_up", 'name="ebgp_c"', 'ip_version="4"')).toBe(1);
    expect(series(metrics, "bird_protocol_up", 'name="refused"')).toBe(0);
    expect(series(metrics, "bird_protocol_uptime", 'name="ebgp_c"', 'ip_version="4"')).toBeGreaterThan(0);
    expect(
      series(metrics, "bird_protocol_changes_update_import_receive_count", 'name="ebgp_c"', 'ip_version="4"'),
    ).toBe(9);
  });

  test("reads the dialect of BIRD 1.6, a socket for each family", async () => {
    const [ipv4, ipv6] = [
      await listen("bird.ctl", bird16Dialect("ipv4"), "iso long"),
      await listen("bird6.ctl", bird16Dialect("ipv6"), "iso long"),
    ];
    const metrics = await scrape(["-bird.socket", ipv4, "-bird.socket6", ipv6]);
    const imported = (family: string) =>
      series(metrics, "bird_protocol_prefix_import_count", 'name="ebgp_c"', `ip_version="${family}"`);
    expect([imported("4"), imported("6")]).toEqual([7, 2]);
    expect(series(metrics, "bird_protocol_uptime", 'name="ebgp_c"', 'ip_version="6"')).toBeGreaterThan(0);
  });
});
