import { expect, test } from "vitest";
import { Frr } from "../support/lab/frr.ts";
import { Linnet } from "../support/lab/linnet.ts";
import { UnnumberedLab } from "../support/lab/unnumbered-lab.ts";

/** Neighbours by interface alone, on a cable that has link-local addresses and no others. */

/** Both kernels have each other's prefixes by the other end's link-local address of now, and packets pass. */
async function joined(lab: UnnumberedLab): Promise<void> {
  await lab.routed();
  await lab.ping();
}

test(
  "with FRR: routes of both families both ways, also from another address of ours, and back after the link was down",
  {
    concurrent: true,
  },
  () =>
    UnnumberedLab.run(Frr, async (lab) => {
      await lab.establish();
      await joined(lab);
      await lab.move(lab.us, "fe80::66");
      await joined(lab);
      await lab.unplugged(async () => {
        for (const { prefix } of lab.them.routes) await lab.withdrawn(lab.us, prefix);
      });
      await joined(lab);
    }),
);

test("with Linnet: the same, and the neighbour is followed to another address", { concurrent: true }, () =>
  UnnumberedLab.run(Linnet, async (lab) => {
    await lab.establish();
    await joined(lab);
    await lab.move(lab.them, "fe80::77");
    await joined(lab);
    await lab.unplugged(async () => {
      for (const end of [lab.us, lab.them]) expect(await end.speaker.lastError("eth0")).toContain("eth0 is down");
    });
    await joined(lab);
  }),
);
