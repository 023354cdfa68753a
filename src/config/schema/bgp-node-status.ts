import * as v from "valibot";
import { mapping, may, says } from "./describe.ts";
import { integer } from "./scalars.ts";
import { conditions, metadata } from "./shared.ts";

const count = integer(0, 0xffff_ffff);
const time = v.pipe(v.string(), v.isoTimestamp());
const line = v.pipe(v.string(), v.maxLength(256));

const familyCounts = mapping({
  received: says("Routes that the neighbour told.", count),
  accepted: says("Those that import policies let in.", count),
  advertised: says("Routes that it was told.", count),
});

const session = mapping({
  name: says("Name of the session, as birdc shows it.", line),
  address: says("The neighbour's address.", line),
  asNumber: may("The neighbour's AS number, once it is known.", integer(1, 0xffff_ffff)),
  state: says(
    "State of the session (RFC 4271 §8.2.2).",
    v.picklist(["Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"]),
  ),
  since: says("When it came to this state.", time),
  flaps: says("How often it went down since the daemon started.", count),
  lastError: may("Why it went down last.", line),
  lastErrorTime: may("When it went down last.", time),
  ipv4: may("Counts of IPv4 routes.", familyCounts),
  ipv6: may("Counts of IPv6 routes.", familyCounts),
});

const tableCounts = mapping({
  selected: says("Prefixes with a best path.", count),
  installed: says("Routes of ours in the kernel.", count),
  failed: says("Routes that the kernel refused.", count),
});

/** Most sessions that are listed: an object's size must not grow with the cluster. */
const MAX_LISTED_SESSIONS = 64;

const status = mapping({
  observedTime: says("When this was written.", time),
  asNumber: says("The node's AS number.", integer(1, 0xffff_ffff)),
  routerId: says("The node's BGP Identifier.", line),
  sessions: says(
    "All sessions, counted.",
    mapping({ configured: says("Neighbours.", count), established: says("Those that are up.", count) }),
  ),
  neighbors: may(
    "Sessions one by one: those that are down first, then those of BGPPeers, then the mesh; the first 64.",
    v.pipe(v.array(session), v.maxLength(MAX_LISTED_SESSIONS)),
  ),
  ipv4: may("IPv4 routes.", tableCounts),
  ipv6: may("IPv6 routes.", tableCounts),
  conditions,
});

/** What one node's daemon sees, named like the node; written, never read. */
export const bgpNodeStatus = mapping({
  metadata: says("Named like the node.", metadata),
  status: may("What the daemon sees.", status),
});
