import { expect } from "vitest";
import type { Capture } from "../capture.ts";
import { places } from "../session-lab.ts";
import { stays, until } from "../until.ts";
import {
  arrived,
  bothWays,
  exchanged,
  installed,
  ourPrefixes,
  ours4,
  ours6,
  type Scenario,
  theirPrefixes,
  theirs4,
  theirs6,
} from "./scenario.ts";

const ourAs = 64_501;
const theirAs = 64_502;
const longOurAs = 4_200_000_001;
const longTheirAs = 4_200_000_002;
/** What an AS number of four octets looks like to a speaker of two (RFC 6793). */
const asTrans = 23_456;
const preferred = { localPref: 150 };

/** What routes look like at the other end. */
export const routeScenarios: readonly Scenario[] = [
  {
    name: "both families go over one session and into the kernel",
    needs: ["dual stack session"],
    options: bothWays,
    run: async (session) => {
      await session.establish();
      await exchanged(session);
      await installed(session);
      await until("one connection", 10, async () => (await session.connections()).length === 1);
    },
  },
  {
    name: "their external routes arrive with all attributes",
    options: bothWays,
    run: async (session) => {
      await session.establish();
      for (const route of bothWays.theirRoutes) {
        const seen = await session.us.route(session.theirAddress, route.prefix);
        expect(seen).toMatchObject(arrived(route, "them", [theirAs]));
      }
    },
  },
  {
    name: "our external routes arrive with all attributes",
    options: bothWays,
    run: async (session) => {
      await session.establish();
      for (const route of bothWays.ourRoutes) {
        const seen = await session.them.route(session.ourAddress, route.prefix);
        expect(seen).toMatchObject(arrived(route, "us", [ourAs]));
      }
    },
  },
  {
    name: "internal routes keep local preference and MED both ways",
    options: {
      themAs: ourAs,
      ourRoutes: [ours4, ours6].map((route) => ({ ...route, ...preferred })),
      theirRoutes: [theirs4, theirs6].map((route) => ({ ...route, ...preferred })),
    },
    run: async (session) => {
      await session.establish();
      for (const route of [theirs4, theirs6]) {
        const seen = await session.us.route(session.theirAddress, route.prefix);
        expect(seen).toMatchObject(arrived({ ...route, ...preferred }, "them", []));
      }
      for (const route of [ours4, ours6]) {
        const seen = await session.them.route(session.ourAddress, route.prefix);
        expect(seen).toMatchObject(arrived({ ...route, ...preferred }, "us", []));
      }
      await installed(session);
    },
  },
  {
    name: "AS numbers of four octets stand in paths both ways",
    options: { usAs: longOurAs, themAs: longTheirAs, ...bothWays },
    run: async (session) => {
      await session.establish();
      await exchanged(session);
      expect((await session.us.route(session.theirAddress, theirs4.prefix)).asPath).toEqual([longTheirAs]);
      expect((await session.them.route(session.ourAddress, ours4.prefix)).asPath).toEqual([longOurAs]);
    },
  },
  {
    name: "a neighbour that knows AS numbers of two octets only gets AS_TRANS, and AS4_PATH beside it",
    needs: ["two octet as"],
    options: { usAs: longOurAs, usAsSeen: asTrans, them: { fourOctetAs: false }, ...bothWays },
    run: async (session) => {
      const capture = await session.capture();
      await session.establish();
      expect((await session.us.route(session.theirAddress, theirs4.prefix)).asPath).toEqual([theirAs]);
      await session.them.route(session.ourAddress, ours4.prefix);
      const told = await capture.saw("our route", 5, ({ text }) => text.includes(ours4.prefix));
      expect(told.text).toMatch(new RegExp(`AS Path \\(2\\), .*: ${asTrans} $`, "m"));
      expect(told.text).toMatch(new RegExp(`AS4 Path \\(17\\), .*: ${longOurAs} $`, "m"));
    },
  },
  {
    name: "changes and withdrawals arrive both ways",
    options: bothWays,
    run: async (session) => {
      const { us, them, ourAddress, theirAddress } = session;
      await session.establish();
      await exchanged(session);
      await installed(session);
      await them.announce({ ...theirs4, communities: ["64500:99"] });
      await us.announce({ ...ours6, communities: ["64500:99"] });
      const has99 = (route?: { communities: readonly string[] }): boolean => route?.communities.join() === "64500:99";
      await until("their change", 15, async () => has99(await us.route(theirAddress, theirs4.prefix)));
      await until("our change", 15, async () => has99(await them.route(ourAddress, ours6.prefix)));
      await them.withdraw(theirs6.prefix);
      await us.withdraw(ours4.prefix);
      await until("their withdrawal", 15, async () => !(await session.inKernel(theirs6.prefix)));
      await until("our withdrawal", 15, async () =>
        (await them.received(ourAddress)).every(({ prefix }) => prefix !== ours4.prefix),
      );
      expect(await session.inKernel(theirs4.prefix)).toBe(true);
    },
  },
  {
    name: "End-of-RIB follows the routes of each family",
    options: { ...bothWays, us: { gracefulRestart: 20 }, them: { gracefulRestart: 20 } },
    run: async (session) => {
      const capture = await session.capture();
      await session.establish();
      await capture.saw("our End-of-RIB, IPv4", 15, endOfRib(session.ourAddress, 4));
      await capture.saw("our End-of-RIB, IPv6", 15, endOfRib(session.ourAddress, 6));
      const mine = capture.messages().filter(({ from }) => from === session.ourAddress);
      for (const family of [4, 6] as const) {
        const [prefix = ""] = ourPrefixes.filter((candidate) => candidate.includes(":") === (family === 6));
        const route = mine.findIndex(({ text }) => text.includes(prefix));
        expect(route).toBeGreaterThanOrEqual(0);
        expect(mine.findIndex(endOfRib(session.ourAddress, family))).toBeGreaterThan(route);
      }
    },
  },
  {
    name: "our IPv6 next hop is a global address, and beside it at most a link-local one",
    options: bothWays,
    run: async (session) => {
      const capture = await session.capture();
      await session.establish();
      const told = await capture.saw("our route", 15, ({ from, text }) => {
        return from === session.ourAddress && text.includes(ours6.prefix);
      });
      expect(told.text).toMatch(new RegExp(`nexthop: ${places.us.address[6]}(, fe80:[\\da-f:]+)?, nh-length: (16|32)`));
    },
  },
  {
    name: "asked for a refresh, we send everything again",
    needs: ["ask for refresh"],
    options: bothWays,
    run: async (session) => {
      const capture = await session.capture();
      await session.establish();
      await exchanged(session);
      const before = ourPrefixes.map((prefix) => timesSent(capture, session.ourAddress, prefix));
      await session.them.askRefresh(session.ourAddress);
      for (const [index, prefix] of ourPrefixes.entries()) {
        await until(`${prefix} once more`, 10, () => {
          return timesSent(capture, session.ourAddress, prefix) > (before[index] ?? 0);
        });
      }
      await stays("the session", 1, async () => (await session.us.state(session.theirAddress)) === "established");
      for (const prefix of ourPrefixes) await session.them.route(session.ourAddress, prefix);
    },
  },
  {
    name: "asked by us for a refresh, they send everything again and nothing is lost meanwhile",
    needs: ["be asked for refresh"],
    // FRR answers only after its own End-of-RIB, and sends that only with graceful restart.
    options: { ...bothWays, us: { gracefulRestart: 20 }, them: { gracefulRestart: 20 } },
    run: async (session) => {
      const capture = await session.capture();
      await session.establish();
      await exchanged(session);
      await installed(session);
      const deleted = await session.watchKernel();
      const before = theirPrefixes.map((prefix) => timesSent(capture, session.theirAddress, prefix));
      await session.us.askRefresh(session.theirAddress);
      for (const [index, prefix] of theirPrefixes.entries()) {
        await until(`${prefix} once more`, 10, () => {
          return timesSent(capture, session.theirAddress, prefix) > (before[index] ?? 0);
        });
      }
      await stays("their routes", 1, () => session.inKernel(theirs4.prefix));
      expect(deleted().filter((prefix) => theirPrefixes.includes(prefix))).toEqual([]);
    },
  },
  {
    name: "we reflect from one client to another",
    options: { themAs: ourAs, us: { client: true }, theirRoutes: [theirs4, theirs6], third: [] },
    run: async (session) => {
      await session.establish();
      for (const route of [theirs4, theirs6]) {
        const seen = await session.third?.route(session.ourAddress, route.prefix);
        expect(seen).toMatchObject({
          ...arrived(route, "them", []),
          originatorId: places.them.routerId,
          clusterList: [places.us.routerId],
        });
      }
      expect((await session.them.received(session.ourAddress)).map(({ prefix }) => prefix)).toEqual([]);
    },
  },
];

function endOfRib(from: string, family: 4 | 6): (message: { from: string; text: string }) => boolean {
  return (message) =>
    message.from === from &&
    message.text.includes("End-of-Rib Marker") &&
    message.text.includes("AFI: IPv6") === (family === 6);
}

function timesSent(capture: Capture, from: string, prefix: string): number {
  return capture
    .messages()
    .filter((message) => message.from === from && message.kind === "update" && message.text.includes(prefix)).length;
}
