import type { Daemon } from "./daemon.ts";

/** The C program that hands the same routes to the kernel; the kernel scenarios run it in a daemon's place. */
export const kernelFloor: Daemon = {
  name: "c",
  yardstick: "kernel",
  features: new Set(),
  version: () => "0",
  prepare: () => [],
};
