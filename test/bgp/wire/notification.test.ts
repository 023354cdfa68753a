import fc from "fast-check";
import { expect, test } from "vitest";
import {
  Cease,
  decodeNotification,
  describeNotification,
  encodeNotification,
  hardReset,
  innerNotification,
  type Notification,
  notificationName,
  operatorCease,
  shutdownText,
} from "#bgp/wire/notification.ts";
import { hex, toHex } from "./support/octets.ts";

const decoded = (notification: Notification): Notification => {
  const octets = encodeNotification(notification);
  return decodeNotification(octets, 0, octets.length);
};

test("comes back as it was sent", () => {
  const any = fc.record({ code: fc.nat(255), subcode: fc.nat(255), data: fc.uint8Array({ maxLength: 500 }) });
  fc.assert(
    fc.property(any, (notification) => {
      expect(decoded(notification)).toEqual(notification);
    }),
    { seed: 1 },
  );
});

test("data that does not fit a message is cut", () => {
  const octets = encodeNotification({ code: 7, subcode: 1, data: new Uint8Array(5000) });
  expect(octets.length).toBe(4096);
});

test.each([
  [1, 2, "Message Header Error/Bad Message Length"],
  [2, 7, "OPEN Message Error/Unsupported Capability"],
  [3, 11, "UPDATE Message Error/Malformed AS_PATH"],
  [4, 0, "Hold Timer Expired"],
  [5, 3, "Finite State Machine Error/Unexpected Message in Established State"],
  [6, 7, "Cease/Connection Collision Resolution"],
  [6, 99, "Cease/99"],
  [7, 1, "ROUTE-REFRESH Message Error/Invalid Message Length"],
  [8, 0, "Send Hold Timer Expired"],
  [77, 3, "Error 77/3"],
])("%i/%i is %s", (code, subcode, name) => {
  expect(notificationName(code, subcode)).toBe(name);
});

test("RFC 9003 §2: the operator's words travel with the Cease", () => {
  const sent = operatorCease(Cease.administrativeShutdown, "maintenance [T-1] über Nacht");
  expect(toHex(Uint8Array.from(sent.data ?? [])).slice(0, 2)).toBe("1d");
  expect(shutdownText(decoded(sent))).toBe("maintenance [T-1] über Nacht");
  expect(describeNotification(sent)).toBe("Cease/Administrative Shutdown: maintenance [T-1] über Nacht");
});

test("RFC 9003 §2: at most 255 octets, cut between characters", () => {
  const { data = [] } = operatorCease(Cease.administrativeReset, "é".repeat(200));
  expect([data[0], data.length]).toEqual([254, 255]);
  expect(shutdownText({ code: 6, subcode: 4, data })).toBe("é".repeat(127));
});

test("no words, no data; and an empty communication is as good as none", () => {
  expect(operatorCease(Cease.administrativeShutdown)).toEqual({ code: 6, subcode: 2, data: [] });
  expect(shutdownText({ code: 6, subcode: 2, data: [0] })).toBe("");
  expect(describeNotification({ code: 6, subcode: 2, data: [0] })).toBe("Cease/Administrative Shutdown");
});

test("what is not a text is shown as it is", () => {
  const broken = { code: 6, subcode: 2, data: hex("02 c3") };
  const overlong = { code: 6, subcode: 2, data: hex("02 c0af") };
  expect(shutdownText(broken)).toBeUndefined();
  expect(describeNotification(overlong)).toBe("Cease/Administrative Shutdown (02 c0 af)");
});

test("control characters of a neighbour do not reach the log", () => {
  expect(shutdownText({ code: 6, subcode: 2, data: hex("05 61 1b 5b 0a 62") })).toBe("a [ b");
});

test("other notifications carry no text", () => {
  expect(shutdownText({ code: 6, subcode: 3, data: hex("01 61") })).toBeUndefined();
});

test("RFC 8538 §3.1: a hard reset wraps the reason", () => {
  const reset = decoded(hardReset(operatorCease(Cease.administrativeShutdown, "bye")));
  expect(innerNotification(reset)).toMatchObject({ code: 6, subcode: 2 });
  expect(describeNotification(reset)).toBe("Cease/Hard Reset: Cease/Administrative Shutdown: bye");
  expect(innerNotification({ code: 6, subcode: 9, data: [6] })).toBeUndefined();
});

test("long data is cut in logs", () => {
  expect(describeNotification({ code: 3, subcode: 1, data: new Uint8Array(40) })).toBe(
    `UPDATE Message Error/Malformed Attribute List (${"00 ".repeat(32).trim()}, …)`,
  );
});
