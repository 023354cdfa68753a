import { expect } from "vitest";
import { stays, until } from "../until.ts";
import {
  allInKernel,
  bothWays,
  exchanged,
  installed,
  ourPrefixes,
  type Scenario,
  theirPrefixes,
  theirs4,
  theirs6,
} from "./scenario.ts";

const restartSeconds = 20;
const awaySeconds = 2;
const shortRestart = 4;

const graceful = (seconds: number) => ({
  ...bothWays,
  us: { gracefulRestart: seconds },
  them: { gracefulRestart: seconds },
});

/** Graceful restart (RFC 4724), in both roles. */
export const restartScenarios: readonly Scenario[] = [
  {
    name: "while they restart, their routes stay in our kernel; what they no longer have goes afterwards",
    needs: ["restart gracefully"],
    options: graceful(restartSeconds),
    run: async (session) => {
      await session.establish();
      await exchanged(session);
      await installed(session);
      const deleted = await session.watchKernel();
      await session.them.kill();
      await stays("their routes in our kernel", awaySeconds, () => allInKernel(session));
      session.them.prepare([theirs4]);
      await session.them.start();
      await session.bothEstablished();
      await until("the route they no longer have is gone", restartSeconds + 10, async () => {
        return !(await session.inKernel(theirs6.prefix));
      });
      expect(deleted().filter((prefix) => prefix === theirs4.prefix)).toEqual([]);
      expect(await session.inKernel(theirs4.prefix)).toBe(true);
    },
  },
  {
    name: "their routes go when their restart takes longer than they said",
    needs: ["restart gracefully"],
    options: graceful(shortRestart),
    run: async (session) => {
      await session.establish();
      await exchanged(session);
      await installed(session);
      await session.them.kill();
      await stays("their routes in our kernel", shortRestart - 1.5, () => allInKernel(session));
      for (const prefix of theirPrefixes) {
        await until(`${prefix} is gone`, shortRestart + 2, async () => !(await session.inKernel(prefix)));
      }
    },
  },
  {
    name: "while we restart, they keep our routes",
    needs: ["help a restart"],
    options: graceful(restartSeconds),
    run: async (session) => {
      const { us, them, ourAddress } = session;
      await session.establish();
      await exchanged(session);
      const haveOurs = async (): Promise<boolean> => {
        const prefixes = (await them.received(ourAddress)).map(({ prefix }) => prefix);
        return ourPrefixes.every((prefix) => prefixes.includes(prefix));
      };
      await us.kill();
      await stays("our routes with them", awaySeconds, haveOurs);
      await us.start();
      await session.bothEstablished();
      await stays("our routes with them", awaySeconds, haveOurs);
    },
  },
  {
    name: "while we restart, their routes stay in our kernel; what they no longer have goes afterwards",
    options: graceful(restartSeconds),
    run: async (session) => {
      await session.establish();
      await exchanged(session);
      await installed(session);
      const deleted = await session.watchKernel();
      await session.us.kill();
      await stays("their routes in our kernel", awaySeconds, () => allInKernel(session));
      await session.them.withdraw(theirs6.prefix);
      await session.us.start();
      await session.bothEstablished();
      await until("the route they withdrew is gone", restartSeconds + 10, async () => {
        return !(await session.inKernel(theirs6.prefix));
      });
      await stays("their other route", 1, () => session.inKernel(theirs4.prefix));
      expect(deleted().filter((prefix) => prefix === theirs4.prefix)).toEqual([]);
    },
  },
];
