import { expect, test } from "vitest";
import { Door } from "#bgp/door.ts";
import type { Transport } from "#bgp/transport.ts";
import { silentLog } from "#lib/log.ts";
import { formatAddress } from "#route/address.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { peerConfig } from "../support/sessions.ts";

/** Listeners that write down whose TCP-MD5 keys they are given. */
function begin() {
  const keys: string[] = [];
  const transport: Transport = {
    dial: () => ({ cancel: () => {} }),
    listen: ({ family }) => ({
      setPassword: (address, password) => {
        keys.push(`${family} ${formatAddress(address)} ${password ?? "none"}`);
        return undefined;
      },
      close: () => {},
    }),
  };
  const door = new Door({ clock: new FakeClock(), log: silentLog, transport }, () => undefined);
  return { keys: () => keys.splice(0), open: door.open.bind(door, { port: 179, addresses: [] }) };
}

test("a neighbour that is still to be found has no key: it gets one with its address, and loses it with that", () => {
  const { keys, open } = begin();
  const uplink = (at: string) => peerConfig("Global_eth1", at, { unnumbered: true, interface: "eth1", password: "a" });
  const other = peerConfig("n2", "10.0.0.2", { password: "b" });
  open([uplink("::"), other]);
  expect(keys()).toEqual(["ipv4 10.0.0.2 b"]);
  open([uplink("fe80::9"), other]);
  expect(keys()).toEqual(["ipv6 fe80::9 a"]);
  open([uplink("::"), other]);
  expect(keys()).toEqual(["ipv6 fe80::9 none"]);
});
