import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { echoing } from "#control/control.ts";
import { bird2Dialect, bird16Dialect, type Dialect } from "#control/dialect.ts";
import { REPLY_BLOCK_OCTETS, ReplyReader } from "#control/line-protocol.ts";
import type { Explanation, NetView, ProtocolView, RouteTableView, ToldExplanation } from "#control/views.ts";
import { silentLog } from "#lib/log.ts";
import type { Address } from "#route/address.ts";
import type { Prefix } from "#route/prefix.ts";
import { labA } from "./support/lab-a.ts";
import { LabClock, LabDaemon, parseRoutes, tableOf } from "./support/lab-daemon.ts";
import { talkTo } from "./support/talk.ts";

function connected() {
  const clock = new LabClock();
  const daemon = new LabDaemon(clock);
  return { clock, daemon, ...talkTo(daemon, clock) };
}

/** Last lines of the replies in `text`. */
function finals(text: string): number[] {
  const reader = new ReplyReader();
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => reader.read(line))
    .flatMap((line) => (line.kind === "reply" && line.last ? [line.code] : []));
}

describe("requests", () => {
  test("octet by octet they are answered as when they come whole", () => {
    const whole = connected();
    const commands = "show status\nshow protocols ebgp_c\nfoo\nshow route 10.244.3.0/24 all\n";
    const expected = whole.ask(commands.slice(0, -1));
    const { session, wire, clock } = connected();
    for (const character of commands) {
      session.receive(character);
      clock.settle();
    }
    expect(wire.take()).toBe(expected);
  });

  test("cut anywhere they are answered as when they come whole", () => {
    const line = fc.constantFrom(
      "show status",
      "eval 1",
      "show protocols ebgp_c",
      "foo\r",
      "",
      "show route 10.244.3.0/24 all",
    );
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(200), { maxLength: 12 }),
        (lines, cuts) => {
          const text = `${lines.join("\n")}\n`;
          const [whole, cut] = [connected(), connected()];
          whole.session.receive(text);
          whole.clock.settle();
          let from = 0;
          for (const to of [...cuts.filter((at) => at < text.length).toSorted((a, b) => a - b), text.length]) {
            cut.session.receive(text.slice(from, to));
            cut.clock.settle();
            from = to;
          }
          expect(cut.wire.take()).toBe(whole.wire.take());
        },
      ),
    );
  });

  test("a thousand in one go are answered in order, none is lost", () => {
    const { session, wire, clock } = connected();
    const commands = Array.from({ length: 1000 }, (_, index) => `eval ${index}`);
    session.receive(`${commands.join("\n")}\n`);
    clock.settle();
    expect(wire.take()).toBe(commands.map((_, index) => `0023 ${index}\n`).join(""));
    expect(wire.paused).toBe(false);
  });

  test("while many wait the client is not read from", () => {
    const { session, wire } = connected();
    wire.room = 1;
    session.receive("show route all\n".repeat(300));
    expect(wire.paused).toBe(true);
  });

  test("a line that is too long is answered, and the next one too", () => {
    const { ask } = connected();
    expect(finals(ask(`show ${"A".repeat(9000)}`))).toEqual([9000]);
    expect(finals(ask("show status"))).toEqual([13]);
  });

  test("a client that only closes its sending half still gets its answers", () => {
    const { session, wire, clock } = connected();
    session.receive("show status\nshow protocols");
    session.inputEnded();
    clock.settle();
    expect(finals(wire.take())).toEqual([13, 0]);
    expect(wire.ended).toBe(true);
  });

  test("whatever comes, every line gets exactly one reply and nothing breaks", () => {
    const word = fc.oneof(
      fc.constantFrom(
        ..."show route all where filter protocol ebgp_c for 10.244.3.7 10.0.0.0/8 { } ( ) [ ] [= =] ~ && || ! = < > + - * / 1 5..7 \"x\" 'y' in table master4 export count stats net bgp_path bgp_community len . ; , if then accept reject eval configure timeout check undo echo off timeformat iso debug reload disable restrict json linnet why drain".split(
          " ",
        ),
      ),
      fc.string({ maxLength: 8 }),
      fc.ipV6(),
      fc.ipV4(),
    );
    const line = fc.array(word, { maxLength: 14 }).map((words) => words.join(" ").replaceAll("\n", " "));
    const { clock, daemon } = connected();
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), (lines) => {
        const { session, wire } = talkTo(daemon, clock);
        session.receive(`${lines.join("\n")}\n`);
        clock.settle();
        expect(finals(wire.take()), lines.join("\n")).toHaveLength(lines.length);
      }),
      { numRuns: 1000 },
    );
  });
});

/** A clock of which every look takes a little time. */
class TickingClock extends LabClock {
  looks = 0;
  slices = 0;

  override nowMs(): number {
    return this.looks++ * 0.25;
  }

  override soon(then: () => void): void {
    this.slices++;
    super.soon(then);
  }
}

/** A table of `count` nets that makes them as they are asked for. */
function largeTable(count: number): RouteTableView & { made: number; closed: boolean } {
  const [net] = parseRoutes(labA.routesIpv4) as [NetView];
  const table = {
    ...tableOf([]),
    made: 0,
    closed: false,
    walk: () => ({
      step(): NetView | "end" {
        if (table.made === count) return "end" as const;
        const address = (0x0a000000 + (table.made++ << 8)) >>> 0;
        return { ...net, prefix: { family: "ipv4" as const, words: [address], length: 24 } };
      },
      resume() {},
      close() {
        table.closed = true;
      },
    }),
  };
  return table;
}

describe("long replies", () => {
  test("leave in blocks of whole lines that no client's buffer is too small for", () => {
    const { session, wire, clock } = connected();
    session.receive("show route all\nshow protocols all\n");
    clock.settle();
    expect(wire.blocks.length).toBeGreaterThan(5);
    for (const block of wire.blocks) {
      expect(block.length).toBeLessThanOrEqual(REPLY_BLOCK_OCTETS);
      expect(block.endsWith("\n")).toBe(true);
    }
  });

  test("are made in slices of a few milliseconds", () => {
    const clock = new TickingClock();
    const table = largeTable(5000);
    const { session, wire } = talkTo(new LabDaemon(clock, labA, { ipv4: table, ipv6: tableOf([]) }), clock);
    session.receive("show route\n");
    clock.turn();
    expect(table.made).toBeGreaterThan(0);
    expect(table.made).toBeLessThan(2000);
    expect(clock.looks * 0.25).toBeLessThan(4);
    clock.settle();
    expect(clock.slices).toBeGreaterThan(20);
    expect(table.made).toBe(5000);
    expect(finals(wire.take())).toEqual([0]);
  });

  test("of many clients take turns that are no longer, and others are answered among them", () => {
    const clock = new TickingClock();
    const [net] = parseRoutes(labA.routesIpv4) as [NetView];
    const table = tableOf(Array.from({ length: 500 }, () => net));
    const daemon = new LabDaemon(clock, labA, { ipv4: table, ipv6: tableOf([]) });
    const { control } = talkTo(daemon, clock);
    const long = Array.from({ length: 50 }, () => talkTo(daemon, clock, undefined, control));
    for (const { session } of long) session.receive("show route\n");
    const short = talkTo(daemon, clock, undefined, control);
    const askedAt = 10;
    let [turns, answeredAt, longestMs] = [0, 0, 0];
    for (let slices = -1; slices !== clock.slices && turns < 10_000; turns++) {
      if (turns === askedAt) short.session.receive("show protocols ebgp_c\n");
      slices = clock.slices;
      const looks = clock.looks;
      clock.turn();
      longestMs = Math.max(longestMs, (clock.looks - looks) * 0.25);
      if (answeredAt === 0 && short.wire.blocks.length > 0) answeredAt = turns;
    }
    expect(longestMs).toBeLessThan(4);
    expect(answeredAt - askedAt).toBeLessThan(50);
    expect(turns - answeredAt).toBeGreaterThan(100);
    for (const { wire } of long) expect(finals(wire.take())).toEqual([0]);
  });

  test("yield also where no line comes of it", () => {
    const clock = new TickingClock();
    const table = largeTable(20_000);
    const { ask } = talkTo(new LabDaemon(clock, labA, { ipv4: table, ipv6: tableOf([]) }), clock);
    expect(ask("show route where false")).toBe("0000 \n");
    expect(clock.slices).toBeGreaterThan(20);
  });

  test("show what was found before the search is over", () => {
    const clock = new TickingClock();
    const table = largeTable(20_000);
    const { session, wire } = talkTo(new LabDaemon(clock, labA, { ipv4: table, ipv6: tableOf([]) }), clock);
    session.receive("show route where net = 10.0.1.0/24\n");
    while (wire.blocks.length === 0) clock.turn();
    expect(table.made).toBeLessThan(1000);
    expect(wire.take()).toContain("10.0.1.0/24");
    clock.settle();
    expect(finals(wire.take())).toEqual([0]);
  });

  test("wait for a client that does not read, and cost nothing meanwhile", () => {
    const clock = new LabClock();
    const table = largeTable(20_000);
    const { session, wire } = talkTo(new LabDaemon(clock, labA, { ipv4: table, ipv6: tableOf([]) }), clock);
    wire.room = 3;
    session.receive("show route\n");
    clock.settle();
    expect(wire.blocks).toHaveLength(3);
    expect(table.made).toBeLessThan(400);
    expect(clock.pending).toBe(0);
    wire.room = Number.POSITIVE_INFINITY;
    session.writable();
    clock.settle();
    expect(table.made).toBe(20_000);
  });

  test("end with the client", () => {
    const clock = new LabClock();
    const table = largeTable(20_000);
    const { session, wire } = talkTo(new LabDaemon(clock, labA, { ipv4: table, ipv6: tableOf([]) }), clock);
    wire.room = 3;
    session.receive("show route\n");
    clock.settle();
    session.closed();
    expect(table.closed).toBe(true);
    session.writable();
    session.receive("show status\n");
    clock.settle();
    expect(wire.blocks).toHaveLength(3);
  });
});

/** A lab with many neighbours more: to look at one of its protocols takes ten microseconds. */
class Crowd extends LabDaemon {
  looks = 0;
  readonly #clock: LabClock;

  constructor(clock: LabClock, neighbours: number) {
    super(clock);
    this.#clock = clock;
    const pattern = super.protocol("ebgp_c")!;
    for (let index = 0; index < neighbours; index++) this.add({ ...pattern, name: `n${index}` });
  }

  override protocol(name: string): ProtocolView | undefined {
    this.#look();
    return super.protocol(name);
  }

  override explain(target: Prefix | Address): Explanation {
    return { ...super.explain(target), told: this.#told() };
  }

  *#told(): Iterable<ToldExplanation> {
    for (const { name } of this.protocols()) {
      this.#look();
      yield { protocol: name, sent: true, by: "policy pods_only" };
    }
  }

  #look(): void {
    this.looks++;
    this.#clock.advanceOnly(0.01);
  }
}

describe("a thousand neighbours", () => {
  const neighbours = 1000;
  const dialects: readonly Dialect[] = [bird2Dialect, bird16Dialect("ipv4")];
  const all = [
    "show protocols",
    "show protocols all",
    'show protocols "n*"',
    "json show protocols",
    "linnet status",
    "linnet why 10.244.3.7",
  ];
  const changing = ["reload in all", "debug all { packets }", "mrtdump all off", 'restart "n*"', 'disable "n*"'];

  test.each([...all, ...changing])("are looked at in turns of two milliseconds: %s", (command) => {
    for (const dialect of dialects) {
      const clock = new LabClock();
      const daemon = new Crowd(clock, neighbours);
      const { session, wire } = talkTo(daemon, clock, dialect);
      session.receive(`${command}\n`);
      let longestMs = 0;
      while (clock.isBusy) {
        const beganMs = clock.nowMs();
        clock.turn();
        longestMs = Math.max(longestMs, clock.nowMs() - beganMs);
      }
      expect(finals(wire.take())).toEqual([0]);
      expect(daemon.looks).toBeGreaterThanOrEqual(neighbours);
      expect(longestMs).toBeLessThan(3);
    }
  });

  test.each([
    ["show status", 0],
    ["eval 1", 0],
    ["show symbols", 0],
    ['show protocols "nobody*"', 0],
    ["show bfd sessions", 0],
    ["show protocols n7", 3],
    ["show protocols all n7", 3],
    ["show route protocol n7", 3],
  ])("do not matter to who does not ask for them: %s", (command, most) => {
    for (const dialect of dialects) {
      const clock = new LabClock();
      const daemon = new Crowd(clock, neighbours);
      talkTo(daemon, clock, dialect).ask(command);
      expect(daemon.looks).toBeLessThanOrEqual(most);
    }
  });

  test("are left out where they went away before their turn came", () => {
    const clock = new LabClock();
    const daemon = new Crowd(clock, neighbours);
    const { session, wire } = talkTo(daemon, clock);
    wire.room = 1;
    session.receive("show protocols\n");
    clock.settle();
    daemon.remove("n998");
    wire.room = Number.POSITIVE_INFINITY;
    session.writable();
    clock.settle();
    const reply = wire.take();
    expect(reply).toContain(" n997 ");
    expect(reply).not.toContain(" n998 ");
    expect(reply).toContain(" n999 ");
    expect(finals(reply)).toEqual([0]);
  });
});

describe("log lines", () => {
  test("go to sessions that asked for their class", () => {
    const { ask, wire, control } = connected();
    const log = echoing(silentLog, control).with({ peer: "tor" });
    log.warn("first");
    expect(ask("echo { info, error } 4096")).toBe("0000 \n");
    log.info("session up");
    log.debug("detail");
    log.error("two\nlines");
    expect(wire.take()).toBe("+session up\n+two lines\n");
    ask("echo off");
    log.info("later");
    expect(wire.take()).toBe("");
  });

  test("are counted while the client does not read", () => {
    const { ask, wire, control, session } = connected();
    ask("echo all");
    wire.room = 1;
    control.echo("info", "one");
    control.echo("info", "two");
    control.echo("info", "three");
    expect(wire.take()).toBe("+one\n");
    wire.room = 10;
    session.writable();
    expect(wire.take()).toBe("+<2 messages lost>\n");
  });
});

test("a filter's assignments are seen by what follows, and shown", () => {
  const { ask } = connected();
  const filter = "filter { bgp_med = 5; bgp_community = -empty-; if bgp_med = 5 then accept; reject; }";
  const reply = ask(`show route 10.244.30.0/24 ${filter} all`);
  expect(reply).toContain(" \tBGP.med: 5\n");
  expect(reply).not.toContain("BGP.community");
  expect(ask(`show route protocol static4 ${filter} count`)).toContain("0 of ");
  expect(ask("show route 10.244.3.0/24 filter { preference = 7; accept; }")).toContain(" * (7) [AS64513i]");
  expect(ask("show route 10.244.3.0/24 all")).not.toContain("BGP.med");
  expect(ask("show route filter { net = 10.0.0.0/8; accept; }")).toBe("9001 This static attribute is read-only.\n");
});

test("debug follows the messages of neighbours", () => {
  const { ask, daemon } = connected();
  for (const command of [
    "debug ebgp_c { states, packets }",
    'debug "ebgp_d_*" all',
    "debug ebgp_c { routes }",
    "debug kernel4 all",
    "debug ebgp_c off",
  ]) {
    expect(ask(command)).toBe("0000 \n");
  }
  expect(daemon.done).toEqual(["trace ebgp_c on", "trace ebgp_d_ll on", "trace ebgp_c off", "trace ebgp_c off"]);
});

test("a socket may begin restricted", () => {
  const clock = new LabClock();
  const daemon = new LabDaemon(clock);
  const { control, wire } = talkTo(daemon, clock);
  const options = { dialect: bird16Dialect("ipv4"), restricted: true, formats: undefined, zone: () => 0 };
  const session = control.open(wire, options);
  wire.take();
  session.receive("down\nconfigure check\nshow status\n");
  clock.settle();
  expect(finals(wire.take())).toEqual([8007, 20, 13]);
  expect(daemon.done).toEqual(["load check"]);
});

test("`linnet drain` takes the node out of service and back, in sessions that may change something", () => {
  const { ask, daemon } = connected();
  expect(ask("linnet drain")).toContain('{"stage":"off"');
  ask("linnet drain undo");
  expect(daemon.done).toEqual(["drain true", "drain false"]);
  ask("restrict");
  expect(finals(ask("linnet drain"))).toEqual([8007]);
  expect(daemon.done).toHaveLength(2);
});

test("the daemon leaves after it has said so", () => {
  const { ask, daemon } = connected();
  expect(ask("graceful restart")).toBe("0025 Graceful restart requested\n");
  expect(daemon.done).toEqual(["shutdown gracefulRestart"]);
});
