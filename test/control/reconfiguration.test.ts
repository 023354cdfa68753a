import { describe, expect, test } from "vitest";
import { LabClock, LabDaemon } from "./support/lab-daemon.ts";
import { talkTo } from "./support/talk.ts";

function connected() {
  const clock = new LabClock();
  const daemon = new LabDaemon(clock);
  return { clock, daemon, ...talkTo(daemon, clock) };
}

describe("configure timeout", () => {
  test("goes back unless it is confirmed, and tells the session that asked", () => {
    const { ask, clock, wire, daemon } = connected();
    expect(ask("configure timeout 2")).toBe(
      "0002-Reading configuration from /etc/bird/a.conf\n0022-Undo scheduled in 2 s\n0003 Reconfigured\n",
    );
    clock.advance(1999);
    expect(daemon.done).toEqual(["load"]);
    expect(ask("configure status")).toContain("undo in 0.001 s");
    clock.advance(1);
    expect(wire.take()).toBe("+Config timeout expired, starting undo\n");
    expect(daemon.done).toEqual(["load", "rollBack"]);
    expect(ask("configure status")).toBe("0003-Daemon is up and running\n0000 \n");
  });

  test("goes back although the session that asked is gone", () => {
    const { ask, clock, session, daemon } = connected();
    ask("configure soft timeout 3");
    session.closed();
    clock.advance(3000);
    expect(daemon.done).toEqual(["load soft", "rollBack"]);
  });

  test("stays when it is confirmed, by whichever session", () => {
    const { ask, clock, daemon, control } = connected();
    ask("configure timeout");
    const other = talkTo(daemon, clock, undefined, control);
    expect(other.ask("configure confirm")).toBe("0018 Reconfiguration confirmed\n");
    clock.advance(400_000);
    expect(daemon.done).toEqual(["load"]);
    expect(other.ask("configure confirm")).toBe("0019 Nothing to do\n");
  });

  test("does not go back from what changed nothing: an earlier change was somebody else's", () => {
    const { ask, clock, daemon, wire } = connected();
    daemon.outcome = { kind: "applied", changed: false };
    ask("configure timeout 2");
    clock.advance(2000);
    expect(wire.take()).toBe("+Config timeout expired, starting undo\n");
    expect(daemon.done).toEqual(["load"]);
  });

  test("a further configuration ends the wait for the first", () => {
    const { ask, clock, daemon } = connected();
    ask("configure timeout 5");
    ask("configure");
    clock.advance(10_000);
    expect(daemon.done).toEqual(["load", "load"]);
  });
});

describe("configure undo", () => {
  test("goes back once", () => {
    const { ask, daemon } = connected();
    ask("configure");
    expect(ask("configure undo")).toBe("0021-Undo requested\n0003 Reconfigured\n");
    expect(ask("configure undo")).toBe("0021-Undo requested\n0019 Nothing to do\n");
    expect(daemon.done).toEqual(["load", "rollBack", "rollBack"]);
  });

  test("has nothing to do where nothing was changed", () => {
    const { ask, daemon } = connected();
    daemon.outcome = { kind: "applied", changed: false };
    ask("configure");
    expect(ask("configure undo")).toContain("0019 Nothing to do");
  });

  test("a configuration that is refused leaves the way back as it was", () => {
    const { ask, daemon } = connected();
    ask("configure");
    expect(ask('configure "/etc/bird/bad.conf"')).toContain("8002 /etc/bird/bad.conf:3:18 syntax error");
    expect(ask("configure undo")).toContain("0003 Reconfigured");
    expect(daemon.done.at(-1)).toBe("rollBack");
  });
});

test("while one configuration is read, another session's is not, and the first reply waits", () => {
  const { ask, clock, daemon, control, wire } = connected();
  const held: (() => void)[] = [];
  daemon.held = held;
  expect(ask("configure")).toBe("0002-Reading configuration from /etc/bird/a.conf\n");
  const other = talkTo(daemon, clock, undefined, control);
  expect(other.ask("configure")).toContain("0006 ");
  expect(other.ask("show status")).toContain("0013 ");
  for (const finish of held) finish();
  clock.settle();
  expect(wire.take()).toBe("0003 Reconfigured\n");
});

test("a session that ends while it waits is not answered", () => {
  const { ask, clock, daemon, session, wire } = connected();
  const held: (() => void)[] = [];
  daemon.held = held;
  ask("configure");
  session.closed();
  for (const finish of held) finish();
  clock.settle();
  expect(wire.take()).toBe("");
});
