import { expect, test } from "vitest";
import { observed } from "#daemon/observed.ts";
import { finish } from "#lib/steps.ts";
import { Pair } from "../support/pair.ts";

test("metrics and probes see sessions and what each family's routes came to", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  const seen = () => finish(observed(daemon, { remarks: [] }, "1.2.3"));
  const ipv4 = { family: "ipv4", accepted: 1, filtered: 0, best: 1, advertised: 1 };
  expect(seen()).toMatchObject({
    version: "1.2.3",
    peers: [{ name: "n2", address: "10.0.0.2", state: "Established", flaps: 0, families: [ipv4, { family: "ipv6" }] }],
    tables: { ipv4: { prefixes: 2, paths: 2 }, ipv6: { prefixes: 0, paths: 0 } },
    recovering: false,
    shuttingDown: false,
  });
  expect(seen().peers[0]?.messagesReceived).toBeGreaterThan(2);
  pair.other!.stop("hard");
  pair.settle();
  const gone = { family: "ipv4", accepted: 0, filtered: 0, best: 0, advertised: 0 };
  expect(seen().peers).toMatchObject([{ name: "n2", flaps: 1, families: [gone, { family: "ipv6" }] }]);
});
