import { writeFileSync } from "node:fs";
import { Bird } from "../test/support/lab/bird.ts";
import { familyOf, type SessionConfig } from "../test/support/lab/neighbour.ts";
import { mtu, nodePlans, type RouterMaker, racks, torAs } from "./data-centre.ts";

/** BIRD in Linnet's place, with a network configuration written by hand: shows that the measuring itself can pass. */
export const birdNode: RouterMaker = (host, plan, timers) => {
  const common = { local: plan.addresses[0], holdSeconds: timers.hold, gracefulRestart: timers.restart };
  const mesh = nodePlans.filter(({ rack, name }) => rack === plan.rack && name !== plan.name);
  const sessions: SessionConfig[] = [
    { ...common, remote: racks[plan.rack].gateway[0], remoteAs: torAs },
    ...mesh.map(({ addresses, as }) => ({ ...common, remote: addresses[0], remoteAs: as })),
  ];
  const bird = new Bird(host, {
    as: plan.as,
    routerId: plan.addresses[0],
    nextHops: { 4: plan.addresses[0], 6: plan.addresses[1] },
    sessions,
    routes: plan.podCidrs.map((prefix) => ({ prefix })),
    kernel: true,
  });
  const conflist = host.path("10-linnet.conflist");
  writeFileSync(
    conflist,
    JSON.stringify({
      cniVersion: "1.0.0",
      name: "linnet",
      plugins: [
        {
          type: "ptp",
          mtu,
          ipMasq: false,
          ipam: {
            type: "host-local",
            ranges: plan.podCidrs.map((subnet) => [{ subnet }]),
            routes: plan.podCidrs.map((cidr) => ({ dst: familyOf(cidr) === 4 ? "0.0.0.0/0" : "::/0" })),
          },
        },
        { type: "portmap", capabilities: { portMappings: true } },
      ],
    }),
  );
  return {
    conflist,
    start: async () => {
      await host.forward();
      await bird.start();
    },
    kill: () => bird.kill(),
    stop: () => bird.stop(),
    established: async () => {
      const states = await Promise.all(sessions.map(({ remote }) => bird.state(remote)));
      return { up: states.filter((state) => state === "established").length, all: sessions.length };
    },
  };
};
