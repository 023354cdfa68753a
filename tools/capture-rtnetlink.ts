import { execSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { release } from "node:os";
import { parseArgs } from "node:util";
import { requestSocket } from "#kernel/io/netlink-socket.ts";
import { dumpAddresses } from "#kernel/wire/address.ts";
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLMSG_DONE, NLMSG_ERROR } from "#kernel/wire/constants.ts";
import { dumpLinks } from "#kernel/wire/link.ts";
import { eachMessage, received } from "#kernel/wire/message.ts";
import { dumpNextHops } from "#kernel/wire/nexthop.ts";
import { dumpRoutes, putRoute, routeTemplate } from "#kernel/wire/route.ts";
import { recv, send } from "#lib/io/libc.ts";

/**
 * Captures what the running kernel says of routes that iproute2 made, for test/vectors/rtnetlink/kernel.json.
 * Run as root in a new network namespace: `ip netns add linnetk-capture && ip netns exec linnetk-capture node
 * tools/capture-rtnetlink.ts --out FILE`.
 */
const setUp = [
  "ip link set lo up",
  "ip link add a0 address 02:00:00:00:00:0a type veth peer name a1 address 02:00:00:00:00:0b",
  "ip link add b0 address 02:00:00:00:00:0c type veth peer name b1 address 02:00:00:00:00:0d",
  "ip link set a0 up; ip link set a1 up; ip link set b0 up; ip link set b1 up",
  "ip addr add 10.0.1.1/24 dev a0; ip addr add 10.0.2.1 peer 10.0.2.2/32 dev b0",
  "ip addr add fd00:1::1/64 dev a0 nodad; ip addr add fd00:2::1/64 dev b0 nodad",
  "ip route add 20.0.0.0/24 via 10.0.1.2 proto bgp metric 32 src 10.0.1.1",
  "ip route add 20.0.1.0/24 via inet6 fd00:1::2 dev a0 proto bgp metric 32",
  "ip route add 20.0.2.0/24 proto bgp metric 32 nexthop via 10.0.1.2 weight 2 nexthop via 10.0.2.2 dev b0 weight 3",
  "ip route add 20.0.3.0/24 via 192.0.2.1 dev a0 onlink proto bgp metric 32",
  "ip route add blackhole 20.0.4.0/24 proto bgp metric 1000000",
  "ip route add 20.0.5.0/24 dev b0 proto static table 1000",
  "ip nexthop add id 11 via 10.0.1.2 dev a0 proto bgp; ip nexthop add id 12 via fd00:2::2 dev b0 onlink proto bgp",
  "ip nexthop add id 13 group 11,2/12,5 proto bgp; ip nexthop add id 14 blackhole proto static",
  "ip route add 20.0.6.0/24 nhid 13 proto bgp metric 32",
  "ip -6 route add 2001:db8::/48 via fd00:1::2 dev a0 proto bgp metric 32 src fd00:1::1",
  "ip -6 route add 2001:db8:1::/48 proto bgp metric 32 nexthop via fd00:1::2 dev a0 weight 1 nexthop via fe80::2 dev b0 weight 4",
  "ip -6 route add blackhole 2001:db8:2::/48 proto bgp metric 1000000",
  "ip -6 route add 2001:db8:3::/48 nhid 12 proto bgp metric 32",
];

const dumps = {
  links: dumpLinks(),
  "ipv4 addresses": dumpAddresses("ipv4"),
  "ipv6 addresses": dumpAddresses("ipv6"),
  "nexthop objects": dumpNextHops(),
  "ipv4 routes": dumpRoutes("ipv4", 254),
  "ipv4 routes of table 1000": dumpRoutes("ipv4", 1000),
  "ipv6 routes": dumpRoutes("ipv6", 254),
};

/** What `a0` is told: a gateway on no subnet of ours, a route that is there already, and one that can be. */
function requests(): Record<string, Uint32Array> {
  const link = Number(execSync("cat /sys/class/net/a0/ifindex"));
  const route = (third: number, gateway: number, flags: number, sequence: number): Uint32Array => {
    const hop = { gateway: { family: "ipv4", words: [gateway] }, link, weight: 1, onlink: false } as const;
    const template = routeTemplate("ipv4", { table: 254, protocol: 186, metric: 32 }, { kind: "unicast", hops: [hop] });
    const message = new Uint32Array(template.length);
    putRoute(message, 0, template, flags | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, sequence, third, 0, 0, 0, 24);
    return message;
  };
  return {
    "invalid gateway": route(0x14006300, 0xc0000201, 0, 7),
    "there already": route(0x14000000, 0x0a000102, 0, 8),
    acknowledged: route(0x14006300, 0x0a000102, 0, 9),
  };
}

function capture(request: Uint32Array): string {
  const fd = requestSocket();
  send(fd, new Uint8Array(request.buffer));
  const messages: string[] = [];
  for (let over = false; !over; ) {
    const bytes = new ArrayBuffer(32768);
    const data = received(bytes, recv(fd, new Uint8Array(bytes)));
    eachMessage(data, ({ type }) => {
      if (type === NLMSG_DONE || type === NLMSG_ERROR) over = true;
    });
    messages.push(Buffer.from(data.bytes).toString("hex"));
  }
  return messages.join("");
}

const { values } = parseArgs({ options: { out: { type: "string" } } });
for (const command of setUp) execSync(command);
const hex = (all: Record<string, Uint32Array>): Record<string, string> =>
  Object.fromEntries(Object.entries(all).map(([name, request]) => [name, capture(request)]));
const source = `Linux ${release()}, ${execSync("ip -V").toString().trim()}, by tools/capture-rtnetlink.ts`;
const text = JSON.stringify({ source, setUp, dumps: hex(dumps), replies: hex(requests()) }, undefined, 2);
if (values.out === undefined) process.stdout.write(text);
else writeFileSync(values.out, `${text}\n`);
