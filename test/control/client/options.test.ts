import { expect, test } from "vitest";
import { DEFAULT_SOCKET, parseOptions } from "#control/client/options.ts";

const defaults = { socket: DEFAULT_SOCKET, style: "plain", restricted: false, command: undefined };

test.each([
  [[], defaults],
  [["show", "route"], { ...defaults, command: "show route" }],
  [[""], { ...defaults, command: "" }],
  [["-r", "show", "-x"], { ...defaults, restricted: true, command: "show -x" }],
  [["-s", "/a", "-v"], { ...defaults, socket: "/a", style: "verbose" }],
  [["-vrs/a", "s", "p"], { ...defaults, socket: "/a", style: "verbose", restricted: true, command: "s p" }],
  [["-l"], { ...defaults, socket: "./bird.ctl" }],
  [["--json", "show", "status"], { ...defaults, style: "json", command: "show status" }],
  [["-r", "--", "-v"], { ...defaults, restricted: true, command: "-v" }],
])("%j", (args, expected) => {
  expect(parseOptions(args)).toEqual(expected);
});

test.each([
  [["-x"], "invalid option -- 'x'"],
  [["-s"], "option requires an argument -- 's'"],
  [["--socket", "/a"], "invalid option -- '-'"],
])("%j is a mistake", (args, expected) => {
  expect(parseOptions(args)).toBe(expected);
});
