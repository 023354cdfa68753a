import fc from "fast-check";
import { expect, test } from "vitest";
import { AttributeSetCodec } from "#bgp/wire/attribute-codec.ts";
import type { ExportContext } from "#bgp/wire/export-context.ts";
import { UpdateReader } from "#bgp/wire/update.ts";
import { UpdateWriter } from "#bgp/wire/update-encoder.ts";
import type { RouteSink } from "#rib/ports.ts";
import type { Rib } from "#rib/rib.ts";
import { RibView } from "#rib/views.ts";
import { warmUp } from "#rib/warm-up.ts";
import { emptyFacts } from "#route/attribute-facts.ts";
import type { Attributes } from "#route/attributes.ts";
import { families } from "#route/family.ts";
import { formatPrefix, parsePrefix } from "#route/prefix.ts";
import { acceptAll, address, attributes, Bench } from "./support/bench.ts";

/*
 * The RIB with the encoder and the reader that it has in the daemon: two daemons, A tells B all it hears.
 */

const codec = new AttributeSetCodec();

const context: ExportContext = {
  kind: "external",
  localAs: 64512,
  clusterId: 1,
  fourOctetAs: true,
  nextHop: "unchanged",
  ownNextHops: {},
  extendedNextHop: true,
  maxMessageOctets: 4096,
};

function readInto(sink: RouteSink): (octets: Uint8Array, start: number, end: number) => void {
  const reader = new UpdateReader(
    {
      context: 1,
      families,
      external: true,
      localAs: 64513,
      remoteAs: 64512,
      fourOctetAs: true,
      extendedNextHop: true,
      routerId: 7,
      clusterId: 7,
      allowOwnAs: 0,
      checkFirstAs: true,
    },
    sink,
  );
  return (octets, start, end) => {
    for (let at = start; at < end; ) {
      const length = (octets[at + 16]! << 8) | octets[at + 17]!;
      expect(reader.read(octets, at, at + length)).toBe("ok");
      at += length;
    }
  };
}

function up(rib: Rib, name: string, send: (octets: Uint8Array, start: number, end: number) => void): RouteSink {
  rib.setNeighbours([
    {
      name,
      localAs: 64512,
      importPolicies: [acceptAll],
      exportPolicies: [acceptAll],
      advertise: [],
      refuseDefault: false,
      announcer: undefined,
      prefixLimit: {},
    },
  ]);
  return rib.up(name, {
    kind: "external",
    routerId: 1,
    address: address(name),
    link: undefined,
    families,
    kept: [],
    encoding: "",
    encoder: () => new UpdateWriter(context),
    out: {
      send: (octets, start, end, written) => {
        send(octets, start, end);
        written();
      },
    },
  });
}

function tell(sink: RouteSink, prefixes: readonly string[], set: Attributes): void {
  const facts = emptyFacts();
  const octets = codec.encode(set, facts);
  const number = sink.find(9, octets, 0, octets.length) || sink.add(9, octets, 0, octets.length, facts);
  for (const text of prefixes) {
    const { family, words, length } = parsePrefix(text)!;
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
    if (family === "ipv4") sink.reach4(w0, length, number);
    else sink.reach6(w0, w1, w2, w3, length, number);
  }
  sink.drop(number);
}

/** All best paths: prefix, AS path, next hop. */
function table(rib: Rib): string[] {
  const view = new RibView(rib, 0);
  return families.flatMap((family) => {
    const rows: string[] = [];
    const walk = view.walk(family);
    for (let batch = walk.step(); batch !== undefined; batch = walk.step()) {
      for (const id of batch) {
        const best = view.paths(family, id).find(({ standing }) => standing === "best");
        if (best === undefined) continue;
        const { asPath, nextHop, communities } = best.attributes();
        const path = asPath.flatMap(({ members }) => members);
        rows.push(JSON.stringify([formatPrefix(view.prefix(family, id)!), path, nextHop, communities]));
      }
    }
    return rows;
  });
}

test("what one daemon's RIB writes, another one's reads: their tables differ by the first one's AS number", () => {
  const prefixes = [
    "10.0.0.0/8",
    "10.1.0.0/16",
    "0.0.0.0/0",
    "192.0.2.128/25",
    "2001:db8::/32",
    "::/0",
    "2001:db8::1/128",
  ];
  const step = fc.record({
    who: fc.nat(1),
    reach: fc.boolean(),
    prefixes: fc.subarray(prefixes, { minLength: 1 }),
    path: fc.constantFrom<number[][]>([65001], [65001, 65002], [65003, 65001, 65004]),
    nextHop: fc.constantFrom("192.0.2.1", "2001:db8::9"),
    communities: fc.constantFrom<number[][]>([], [5], [5, 6]),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (history) => {
      const [a, b] = [new Bench({ codec }), new Bench({ codec })];
      const into = readInto(up(b.rib, "192.0.2.100", () => {}));
      const sinks = ["192.0.2.1", "192.0.2.2"].map((name) => up(a.rib, name, () => {}));
      up(a.rib, "192.0.2.200", into);
      for (const { who, reach, prefixes: some, path, nextHop, communities } of history) {
        // IPv6 routes have IPv6 next hops; IPv4 ones may have either (RFC 8950).
        const told = nextHop.includes(":") ? some : some.filter((prefix) => !prefix.includes(":"));
        if (reach) {
          tell(sinks[who]!, told, attributes(path, nextHop, { communities }));
        } else {
          for (const text of some) {
            const { family, words, length } = parsePrefix(text)!;
            const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words;
            if (family === "ipv4") sinks[who]!.unreach4(w0, length);
            else sinks[who]!.unreach6(w0, w1, w2, w3, length);
          }
        }
        a.turns(1);
      }
      a.settle();
      b.settle();
      const expected = table(a.rib).map((row) => {
        const [prefix, path, ...rest] = JSON.parse(row) as [string, number[], ...unknown[]];
        return JSON.stringify([prefix, [64512, ...path], ...rest]);
      });
      expect(table(b.rib)).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test("the warm-up runs with the daemon's own encoder and reader", () => {
  let octets = 0;
  warmUp({
    codec,
    encoder: () => new UpdateWriter(context),
    reader: (sink) => {
      const read = readInto(sink);
      return (bytes, start, end) => {
        octets += end - start;
        read(bytes, start, end);
      };
    },
  });
  expect(octets).toBeGreaterThan(100_000);
});
