import { bird } from "./bird.ts";
import type { Daemon } from "./daemon.ts";
import { frr } from "./frr.ts";
import { gobgp } from "./gobgp.ts";
import { kernelFloor } from "./kernel-floor.ts";
import { linnet } from "./linnet.ts";
import { nullRelay } from "./null-relay.ts";
import { openbgpd } from "./openbgpd.ts";

/** Every daemon the bench knows, in the order of the tables. */
export const daemons: readonly Daemon[] = [
  nullRelay,
  kernelFloor,
  linnet,
  bird("bird2", "bird"),
  frr("frr", "/usr/lib/frr"),
  gobgp("gobgp", "gobgpd"),
  openbgpd("openbgpd", "/usr/sbin/bgpd"),
];
