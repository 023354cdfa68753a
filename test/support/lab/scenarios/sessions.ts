import { expect } from "vitest";
import { stays, until } from "../until.ts";
import { bothWays, exchanged, installed, type Scenario } from "./scenario.ts";

const shortHold = 3;
const shutdownText = "maintenance until 14:00, ticket 4711";

/** How sessions come and go. */
export const sessionScenarios: readonly Scenario[] = [
  {
    name: "the session comes up when we dial",
    options: { them: { passive: true } },
    run: async (session) => {
      await session.establish();
      expect(await session.connections()).toMatchObject([{ remote: `${session.theirAddress}:179` }]);
    },
  },
  {
    name: "the session comes up when they dial",
    options: { us: { passive: true } },
    run: async (session) => {
      await session.establish();
      expect(await session.connections()).toMatchObject([{ local: `${session.ourAddress}:179` }]);
    },
  },
  {
    name: "one connection remains when both dial",
    run: async (session) => {
      await session.establish();
      await until("one connection", 10, async () => (await session.connections()).length === 1);
      await stays("the session", 1, async () => (await session.us.state(session.theirAddress)) === "established");
    },
  },
  {
    name: "the session runs over IPv6",
    needs: ["session over ipv6"],
    options: { transport: 6, ...bothWays },
    run: async (session) => {
      await session.establish();
      await exchanged(session);
      await installed(session);
    },
  },
  {
    name: "TCP-MD5 protects the session",
    needs: ["md5"],
    options: { us: { password: "correct-horse" }, them: { password: "correct-horse" } },
    run: (session) => session.establish(),
  },
  {
    name: "another TCP-MD5 password gives no session",
    needs: ["md5"],
    options: { us: { password: "correct-horse" }, them: { password: "battery-staple" } },
    run: async ({ us, them, theirAddress }) => {
      await Promise.all([us.start(), them.start()]);
      await stays("no session", 4, async () => (await us.state(theirAddress)) !== "established");
    },
  },
  {
    name: "with GTSM both ends take the session, and our packets have TTL 255",
    needs: ["gtsm"],
    options: { us: { security: true }, them: { security: true } },
    run: async (session) => {
      const capture = await session.capture();
      await session.establish();
      const open = await capture.saw(
        "our OPEN",
        10,
        ({ from, kind }) => from === session.ourAddress && kind === "open",
      );
      expect(open.ttl).toBe(255);
    },
  },
  {
    name: "a silent neighbour is dropped when the hold time ends, with its routes",
    options: { us: { holdSeconds: shortHold }, them: { holdSeconds: shortHold }, ...bothWays },
    run: async (session) => {
      const { us, them, theirAddress, ourAddress } = session;
      const capture = await session.capture();
      await session.establish();
      await exchanged(session);
      await installed(session);
      const silent = performance.now();
      them.freeze();
      await capture.saw(
        "our NOTIFICATION",
        shortHold + 3,
        ({ from, kind, text }) => from === ourAddress && kind === "notification" && /Hold Timer Expired/i.test(text),
      );
      expect(performance.now() - silent).toBeGreaterThan((shortHold - 1) * 1000 - 100);
      await until("their routes leave our kernel", 5, async () => !(await session.inKernel("203.0.113.0/24")));
      expect(await us.state(theirAddress)).not.toBe("established");
      them.thaw();
      await session.bothEstablished();
      await installed(session);
    },
  },
  {
    name: "they drop us when we are silent, and take us back",
    options: { us: { holdSeconds: shortHold }, them: { holdSeconds: shortHold } },
    run: async (session) => {
      await session.establish();
      session.us.freeze();
      await until(
        "they see that we are gone",
        shortHold + 5,
        async () => (await session.them.state(session.ourAddress)) !== "established",
      );
      session.us.thaw();
      await session.bothEstablished(40);
    },
  },
  {
    name: "our shutdown tells them why",
    run: async (session) => {
      const capture = await session.capture();
      await session.establish();
      await session.us.shutDown(session.theirAddress, shutdownText);
      await capture.saw(
        "our NOTIFICATION",
        5,
        ({ from, kind, text }) => from === session.ourAddress && kind === "notification" && text.includes(shutdownText),
      );
      await stays("no session", 3, async () => (await session.us.state(session.theirAddress)) !== "established");
    },
  },
  {
    name: "they show the text of our shutdown",
    needs: ["show shutdown text"],
    run: async (session) => {
      await session.establish();
      await session.us.shutDown(session.theirAddress, shutdownText);
      await until("they show our text", 10, async () =>
        (await session.them.lastError(session.ourAddress)).includes(shutdownText),
      );
    },
  },
  {
    name: "their shutdown tells us why",
    needs: ["send shutdown text"],
    run: async (session) => {
      await session.establish();
      const sent = await session.them.shutDown(session.ourAddress, shutdownText);
      await until("we show their text", 10, async () =>
        (await session.us.lastError(session.theirAddress)).includes(sent),
      );
    },
  },
];
