import { expect, test } from "vitest";
import { Journal } from "#bgp/session/journal.ts";
import { type LogFields, silentLog } from "#lib/log.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { hex, message, toHex, update } from "../wire/support/octets.ts";

function journal() {
  const clock = new FakeClock();
  const lines: { text: string; fields: LogFields | undefined }[] = [];
  const log = {
    ...silentLog,
    with: () => log,
    warn: (text: string, fields?: LogFields) => lines.push({ text, fields }),
  };
  return { journal: new Journal(clock, log), clock, lines };
}

test("an UPDATE with errors is logged with its prefixes and its octets (RFC 7606 §6)", () => {
  const { journal: told, lines } = journal();
  const octets = update({
    withdrawn: hex("18 0a0100"),
    attributes: [hex("40 01 01 07"), hex("80 0e 1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8")],
    nlri: hex("10 0a09"),
  });
  told.remarked("p", "ORIGIN invalid value", octets);
  expect(lines).toEqual([
    {
      text: "p sent an UPDATE with errors: ORIGIN invalid value",
      fields: {
        soFar: 1,
        announced: "10.9.0.0/16 2001:db8::/32",
        withdrawn: "10.1.0.0/24",
        message: toHex(octets),
      },
    },
  ]);
});

test("one whose prefixes cannot be read is logged with its octets", () => {
  const { journal: told, lines } = journal();
  const octets = message(2, hex("00ff 0000"));
  told.remarked("p", "UPDATE Message Error/Malformed Attribute List", octets);
  expect(lines[0]?.fields).toEqual({ soFar: 1, announced: undefined, withdrawn: undefined, message: toHex(octets) });
});

test("of many within a minute one is logged, and the next one says how many there were", () => {
  const { journal: told, clock, lines } = journal();
  for (let n = 0; n < 5; n++) told.remarked("p", "ORIGIN invalid value", message(2, hex("0000 0000")));
  clock.advance(60_000);
  told.remarked("p", "ORIGIN invalid value", message(2, hex("0000 0000")));
  expect(lines).toMatchObject([{ fields: { soFar: 1 } }, { fields: { soFar: 6 } }]);
});
