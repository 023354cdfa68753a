import { readdirSync, readlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { SystemCallError } from "#lib/io/libc.ts";
import { runProgram } from "#lib/io/program.ts";

const LONG_MS = 30_000;

test("a program reads its input, and what it says on both ways comes back with its status", async () => {
  const script = "cat; echo wrong >&2; exit 3";
  expect(await runProgram("sh", ["-c", script], "asked\n", LONG_MS)).toEqual({
    status: 3,
    stdout: "asked\n",
    stderr: "wrong\n",
  });
});

test("it speaks English, has the daemon's other variables and no other input than it was given", async () => {
  const { stdout } = await runProgram("sh", ["-c", 'echo "$LC_ALL $PATH"; cat'], "", LONG_MS);
  expect(stdout).toBe(`C ${process.env.PATH}\n`);
});

test("a megabyte of output is whole", async () => {
  const { stdout } = await runProgram("head", ["-c", "1000000", "/dev/zero"], "", LONG_MS);
  expect(stdout.length).toBe(1_000_000);
});

test("what is not installed says so", async () => {
  const error = await runProgram("linnet-no-such-program", [], "", LONG_MS).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SystemCallError);
  expect((error as SystemCallError).code).toBe("ENOENT");
});

test("what takes too long is ended", async () => {
  expect(await runProgram("sleep", ["60"], "", 1)).toEqual({ status: undefined, stdout: "", stderr: "" });
});

test("programs side by side keep apart, and leave no file open", async () => {
  const all = Array.from({ length: 20 }, (_, index) => runProgram("cat", [], `${index}`, LONG_MS));
  expect((await Promise.all(all)).map(({ stdout }) => Number(stdout))).toEqual(all.map((_, index) => index));
  const open = readdirSync("/proc/self/fd").map((fd) => targetOf(`/proc/self/fd/${fd}`));
  expect(open.filter((target) => target.includes("memfd:cat"))).toEqual([]);
});

/** Empty for the descriptor that the listing itself had. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}
