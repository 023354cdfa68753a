import { expect, test } from "vitest";
import { whyReport } from "#control/reports.ts";
import type { Daemon } from "#daemon/daemon.ts";
import { explain } from "#daemon/views/explain.ts";
import { RouteViews } from "#daemon/views/routes.ts";
import { Pair, prefix } from "../support/pair.ts";

const why = (daemon: Daemon, text: string) => {
  const report = whyReport(explain(daemon, new RouteViews(daemon), prefix(text)));
  return { ...report, told: [...report.told] };
};

test("a learned route is followed from its neighbour into the kernel", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  expect(why(daemon, "10.244.2.0/24")).toMatchObject({
    paths: [{ from: "n2", policy: "internal neighbours are open, and no policy is set", best: true }],
    kernel: expect.stringMatching(/^installed: via 10\.0\.0\.2 /),
    told: [{ protocol: "n2", sent: false, by: "it came from there" }],
  });
});

test("a route is shown no older than the session that brought it", async () => {
  const pair = new Pair();
  const daemon = await pair.start();
  pair.clock.advance(1300);
  daemon.speaker.restart("n2", "");
  pair.settle();
  const { sinceMs } = daemon.speaker.peer("n2")!;
  expect(sinceMs % 1000).toBe(300); // whole seconds are all that a route keeps
  expect(why(daemon, "10.244.2.0/24").paths).toMatchObject([{ since: sinceMs }]);
});

test("a node with pods whose kernel forwards nothing is told of", async () => {
  const pair = new Pair();
  const settings: Record<string, string> = { "net/ipv4/ip_forward": "0\n", "net/ipv6/conf/all/forwarding": "0\n" };
  pair.sysctls.read = (name) => settings[name];
  const daemon = await pair.start();
  expect(daemon.unforwarded()).toEqual(["net.ipv4.ip_forward"]);
  settings["net/ipv4/ip_forward"] = "1\n";
  expect(daemon.unforwarded()).toEqual([]);
});

test("below an own prefix stands a blackhole, where it is wanted and the kernel takes it", async () => {
  const own = async (blackhole: boolean, refused = false) => {
    const pair = new Pair();
    const [kernel] = pair.kernels;
    if (refused) kernel.refuse.set("10.244.1.0/24", { index: 0, code: "EEXIST", text: "it is there" });
    const daemon = await pair.start();
    const { config } = pair;
    daemon.reconfigure({ ...config, originated: config.originated.map((each) => ({ ...each, blackhole })) });
    pair.settle();
    return why(daemon, "10.244.1.0/24").kernel;
  };
  expect(await own(true)).toBe("installed: blackhole");
  expect(await own(true, true)).toMatch(/^refused: .*it is there/);
  expect(await own(false)).toBe("not wanted: the prefix is the node's own");
});
