import fc from "fast-check";
import { expect, test } from "vitest";
import { Links } from "#kernel/links.ts";
import type { LinkAddress } from "#kernel/wire/address.ts";
import { formatAddress, parseAddress } from "#route/address.ts";
import { contains, parseInterfaceAddress } from "#route/prefix.ts";

function links(...addresses: readonly [link: number, text: string, change?: Partial<LinkAddress>][]): Links {
  const made = new Links();
  for (const index of [1, 2, 3]) {
    const rest = { keepsObjects: true, master: 0, kind: "", hardwareAddress: "", mtu: 1500 + index };
    made.put({ index, name: `l${index}`, up: true, usable: true, flags: index === 1 ? 8 : 0, ...rest });
  }
  for (const [link, text, change] of addresses) made.putAddress({ ...own(link, text), ...change });
  return made;
}

function own(link: number, text: string): LinkAddress {
  const { address, prefix } = parseInterfaceAddress(text)!;
  return { link, address, prefix, scope: 0, preferred: true };
}

const address = (text: string) => parseAddress(text)!;

test("the interface that holds an address, and the one that reaches it by its longest subnet", () => {
  const made = links([2, "10.0.0.1/8"], [3, "10.1.0.1/16"]);
  expect(made.holding(address("10.1.0.1"))?.name).toBe("l3");
  expect(made.holding(address("10.1.0.2"))).toBeUndefined();
  expect(made.reaching(address("10.1.0.2"))?.link).toBe(3);
  expect(made.reaching(address("10.2.0.2"))?.link).toBe(2);
  expect(made.reaching(address("11.0.0.1"))).toBeUndefined();
});

test("the address of the other family on an interface: global before link-local, preferred before deprecated", () => {
  const made = links(
    [2, "fe80::1/64", { scope: 253 }],
    [2, "fd00::1/64", { preferred: false }],
    [2, "fd00::2/64"],
    [3, "fe80::3/64", { scope: 253 }],
  );
  expect(formatAddress(made.addressOn(2, "ipv6")!)).toBe("fd00::2");
  expect(made.addressOn(2, "ipv4")).toBeUndefined();
  expect(made.addressOn(3, "ipv6")).toBeUndefined();
  expect(formatAddress(made.addressOn(3, "ipv6", true)!)).toBe("fe80::3");
});

test("an address goes from its own link and prefix only", () => {
  const made = links([2, "10.0.0.1/24"], [3, "10.0.0.1/24"], [2, "10.0.0.1/32"]);
  made.removeAddress(own(2, "10.0.0.1/24"));
  expect(made.addressesOf(2).map(({ prefix }) => prefix.length)).toEqual([32]);
  expect(made.addressesOf(3).length).toBe(1);
  made.removeAddress(own(2, "10.0.0.1/32"));
  made.removeAddress(own(3, "10.0.0.1/24"));
  expect(made.holding(address("10.0.0.1"))).toBeUndefined();
});

test("packets of routes never leave by loopback, or by what is gone", () => {
  const made = links();
  expect([1, 2, 9].map((index) => made.usable(index))).toEqual([false, true, false]);
  made.remove(2);
  expect(made.usable(2)).toBe(false);
  expect(made.all().map(({ index }) => index)).toEqual([1, 3]);
  expect(made.byName("l3")?.mtu).toBe(1503);
});

test("over any history, what reaches an address is what a look at all subnets finds", () => {
  const texts = ["10.0.0.1/8", "10.1.0.1/16", "10.1.0.2/16", "10.1.0.1/32", "10.1.0.1/24", "fd00::1/64", "fd00::1/128"];
  const change = fc.record({ link: fc.constantFrom(2, 3), text: fc.constantFrom(...texts), put: fc.boolean() });
  const asked = ["10.0.0.9", "10.1.0.1", "10.1.0.2", "10.1.7.7", "11.0.0.1", "fd00::1", "fd00::2", "::1"].map(address);
  fc.assert(
    fc.property(fc.array(change), (history) => {
      const made = links();
      let twin: LinkAddress[] = [];
      for (const { link, text, put } of history) {
        const [change, index] = [own(link, text), twin.findIndex((one) => nameOf(one) === nameOf(own(link, text)))];
        if (!put) made.removeAddress(change);
        else made.putAddress(change);
        if (!put) twin = twin.filter((_, at) => at !== index);
        else if (index < 0) twin.push(change);
      }
      for (const target of asked) {
        const fit = twin.filter(({ prefix }) => contains(prefix, target));
        const [best] = fit.sort((a, b) => b.prefix.length - a.prefix.length);
        expect(made.reaching(target)).toEqual(best);
        const words = `${target.words}`;
        expect(made.holding(target)?.index).toBe(twin.find((one) => `${one.address.words}` === words)?.link);
      }
      for (const link of [2, 3]) expect(made.addressesOf(link)).toEqual(twin.filter((one) => one.link === link));
    }),
  );
});

const nameOf = ({ link, address, prefix }: LinkAddress): string => `${link} ${address.words}/${prefix.length}`;
