import * as v from "valibot";
import { bitsOf } from "#route/family.ts";
import { mapping, may, or, ruled, says } from "./describe.ts";
import { asNumber, cidr, integer } from "./scalars.ts";
import { communityList, largeCommunityList, localPref, metadata, resource } from "./shared.ts";

const prefixMatch = ruled(
  mapping({
    cidr: says("The block.", cidr),
    ge: may("Least prefix length.", integer(0, 128), { absent: "the block's own" }),
    le: may("Greatest prefix length.", integer(0, 128), {
      absent: "the block's own; with ge, all of the family",
    }),
  }),
  [
    {
      cel: "(!has(self.ge) || self.ge >= int(self.cidr.split('/')[1])) && (!has(self.le) || self.le >= (has(self.ge) ? self.ge : int(self.cidr.split('/')[1]))) && (self.cidr.contains(':') || ((!has(self.ge) || self.ge <= 32) && (!has(self.le) || self.le <= 32)))",
      message: "must hold: length of the block <= ge <= le <= 32 (IPv4) or 128 (IPv6)",
      holds: ({ cidr: block, ge, le }) => {
        const least = ge ?? block.length;
        return least >= block.length && (le ?? least) >= least && Math.max(least, le ?? 0) <= bitsOf(block.family);
      },
    },
  ],
);

const match = mapping({
  prefixes: may("Blocks that hold the route's prefix.", v.pipe(v.array(prefixMatch), v.minLength(1), v.maxLength(256))),
  communities: may("One of these communities.", communityList),
  largeCommunities: may("One of these large communities.", largeCommunityList),
  asPathContains: may("One of these AS numbers anywhere in the path.", v.pipe(v.array(asNumber), v.maxLength(64))),
  neighborKinds: may(
    "Who told the route: an external neighbour, an internal one, or the node itself.",
    v.array(v.picklist(["External", "Internal", "Local"])),
  ),
  origins: may("Why the node itself originates it.", v.array(v.picklist(["PodCIDR", "Service", "Static"]))),
});

const set = mapping({
  localPref: may("Local preference.", localPref),
  med: may("MULTI_EXIT_DISC.", integer(0, 0xffff_ffff)),
  addCommunities: may("Communities to add.", communityList),
  removeCommunities: may("Communities to remove.", communityList),
  addLargeCommunities: may("Large communities to add.", largeCommunityList),
  prepend: may("Prepend our AS number, as the neighbour knows it, this many times.", integer(1, 16)),
});

const statement = mapping({
  match: or({}, "All given conditions must hold; a list holds where one of its members does. Empty: always.", match),
  set: or({}, "What is changed on the route where the conditions hold.", set),
  action: says(
    "Accept or Reject decide; Continue goes on with the next statement.",
    v.picklist(["Accept", "Reject", "Continue"]),
  ),
});

/** Ordered statements about routes. */
export const bgpPolicy = resource(
  says("Names the policy.", metadata),
  says(
    "What is done with routes.",
    mapping({
      statements: says(
        "Tried in order; the first that matches and decides wins. A route that none decides falls to the next policy; after the last one it is rejected where the neighbour is external (RFC 8212), accepted where it is internal.",
        v.pipe(v.array(statement), v.maxLength(256)),
      ),
    }),
  ),
);

export type BgpPolicy = v.InferOutput<typeof bgpPolicy>;
