import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as scalars from "#config/schema/scalars.ts";
import { formatCommunity } from "#route/communities.ts";
import { formatPrefix, parsePrefix, prefixOf } from "#route/prefix.ts";

type Case = readonly [input: unknown, expected: unknown];
const said = (schema: v.GenericSchema, input: unknown): unknown => {
  const result = v.safeParse(schema, input);
  return result.success ? result.output : result.issues[0].message;
};
const hold = scalars.duration({ leastMs: 3000, mostMs: 3_600_000, orZero: true });

const tables: readonly (readonly [name: string, schema: v.GenericSchema, cases: readonly Case[]])[] = [
  [
    "AS numbers are plain or asdot, 1 to 4294967295",
    scalars.asNumber,
    [
      [1, 1],
      [4_294_967_295, 4_294_967_295],
      ["64512", 64_512],
      ["1.10", 65_546],
      ["65535.65535", 4_294_967_295],
      [0, '0 is not an AS number: write 1 to 4294967295, or asdot like "1.10"'],
      [4_294_967_296, '4294967296 is not an AS number: write 1 to 4294967295, or asdot like "1.10"'],
      ["0.0", '"0.0" is not an AS number: write 1 to 4294967295, or asdot like "1.10"'],
      ["65536.1", '"65536.1" is not an AS number: write 1 to 4294967295, or asdot like "1.10"'],
      ["AS64512", '"AS64512" is not an AS number: write 1 to 4294967295, or asdot like "1.10"; did you mean 64512?'],
      [1.1, "1.1 needs quotes to be read as asdot"],
      [-1, '-1 is not an AS number: write 1 to 4294967295, or asdot like "1.10"'],
    ],
  ],
  [
    "the local end of a session is an address, the node's, or any",
    scalars.sourceAddress,
    [
      ["NodeAddress", "NodeAddress"],
      ["Any", "Any"],
      ["10.0.0.1", { family: "ipv4", words: [0x0a00_0001] }],
      ["10.0.0.1/24", '"10.0.0.1/24" has a prefix length; did you mean 10.0.0.1?'],
      ["UseNodeIP", '"UseNodeIP" is not an IP address, NodeAddress or Any'],
    ],
  ],
  [
    "a neighbour's AS may also be internal or external",
    scalars.peerAsNumber,
    [
      ["internal", "internal"],
      ["external", "external"],
      ["65000.1", 65_000 * 65_536 + 1],
      [
        "Internal",
        '"Internal" is not an AS number: write 1 to 4294967295, or asdot like "1.10", or internal, or external',
      ],
      [65000.1, "65000.1 needs quotes to be read as asdot"],
    ],
  ],
  [
    "durations have units",
    hold,
    [
      ["90s", 90_000],
      ["1m30s", 90_000],
      ["1h", 3_600_000],
      ["4500ms", 4500],
      ["90", '"90" is not a duration: write it like "90s", "1m30s" or "500ms"'],
      ["1 m", '"1 m" is not a duration: write it like "90s", "1m30s" or "500ms"'],
      ["0s", 0],
      ["2s", '"2s" will not do: must be 0s or 3s to 1h'],
      ["0", '"0" is not a duration: write it like "90s", "1m30s" or "500ms"'],
    ],
  ],
  [
    "a CIDR with host bits names the block that was meant",
    scalars.cidr,
    [
      ["10.244.3.0/24", parsePrefix("10.244.3.0/24")],
      ["10.244.3.1/24", "10.244.3.1/24 has host bits set; did you mean 10.244.3.0/24?"],
      ["fd00:1::1/64", "fd00:1::1/64 has host bits set; did you mean fd00:1::/64?"],
      ["10.244.3.0", '"10.244.3.0" has no prefix length; did you mean 10.244.3.0/32?'],
      ["fd00::", '"fd00::" has no prefix length; did you mean fd00::/128?'],
      ["10.244.3.0/33", '"10.244.3.0/33" is not a CIDR: write ADDRESS/LENGTH like 10.244.3.0/24'],
      ["10.1/16", '"10.1/16" is not a CIDR: write ADDRESS/LENGTH like 10.244.3.0/24'],
    ],
  ],
  [
    "addresses have neither length nor zone",
    scalars.address,
    [
      ["10.0.0.1/24", '"10.0.0.1/24" has a prefix length; did you mean 10.0.0.1?'],
      ["fe80::1%eth0", '"fe80::1%eth0" has a zone: name the link in the field interface instead'],
      ["10.0.0.256", '"10.0.0.256" is not an IP address'],
    ],
  ],
  [
    "router ids are dotted quads, never 0",
    scalars.routerId,
    [
      ["10.0.0.1", 0x0a00_0001],
      ["255.255.255.255", 0xffff_ffff],
      ["0.0.0.0", '"0.0.0.0" is not a router id: write it like "10.0.0.1"'],
      ["fd00::1", '"fd00::1" is not a router id: write it like "10.0.0.1"'],
    ],
  ],
  [
    "communities are two numbers of 16 bits, or well known",
    scalars.community,
    [
      ["65000:100", 65_000 * 65_536 + 100],
      ["no-export", 0xffff_ff01],
      ["blackhole", 0xffff_029a],
      [
        "65536:1",
        '"65536:1" is not a community: write two numbers up to 65535 like "65000:100", or one of graceful-shutdown, blackhole, no-export, no-advertise, no-export-subconfed, no-peer',
      ],
    ],
  ],
  [
    "large communities are three numbers of 32 bits",
    scalars.largeCommunity,
    [
      ["4294967295:0:1", [4_294_967_295, 0, 1]],
      [
        "4294967296:0:1",
        '"4294967296:0:1" is not a large community: write three numbers up to 4294967295 like "65000:1:2"',
      ],
    ],
  ],
  [
    "interface names are what Linux takes",
    scalars.interfaceName,
    [
      ["eth0.100", "eth0.100"],
      [
        "abcdefghijklmnop",
        '"abcdefghijklmnop" is not an interface name: at most 15 characters, without spaces, slashes and colons',
      ],
      ["..", '".." is not an interface name: at most 15 characters, without spaces, slashes and colons'],
    ],
  ],
];

for (const [name, schema, cases] of tables) {
  describe(name, () => {
    test.each(cases)("%j", (input, expected) => {
      expect(said(schema, input)).toEqual(expected);
    });
  });
}

test("what is printed is read back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
      expect(scalars.parseCommunity(formatCommunity(value))).toBe(value);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000_000 }), (ms) => {
      expect(scalars.parseDuration(scalars.formatDuration(ms))).toBe(ms);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 32 }), (word, length) => {
      const text = formatPrefix({ family: "ipv4", words: [word], length });
      const prefix = scalars.readPrefix(text);
      const right = prefixOf({ family: "ipv4", words: [word] }, length);
      expect("wrong" in prefix ? prefix.wrong.endsWith(`${formatPrefix(right)}?`) : prefix).toEqual(
        right.words[0] === word ? right : true,
      );
    }),
  );
});
