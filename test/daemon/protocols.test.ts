import { expect, test } from "vitest";
import type { ChangeCounts } from "#control/views.ts";
import { listedProtocols, protocolView } from "#daemon/views/protocols.ts";
import { Pair } from "../support/pair.ts";

test("the kernel's protocol counts what it was asked for: own blackholes, learned routes, and what went", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const { config } = pair;
  daemon.reconfigure({ ...config, originated: config.originated.map((own) => ({ ...own, blackhole: true })) });
  pair.settle();
  const kernel = () => protocolView(daemon, "kernel1")?.channels[0]?.routes;
  const all = (accepted: number): ChangeCounts => ({
    received: accepted,
    rejected: 0,
    filtered: 0,
    ignored: 0,
    accepted,
  });
  expect(kernel()).toMatchObject({ exported: 2, exportUpdates: all(2), exportWithdraws: all(0) });
  pair.other!.stop("hard");
  pair.settle();
  expect(kernel()).toMatchObject({ exported: 1, exportUpdates: all(2), exportWithdraws: all(1) });
  daemon.reconfigure({ ...config, originated: [] });
  pair.settle();
  expect(kernel()).toMatchObject({ exported: 0, exportUpdates: all(2), exportWithdraws: all(2) });
});

test("what is listed is what is shown of each, and a neighbour that is removed is neither", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const shown = (name: string) => {
    const view = protocolView(daemon, name);
    return view && { name: view.name, kind: view.kind, families: view.channels.map(({ family }) => family) };
  };
  const listed = listedProtocols(daemon);
  const own = ["device1", "direct1", "kernel1", "kernel2", "static1", "static2"];
  expect(listed.map(({ name }) => name)).toEqual([...own, "n2"]);
  for (const each of listed) expect(each).toMatchObject(shown(each.name)!);
  daemon.reconfigure({ ...pair.config, peers: [] });
  pair.settle();
  expect(listedProtocols(daemon)).toHaveLength(listed.length - 1);
  expect(protocolView(daemon, "n2")).toBeUndefined();
});
