import { expect, test } from "vitest";
import { decide, type Group } from "#kernel/group.ts";
import { Groups } from "#kernel/groups.ts";
import { eachMessage, received } from "#kernel/wire/message.ts";
import { decodeNextHop } from "#kernel/wire/nexthop.ts";
import type { Hop } from "#route/hop-set.ts";

/** Of hop sets, and how many routes want each. */
const wants = (...each: [hopSet: number, routes: number][]): Group["wants"] =>
  new Map(each.map(([hopSet, routes]) => [hopSet, { routes }]));

const group = (change: Partial<Group>): Group => ({
  target: 0x80000001,
  id: 1,
  isResilient: false,
  isBuried: false,
  content: 7,
  state: "ready",
  members: [],
  routes: 1000,
  flights: 0,
  wants: wants([7, 1000]),
  isChanged: false,
  ...change,
});

test("a group is re-pointed when most want the same and hardly any wants what it is", () => {
  expect(decide(group({}), 1000)).toEqual({ kind: "nothing" });
  expect(
    decide(
      group({
        wants: wants([8, 900], [7, 100]),
      }),
      100,
    ),
  ).toEqual({ kind: "repoint", hopSet: 8 });
  expect(
    decide(
      group({
        wants: wants([8, 800], [7, 200]),
      }),
      200,
    ),
  ).toEqual({ kind: "nothing" });
  expect(
    decide(
      group({
        wants: wants([8, 501], [9, 499]),
      }),
      0,
    ),
  ).toEqual({ kind: "repoint", hopSet: 8 });
  expect(
    decide(
      group({
        wants: wants([8, 500], [9, 500]),
      }),
      0,
    ),
  ).toEqual({ kind: "nothing" });
  expect(
    decide(
      group({
        wants: wants([0, 900], [8, 100]),
      }),
      0,
    ),
  ).toEqual({ kind: "nothing" });
  expect(decide(group({ routes: 100, wants: wants([8, 100]) }), 0)).toEqual({ kind: "nothing" });
  expect(decide(group({ state: "retired", wants: wants([8, 1000]) }), 0)).toEqual({ kind: "nothing" });
});

test("a group goes when it has no routes, and stays while they are deleted", () => {
  expect(decide(group({ wants: wants([0, 1000]) }), 0)).toEqual({ kind: "nothing" });
  expect(decide(group({ routes: 0, wants: wants() }), 0)).toEqual({ kind: "remove" });
  expect(decide(group({ routes: 0, wants: wants() }), 5)).toEqual({ kind: "nothing" });
  expect(decide(group({ routes: 0, wants: wants(), state: "new" }), 0)).toEqual({ kind: "nothing" });
});

const hop = (link: number, weight = 1): Hop => ({
  gateway: { family: "ipv4", words: [0x0a000000 + link] },
  link,
  weight,
  onlink: false,
});

/** `put 3 hop`, `put 1 group 2*1`, `delete 3`, with ids counted from the range's begin. */
function texts(messages: readonly Uint32Array[]): string[] {
  return messages.map((message) => {
    let said = "";
    const data = received(message.slice().buffer);
    eachMessage(data, (header) => {
      const { id, content } = decodeNextHop(data, header)!;
      const short = (number: number): string => (number & 0xffff).toString(16);
      const members =
        content.kind === "group" ? content.members.map((m) => `${short(m.id)}*${m.weight}`).join(",") : "";
      said = header.type === 104 ? `put ${short(id)} ${content.kind} ${members}`.trim() : `delete ${short(id)}`;
    });
    return said;
  });
}

test("single hops are made once, shared, and deleted with their last group", () => {
  const groups = new Groups("ipv4");
  const [one, two] = [groups.create(1, false)!, groups.create(2, false)!];
  expect(texts(groups.pointTo(one, 1, [hop(2)], undefined, 186).messages)).toEqual([
    "put 8001 hop",
    "put 1 group 8001*1",
  ]);
  expect(texts(groups.pointTo(two, 2, [hop(2, 9), hop(3)], undefined, 186).messages)).toEqual([
    "put 8002 hop",
    "put 2 group 8001*9,8002*1",
  ]);
  expect(texts(groups.pointTo(two, 3, [hop(2)], undefined, 186).messages)).toEqual([
    "put 2 group 8001*1",
    "delete 8002",
  ]);
  expect(texts(groups.remove(one))).toEqual(["delete 1"]);
  expect(texts(groups.remove(two))).toEqual(["delete 2", "delete 8001"]);
});

test("a lost link takes groups that had no other, and shrinks the rest", () => {
  const groups = new Groups("ipv4");
  const [one, two] = [groups.create(1, false)!, groups.create(2, false)!];
  groups.pointTo(one, 1, [hop(2)], undefined, 186);
  groups.pointTo(two, 2, [hop(2), hop(3, 4)], undefined, 186);
  const interned: (readonly Hop[])[] = [];
  const { gone, shrunk } = groups.linkLost(2, (hops) => interned.push(hops) + 40);
  expect([gone, shrunk]).toEqual([[one], [two]]);
  expect(interned).toEqual([[hop(3, 4)]]);
  expect(two.content).toBe(41);
});

test("a hop that stands by has an object of its own, takes over with the link of the other, and its loss changes nothing", () => {
  const intern = (): number => 40;
  const guarded = (): { groups: Groups; group: Group } => {
    const groups = new Groups("ipv4");
    const group = groups.create(1, true)!;
    const { messages } = groups.pointTo(group, 1, [hop(2)], hop(3), 186);
    expect(texts(messages)).toEqual(["put 8001 hop", "put 1 hop", "put 1 group 8001*256,1*1"]); // 4c4f0001
    expect(groups.guardOf(group)?.link).toBe(3);
    return { groups, group };
  };
  const lost = guarded();
  expect(lost.groups.linkLost(2, intern)).toEqual({ gone: [], shrunk: [lost.group] });
  expect(lost.group.content).toBe(40);
  const kept = guarded();
  expect(kept.groups.linkLost(3, intern)).toEqual({ gone: [], shrunk: [] });
  expect([kept.group.content, kept.groups.guardOf(kept.group)]).toEqual([1, undefined]);
  const again = kept.groups.pointTo(kept.group, 1, [hop(2)], hop(4), 186);
  expect(texts(again.messages)).toEqual(["put 1 hop", "put 1 group 8001*256,1*1"]);
  expect(texts(kept.groups.remove(kept.group))).toEqual(["delete 1", "delete 8001", "delete 1"]);
});

test("adoption takes what carries our mark and lies in our range, of this family", () => {
  const base = 0x4c4e0000;
  const single = (id: number, protocol = 186) => ({ id, protocol, content: { kind: "hop", hop: hop(2) } }) as const;
  const group = (id: number, members: number[]) =>
    ({
      id,
      protocol: 186,
      content: { kind: "group", isResilient: false, members: members.map((m) => ({ id: m, weight: 1 })) },
    }) as const;
  const groups = new Groups("ipv4");
  const objects = [single(7), single(base + 0x8001), single(base + 0x8002, 11), single(base + 0xc001)];
  groups.adopt([...objects, group(base + 1, [base + 0x8001]), group(base + 0x4001, [base + 0xc001])], 186, () => 5);
  expect(groups.all().map(({ id, content, state }) => [id - base, content, state])).toEqual([[1, 5, "ready"]]);
  expect(groups.of(5)?.id).toBe(base + 1);
  const made = groups.create(6, false)!;
  expect(texts(groups.pointTo(made, 6, [hop(3)], undefined, 186).messages)).toEqual([
    "put 8003 hop",
    "put 2 group 8003*1",
  ]); // 8002 is another's
});
