import { expect, test } from "vitest";
import { Conversation } from "#control/client/conversation.ts";
import type { PrintStyle } from "#control/client/printer.ts";

function conversation(style: PrintStyle = "plain") {
  const sent: string[] = [];
  const shown: string[] = [];
  const ends: boolean[] = [];
  const talk = new Conversation({ send: (line) => sent.push(line), show: (line) => shown.push(line) }, style);
  return { sent, shown, ends, talk, command: (line: string) => talk.command(line, (failed) => ends.push(failed)) };
}

test("a command is sent in full and over when its reply is", () => {
  const { sent, shown, ends, talk, command } = conversation();
  command("s p");
  expect(sent).toEqual(["show protocols"]);
  talk.received("2002-Name\n1002-x\n");
  expect(ends).toEqual([]);
  talk.received("0000 \n");
  expect(ends).toEqual([false]);
  expect(shown).toEqual(["Name", "x"]);
});

test("what is no command is explained and not sent", () => {
  const { sent, shown, ends, command } = conversation();
  command("sh sta");
  command("foo");
  expect(sent).toEqual([]);
  expect(ends).toEqual([true, true]);
  expect(shown[0]).toBe("Ambiguous command, possible expansions are:");
  expect(shown.at(-1)).toBe("No such command. Press `?' for help.");
});

test("the server's greeting says which commands there are", () => {
  const { sent, talk, command } = conversation();
  command("timeformat iso long");
  talk.received("0001 BIRD 2.17.5 ready.\n");
  command("timeformat iso long");
  expect(sent).toEqual(["timeformat iso long"]);
});

test("for programs a show is asked for as JSON, other commands as they are", () => {
  const { sent, command } = conversation("json");
  command("sh st");
  command("sh status");
  command("disable tor");
  expect(sent).toEqual(["json show status", "disable tor"]);
});
