#!/bin/bash
# Makes the *.vectors files beside this script: lets two routing daemons of Debian talk in two network namespaces and
# writes down every BGP message, with tcpdump. Needs root, bird2, frr, gobgpd, openbgpd, exabgp, tcpdump and node.
#   ./capture.sh [SCENARIO...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
chmod 755 "$work"
A=wire-a B=wire-b
frr_group=$(id -gn frr)
pids=()

stop_all() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  pids=()
}
clean() {
  stop_all
  ip netns del $A 2>/dev/null || true
  ip netns del $B 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT

network() {
  ip netns del $A 2>/dev/null || true
  ip netns del $B 2>/dev/null || true
  ip netns add $A
  ip netns add $B
  ip link add eth0 netns $A type veth peer name eth0 netns $B
  ip -n $A link set lo up
  ip -n $B link set lo up
  ip -n $A addr add 10.99.0.1/24 dev eth0
  ip -n $B addr add 10.99.0.2/24 dev eth0
  ip -n $A addr add 2001:db8:99::1/64 dev eth0 nodad
  ip -n $B addr add 2001:db8:99::2/64 dev eth0 nodad
  ip netns exec $A sysctl -qw net.ipv6.conf.eth0.accept_dad=0
  ip netns exec $B sysctl -qw net.ipv6.conf.eth0.accept_dad=0
  ip -n $A link set eth0 address 02:00:00:00:00:0a up
  ip -n $B link set eth0 address 02:00:00:00:00:0b up
  sleep 2
}

run() { # NAMESPACE COMMAND...
  local namespace=$1
  shift
  ip netns exec "$namespace" "$@" >>"$work/log" 2>&1 &
  pids+=($!)
}

bird() { # NAMESPACE CONFIGURATION
  printf '%s\n' "$2" >"$work/bird.conf"
  run "$1" /usr/sbin/bird -f -c "$work/bird.conf" -s "$work/bird.ctl"
}

frr() { # NAMESPACE CONFIGURATION
  printf 'log stdout\n%s\n' "$2" >"$work/frr.conf"
  mkdir -p "$work/frr"
  chown frr:"$frr_group" "$work/frr"
  run "$1" /usr/lib/frr/zebra -f /dev/null -z "$work/frr/zserv" -i "$work/frr/zebra.pid" --vty_socket "$work/frr"
  sleep 1
  run "$1" /usr/lib/frr/bgpd -f "$work/frr.conf" -z "$work/frr/zserv" -i "$work/frr/bgpd.pid" --vty_socket "$work/frr"
}

gobgp() { # NAMESPACE CONFIGURATION
  printf '%s\n' "$2" >"$work/gobgp.toml"
  run "$1" /usr/bin/gobgpd -f "$work/gobgp.toml" -t toml
}

openbgpd() { # NAMESPACE CONFIGURATION
  printf '%s\n' "$2" >"$work/bgpd.conf"
  chmod 600 "$work/bgpd.conf"
  run "$1" /usr/sbin/bgpd -d -f "$work/bgpd.conf"
}

exabgp() { # NAMESPACE CONFIGURATION
  printf '%s\n' "$2" >"$work/exabgp.conf"
  run "$1" env exabgp.daemon.user=root exabgp.log.level=INFO exabgp.tcp.bind=10.99.0.2 exabgp.tcp.port=179 /usr/sbin/exabgp "$work/exabgp.conf"
}

watch() {
  ip netns exec $A tcpdump -i eth0 -U -s 0 -w "$work/$1.pcap" tcp port 179 2>/dev/null &
  pids+=($!)
  sleep 1
}

# Cuts both directions of every connection into messages, one a line: seconds, number of the connection, direction,
# hexadecimal.
messages() { # SCENARIO TITLE
  sleep 1
  stop_all
  node --input-type=module - "$work/$1.pcap" "$2" >"$here/$1.vectors" <<'NODE'
import { readFileSync } from "node:fs";
const [pcap, title] = process.argv.slice(2);
const file = readFileSync(pcap);
const streams = new Map();
const connections = [];
const out = [];
let zero;
for (let at = 24; at < file.length; ) {
  const seconds = file.readUInt32LE(at) + file.readUInt32LE(at + 4) / 1e6;
  const octets = file.readUInt32LE(at + 8);
  const frame = file.subarray(at + 16, at + 16 + octets);
  at += 16 + octets;
  const v6 = frame.readUInt16BE(12) === 0x86dd;
  const ip = frame.subarray(14);
  const tcp = v6 ? ip.subarray(40, 40 + ip.readUInt16BE(4)) : ip.subarray((ip[0] & 15) * 4, ip.readUInt16BE(2));
  const way = frame[11] === 0x0a ? "a>b" : "b>a";
  const ports = [tcp.readUInt16BE(0), tcp.readUInt16BE(2)];
  const pair = `${v6} ${way === "a>b" ? ports : ports.reverse()}`;
  const key = `${way} ${pair}`;
  const payload = tcp.subarray((tcp[12] >> 4) * 4);
  const sequence = tcp.readUInt32BE(4);
  const stream = streams.get(key) ?? { next: sequence, rest: Buffer.alloc(0) };
  streams.set(key, stream);
  if (tcp[13] & 2) stream.next = (sequence + 1) >>> 0;
  if (payload.length === 0 || sequence !== stream.next) continue;
  zero ??= seconds;
  stream.next = (sequence + payload.length) >>> 0;
  stream.rest = Buffer.concat([stream.rest, payload]);
  while (stream.rest.length >= 19 && stream.rest.length >= stream.rest.readUInt16BE(16)) {
    const length = stream.rest.readUInt16BE(16);
    if (!connections.includes(pair)) connections.push(pair);
    out.push(`${(seconds - zero).toFixed(3)} ${connections.indexOf(pair) + 1} ${way} ${stream.rest.subarray(0, length).toString("hex")}`);
    stream.rest = stream.rest.subarray(length);
  }
}
console.log(`# ${title}`);
console.log(`# Made by capture.sh on ${new Date().toISOString().slice(0, 10)}. Seconds, connection, direction, message.`);
console.log(out.join("\n"));
NODE
  grep -c . "$here/$1.vectors" | sed "s/^/$1: lines /"
}

version() { dpkg-query -W -f '${Package} ${Version}' "$1"; }

bird-frr() {
  network
  watch bird-frr
  bird $A '
    router id 10.99.0.1;
    protocol device {}
    protocol static four { ipv4; route 10.1.0.0/16 blackhole { bgp_community.add((64512,1)); bgp_large_community.add((64512,1,2)); bgp_ext_community.add((rt,64512,7)); bgp_med = 50; }; route 10.2.0.0/17 blackhole; route 0.0.0.0/0 blackhole; route 10.3.4.5/32 blackhole; }
    protocol static six { ipv6; route 2001:db8:1::/48 blackhole { bgp_path.prepend(4200000099); bgp_community.add((65535,65281)); }; route ::/0 blackhole; route 2001:db8:2::1/128 blackhole; }
    protocol bgp peer { local 10.99.0.1 as 4200000001; neighbor 10.99.0.2 as 65002; graceful restart; hold time 90;
      ipv4 { import all; export all; }; ipv6 { import all; export all; next hop address 2001:db8:99::1; }; }'
  frr $B '
router bgp 65002
 bgp router-id 10.99.0.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 bgp graceful-restart
 neighbor 10.99.0.1 remote-as 4200000001
 neighbor 10.99.0.1 timers connect 1
 address-family ipv4 unicast
  network 10.20.0.0/16
  network 10.21.0.0/16 route-map marked
  aggregate-address 10.20.0.0/14 as-set
  neighbor 10.99.0.1 send-community all
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:20::/48 route-map marked
  neighbor 10.99.0.1 activate
  neighbor 10.99.0.1 send-community all
 exit-address-family
route-map marked permit 10
 set community 65002:21 graceful-shutdown
 set large-community 65002:2:1
 set extcommunity rt 65002:9
 set extcommunity bandwidth 1000
 set metric 77
 set origin incomplete'
  sleep 9
  birdc -s "$work/bird.ctl" reload in peer >>"$work/log"
  sleep 1
  ip netns exec $B vtysh --vty_socket "$work/frr" -c 'configure terminal' -c 'router bgp 65002' -c 'address-family ipv4 unicast' -c 'no network 10.21.0.0/16 route-map marked' -c 'exit' -c 'address-family ipv6 unicast' -c 'no network 2001:db8:20::/48 route-map marked' >>"$work/log" 2>&1
  sleep 2
  ip netns exec $B vtysh --vty_socket "$work/frr" -c 'configure terminal' -c 'router bgp 65002' -c 'neighbor 10.99.0.1 shutdown message upgrade at noon' >>"$work/log" 2>&1
  sleep 1
  messages bird-frr "a: $(version bird2), AS 4200000001; b: $(version frr), AS 65002. eBGP, both families over IPv4; refresh, withdrawal, shutdown with a message."
}

bird-frr-2octet() {
  network
  watch bird-frr-2octet
  bird $A '
    router id 10.99.0.1;
    protocol device {}
    protocol static four { ipv4; route 10.1.0.0/16 blackhole; }
    protocol bgp peer { local 10.99.0.1 as 65001; neighbor 10.99.0.2 as 65002; enable as4 off;
      ipv4 { import all; export all; }; }'
  frr $B '
router bgp 4200000002
 bgp router-id 10.99.0.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 10.99.0.1 remote-as 65001
 neighbor 10.99.0.1 local-as 65002
 neighbor 10.99.0.1 timers connect 1
 address-family ipv4 unicast
  network 10.20.0.0/16
  network 10.21.0.0/16
  neighbor 10.99.0.1 route-map long out
  aggregate-address 10.20.0.0/14
 exit-address-family
route-map long permit 10
 set as-path prepend 65010 4200000010'
  sleep 9
  messages bird-frr-2octet "a: $(version bird2), AS 65001, 2-octet AS numbers only; b: $(version frr), AS 4200000002. AS4_PATH and AS4_AGGREGATOR from b (RFC 6793 §4.2.2)."
}

bird-gobgp-ibgp() {
  network
  watch bird-gobgp-ibgp
  bird $A '
    router id 10.99.0.1;
    protocol device {}
    protocol static four { ipv4; route 10.1.0.0/16 blackhole { bgp_local_pref = 250; }; }
    protocol static six { ipv6; route 2001:db8:1::/48 blackhole; }
    protocol bgp rr1 { local 2001:db8:99::1 as 64512; neighbor 2001:db8:99::2 as 64512; rr client; rr cluster id 10.99.0.255;
      ipv4 { import all; export all; next hop address 10.99.0.1; }; ipv6 { import all; export all; }; }
    protocol bgp rr2 { local 10.99.0.1 as 64512; neighbor 10.99.0.2 as 64512; rr client; rr cluster id 10.99.0.255;
      ipv4 { import all; export all; }; }'
  gobgp $B '
[global.config]
  as = 64512
  router-id = "10.99.0.2"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.99.0.1"
    peer-as = 64512
[[neighbors]]
  [neighbors.config]
    neighbor-address = "2001:db8:99::1"
    peer-as = 64512
  [neighbors.timers.config]
    connect-retry = 5
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-unicast"'
  sleep 12
  ip netns exec $B /usr/bin/gobgp global rib add 10.30.0.0/16 nexthop 10.99.0.2 community 64512:5 med 3 local-pref 120 >>"$work/log"
  ip netns exec $B /usr/bin/gobgp global rib add 2001:db8:30::/48 -a ipv6 nexthop 2001:db8:99::2 large-community 64512:1:1 >>"$work/log"
  sleep 2
  ip netns exec $B /usr/bin/gobgp neighbor 2001:db8:99::1 softresetin >>"$work/log"
  ip netns exec $B /usr/bin/gobgp global rib del 2001:db8:30::/48 -a ipv6 >>"$work/log"
  ip netns exec $B /usr/bin/gobgp global rib del 10.30.0.0/16 >>"$work/log"
  sleep 2
  messages bird-gobgp-ibgp "a: $(version bird2), reflector of AS 64512; b: $(version gobgpd), its client over two sessions, IPv4 and IPv6. iBGP, reflection (RFC 4456 §8)."
}

bird-frr-unnumbered() {
  network
  watch bird-frr-unnumbered
  bird $A '
    router id 10.99.0.1;
    protocol device {}
    protocol static four { ipv4; route 10.1.0.0/16 blackhole; }
    protocol static six { ipv6; route 2001:db8:1::/48 blackhole; }
    protocol bgp peer { local fe80::ff:fe00:a as 65001; neighbor fe80::ff:fe00:b%eth0 as 65002;
      ipv4 { import all; export all; extended next hop; }; ipv6 { import all; export all; }; }'
  frr $B '
router bgp 65002
 bgp router-id 10.99.0.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor eth0 interface remote-as external
 neighbor eth0 timers connect 1
 neighbor eth0 capability extended-nexthop
 neighbor fe80::ff:fe00:a remote-as 65001
 neighbor fe80::ff:fe00:a interface eth0
 neighbor fe80::ff:fe00:a capability extended-nexthop
 neighbor fe80::ff:fe00:a timers connect 1
 address-family ipv4 unicast
  network 10.20.0.0/16
  neighbor fe80::ff:fe00:a activate
 exit-address-family
 address-family ipv6 unicast
  network 2001:db8:20::/48
  neighbor fe80::ff:fe00:a activate
 exit-address-family'
  sleep 12
  messages bird-frr-unnumbered "a: $(version bird2), AS 65001; b: $(version frr), AS 65002. Between link-local addresses, IPv4 with IPv6 next hops (RFC 8950)."
}

openbgpd-exabgp() {
  network
  watch openbgpd-exabgp
  openbgpd $A '
AS 65001
router-id 10.99.0.1
network 10.1.0.0/16 set { community 65001:1 large-community 65001:1:1 metric 9 }
network 2001:db8:1::/48
neighbor 10.99.0.2 {
  remote-as 4200000002
  announce IPv4 unicast
  announce IPv6 unicast
  announce refresh yes
  announce enhanced refresh yes
  holdtime 90
}
allow from any
allow to any'
  exabgp $B '
neighbor 10.99.0.1 {
  router-id 10.99.0.2;
  local-address 10.99.0.2;
  local-as 4200000002;
  peer-as 65001;
  hold-time 180;
  family { ipv4 unicast; ipv6 unicast; }
  static {
    route 10.40.0.0/16 next-hop 10.99.0.2 community [65002:1 no-export] as-path [ 4200000002 65009 ] aggregator ( 4200000002:10.99.0.2 ) atomic-aggregate;
    route 10.41.0.0/24 next-hop 10.99.0.2 attribute [ 0x63 0xc0 0xdeadbeef ];
    route 2001:db8:40::/48 next-hop 2001:db8:99::2 large-community [ 65002:3:4 ];
  }
}'
  sleep 14
  messages openbgpd-exabgp "a: $(version openbgpd), AS 65001; b: $(version exabgp), AS 4200000002. eBGP, both families over IPv4."
}

if (($# == 0)); then set -- bird-frr bird-frr-2octet bird-gobgp-ibgp bird-frr-unnumbered openbgpd-exabgp; fi
for scenario in "$@"; do
  "$scenario" || { cat "$work/log" >&2; exit 1; }
  : >"$work/log"
done
