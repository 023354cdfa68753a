import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LabClock, LabDaemon } from "../support/lab-daemon.ts";
import { talkTo } from "../support/talk.ts";

const clock = new LabClock();
const { ask } = talkTo(new LabDaemon(clock), clock);
const value = (expression: string): string => ask(`eval ${expression}`).trimEnd();

/** Each line was tried with BIRD 2.0.12. */
describe("values", () => {
  test.each([
    ["1 + 2 * 3", "7"],
    ["5 - 7", "4294967294"],
    ["10 / 3 - 1", "2"],
    ["0xff", "255"],
    ["true || false && false", "FALSE"],
    ["false && false || true", "TRUE"],
    ["! true || true", "TRUE"],
    ["1 = 1 && 2 = 2", "TRUE"],
    ['1 = "a"', "FALSE"],
    ["true = 1", "FALSE"],
    ["10.0.0.1 < 10.0.0.2", "TRUE"],
    ["(1,2) < (1,3)", "TRUE"],
    ["10.0.0.0/8.len", "8"],
    ["10.0.0.0/8.ip", "10.0.0.0"],
    ["[10.0.0.0/8]", "[10.0.0.0/8{1.0.0.0}]"],
    ["[10.0.0.0/8{16,24}]", "[10.0.0.0/8{0.1.255.0}]"],
    ["[fd00::/16+]", "[fd00::/16{1:ffff:ffff:ffff:ffff:ffff:ffff:ffff}]"],
    ["[= * 5 ? 1..3 =]", "[= * 5 ? 1..3 =]"],
    ["[(1,2,*)]", "[(1, 2, 0)..(1, 2, 4294967295)]"],
    ["[10.0.0.1, 10.0.0.5..10.0.0.9]", "[10.0.0.1, 10.0.0.5..10.0.0.9]"],
    ["[1,2,5..7]", "[1, 2, 5..7]"],
    ["1 ~ [1,2,5..7]", "TRUE"],
    ["8 !~ [1,2,5..7]", "TRUE"],
    ["1.2.3.4 ~ 1.2.0.0/16", "TRUE"],
    ["(1,2) ~ [(1,*)]", "TRUE"],
    ["(2,2) ~ [(1,*), (3..4,2)]", "FALSE"],
    ["-empty- ~ [(1,*)]", "FALSE"],
    ["+empty+", "(path )"],
    ["--empty--", "(eclist )"],
    ["---empty---", "(lclist )"],
    ["(rt, 10.0.0.1, 5)", "(rt, 10.0.0.1, 5)"],
    ["(ro, 64512, 7)", "(ro, 64512, 7)"],
    ["ORIGIN_IGP", "(enum 31)0"],
    ["RTD_UNICAST", "(enum 34)1"],
    ["NET_IP4", "(enum 36)1"],
    ['"abc" ~ "a*c"', "TRUE"],
    ["format(10.0.0.0/8)", "10.0.0.0/8"],
    ["((((1))))", "1"],
  ])("%s", (expression, expected) => {
    expect(value(expression)).toBe(`0023 ${expected}`);
  });

  test.each([
    ['1 < "a"', "9001 Arguments 1 and 2 of LT must be of the same type"],
    ["1 && 2", "9001 Argument 1 of AND must be of type bool, got type int"],
    ['"a" + 1', "9001 Argument 1 of ADD must be of type int, got type string"],
    ["!1", "9001 Argument 1 of NOT must be of type bool, got type int"],
    ["pods_only", "9001 Can't get value of symbol pods_only"],
    ["bgp_path", "8008 runtime error"],
    ["4294967296", "9001 Number out of range"],
    ["70000,1", "9001 syntax error, unexpected ','"],
    ["(70000,1)", "9001 Value out of range"],
    ["10.0.0.0/33", "9001 Invalid prefix length 33"],
  ])("%s is a mistake", (expression, expected) => {
    expect(value(expression).slice(0, expected.length)).toBe(expected);
  });

  test("nesting is bounded", () => {
    expect(value(`${"(".repeat(500)}1${")".repeat(500)}`)).toBe("9001 Expression nested too deep");
    expect(value(`${"!".repeat(900)}true`)).toMatch(/^(9001|0023) /);
  });
});

describe("conditions on routes", () => {
  const nets = (condition: string): string[] => {
    const reply = ask(`show route where ${condition}`);
    return [...reply.matchAll(/^(?:1007-| )([\da-f.:]+\/\d+) /gm)].map(([, net = ""]) => net);
  };

  test.each([
    ["net = 10.244.3.0/24", ["10.244.3.0/24"]],
    ["net ~ [ 10.244.2.0/24{25,32} ]", ["10.244.2.128/25"]],
    ["net ~ [ 10.244.1.5/32- ] && source = RTS_STATIC", ["10.244.1.0/24", "10.244.1.5/32"]],
    ["net.type = NET_IP6 && net.len = 48", ["fd00:203:113::/48"]],
    ["bgp_origin = ORIGIN_EGP", ["10.244.31.0/24"]],
    ["bgp_path ~ [= 64514 64513 =]", ["10.244.3.0/24"]],
    ["bgp_path ~ [= 64514 ? =]", ["10.244.3.0/24"]],
    ["bgp_path ~ [= * 4200000001 * =]", ["10.244.32.0/24"]],
    ["bgp_path ~ [4200000000..4200000005]", ["10.244.32.0/24"]],
    ["4200000001 ~ bgp_path", ["10.244.32.0/24"]],
    ["bgp_path.first = 64514 && bgp_path.len = 2", ["10.244.3.0/24"]],
    ["(65535,666) ~ bgp_community", ["10.244.30.0/24"]],
    ["bgp_community.len > 3", ["10.244.30.0/24"]],
    ["bgp_large_community ~ [(64513, *, 31)]", ["10.244.30.0/24"]],
    ["bgp_ext_community ~ [(rt, 64513, *)]", ["10.244.30.0/24"]],
    ["bgp_local_pref < 100", ["10.244.32.0/24"]],
    ["from = 172.30.0.4 && gw = 172.30.0.4 && net.len = 24 && net ~ 10.244.4.0/24", ["10.244.4.0/24"]],
    ['ifname ~ "cali*" && proto = "kernel4"', ["10.244.1.5/32"]],
    ["krt_metric = 50", ["203.0.113.0/24"]],
    ["weight = 5", ["10.244.14.0/24"]],
    ["dest = RTD_PROHIBIT", ["10.244.12.0/24"]],
    ["defined(bgp_originator_id) && net.type = NET_IP4", ["10.244.5.0/24"]],
    ["bgp_med = 0 || bgp_med < 5", []],
    ["1 / 0 = 1", []],
  ])("%s", (condition, expected) => {
    expect(nets(condition)).toEqual(expected);
  });

  test("an expression says of every net what its negation does not", () => {
    const all = new Set(nets("true"));
    const condition = fc.constantFrom(
      "net ~ [10.0.0.0/8+]",
      "bgp_path.len = 1",
      'proto ~ "e*"',
      "bgp_community ~ [(64512,*)]",
      "gw = 172.30.0.3",
    );
    fc.assert(
      fc.property(condition, condition, (a, b) => {
        const both = new Set([...nets(`(${a}) && (${b})`), ...nets(`!(${a}) || !(${b})`)]);
        expect(both).toEqual(all);
      }),
      { numRuns: 25 },
    );
  });
});

describe("filters", () => {
  const count = (filter: string): string | undefined =>
    /^1007-(\d+) of/.exec(ask(`show route table master4 count filter ${filter}`))?.[1];

  test.each([
    ["{ accept; }", "54"],
    ["{ reject; }", "0"],
    ["{ }", "0"],
    ['{ if proto = "ebgp_c" then accept; }', "7"],
    ['{ if proto = "ebgp_c" then reject; else accept; }', "47"],
    ['{ if proto = "ebgp_c" then { if net.len = 0 then accept; } reject; }', "1"],
    ['{ print "a", 1; bgp_local_pref = 5; ; accept; }', "54"],
    ["pods_only", "23"],
  ])("%s", (filter, expected) => {
    expect(count(filter)).toBe(expected);
  });

  test.each([
    ["{ accept }", "9001 syntax error, unexpected '}'"],
    ['{ bgp_local_pref = "x"; }', "9001 Argument 1 of EA_SET must be of type int, got type string"],
    ["{ if 1 then accept; }", "9001 Argument 1 of CONDITION must be of type bool, got type int"],
  ])("%s is a mistake", (filter, expected) => {
    expect(ask(`show route filter ${filter}`).slice(0, expected.length)).toBe(expected);
  });
});
