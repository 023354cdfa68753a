import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Recording } from "../../control/support/recordings.ts";
import { names } from "./birdc-lab.ts";

/** Answers of the control socket as they were recorded, and as they are here, made comparable. */

/**
 * What `birdc -v` prints without the greeting, and without what came unasked: lines with their codes, or indented where the
 * code is that of the line before.
 */
export const printed = (text: string): string[] =>
  text.split("\n").filter((line) => line !== "" && !/^0001 BIRD|^0016 |^>>> /.test(line));

/** Does the client itself say that there is no such command? */
export const isRefused = (text: string): boolean => /No such command|Ambiguous|exit=timeout/.test(text);

/** The reply of a recording in the words of `birdc -v`. */
export function recordedLines({ text, reply, group }: Recording): string[] {
  const rendered = /^## birdc -v rendering.*\n([\s\S]*)/m.exec(text)?.[1];
  return printed(rendered === undefined || isRefused(rendered) || group === "errors" ? asPrinted(reply) : rendered);
}

/** A raw reply in the words of `birdc -v`: a line that has no code of its own is indented, and an empty last one not printed. */
export const asPrinted = (reply: string): string =>
  reply
    .split("\n")
    .filter((line) => line !== "0000 " && !line.startsWith("+"))
    .map((line) => (line.startsWith(" ") ? `    ${line}` : line))
    .join("\n");

/** Codes in the order in which they first come. */
export const codesOf = (lines: readonly string[]): string[] => [
  ...new Set(lines.flatMap((line) => /^(\d{4})[- ]/.exec(line)?.[1] ?? [])),
];

/** What remains of a line when names, addresses, times and numbers are taken out. */
export function shape(line: string): string {
  return line
    .replace(/^\d{4} /, "END-")
    .replace(/^(\d{4}-| {5})\s*/, "LINE-")
    .replace(/^(END|LINE)-[\w'-]+: (already|cannot|dis|en|re)/, "$1-P: $2")
    .replace(/^(LINE-(?:Neighbor caps|Session): ).*/, "$1flags")
    .replace(/, \d+ filtered,/, ",")
    .replaceAll(/(^LINE-|[ -])::(?=[/ ])/g, "$1A")
    .replace(/(Reading configuration from ).*/, "$1F")
    .replace(/^END-\/?\S+(:\d+){0,2} .*|^END-\S+: (No such file|manifest dir).*/, "END-where and what")
    .replace(/(line \d+: ).*/, "$1what")
    .replace(/(value of symbol |table in channel ).*/, "$1S")
    .replace(/(Hostname is ).*/, "$1H")
    .replace(/\S+ *(\t(protocol|filter|routing table)$|: Not a)/, "P$1")
    .replace(/^LINE-lo .*/, "LINE-loopback")
    .replace(/(\w+):? +(Socket|BGP Error|Received|Error|Automatic shutdown): .*/, "E")
    .replace(/^LINE-[A-Z][\w ]+: +[\d.]+ +[kMG]?B .*/, "LINE-memory")
    .replaceAll(/\b(?:Description|Message): .*/g, (text) => text.slice(0, text.indexOf(":")))
    .replaceAll(/\b\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?)?|\b\d\d:\d\d:\d\d(\.\d+)?/g, "T")
    .replaceAll(/\b[\da-f]*:[\da-f:]*:[\da-f:.]*(%\w+)?/g, "A")
    .replaceAll(/\b\d+\.\d+\.\d+\.\d+\b/g, "A")
    .replaceAll(/A(\/\d+)/g, "A/N")
    .replaceAll(/(in|put|Output) filter: .*/g, "$1 filter: F")
    .replaceAll(/\b(on|dev) \S+/g, "$1 IF")
    .replaceAll(/\bAS\d+/g, "ASN")
    .replaceAll(/(^|[^\w.])\d+(\.\d+)?\b/g, "$1N")
    .replaceAll(/( N)+$/g, " N")
    .replaceAll(/(\([^)]*\) ?)+$/g, "(C)")
    .replaceAll(/\[\w+ T/g, "[P T")
    .replace(/\S+ +(BGP|Kernel|Static|Device|Direct|BFD) +\S+ +(up|start|wait|down) +T.*/, "P $1")
    .replaceAll(/\S+ +(BGP|Kernel|Static|Device|Direct|BFD) +\S+/g, "P $1")
    .replaceAll(/ {2,}/g, " ")
    .replace(/( from A)?(\] .*)\[(ASN)?[ie?]\]$/, "$2[I]")
    .trimEnd();
}

/** What a command is about: its first word, or two of `show`. */
export const family = (command: string): string => /^(show \w+|\S*)/.exec(command.trim())?.[0] ?? "";

const patterns: Readonly<Record<string, string>> = {
  '"ebgp*"': '"Global_fd00*"',
  '"ebgp_d*"': '"Global_fd00*"',
  '"lim_*"': '"Global_172_30_0_22"',
  '"lim_?????"': '"Global_172_30_0_??"',
};

/** A recorded command as it is asked here. @param files the recordings' paths by those of the lab */
export function translated(command: string, files: Readonly<Record<string, string>>): string {
  return command
    .replaceAll(/"[^"]*"/g, (text) => patterns[text] ?? (files[text] === undefined ? text : `"${files[text]}"`))
    .replaceAll(/\b[a-z]+_?[a-z0-9_]+\b/g, (word) => names[word] ?? word);
}

/** Sends `command` as it is over a connection of its own. @returns what came back, all of it once a final line is there */
export async function askRaw(path: string, command: string): Promise<string> {
  const socket = connect(path).setEncoding("utf8");
  let text = "";
  socket.on("data", (chunk: string) => {
    text += chunk;
  });
  const replies = command.split("\n").length;
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(`${command}\n`);
  for (let waited = 0; [...text.matchAll(/^\d{4} .*\n/gm)].length <= replies && waited < 500; waited++) await sleep(10);
  socket.destroy();
  return text;
}
