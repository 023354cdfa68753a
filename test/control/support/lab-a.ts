import type { Lab } from "./lab.ts";

/** Router "a" of the lab in which BIRD 2's own answers were recorded. */
export const labA: Lab = {
  routesIpv4: `
0.0.0.0/0            ebgp_c     10:32.027* 172.30.0.3 eth0; path 64513; community (64512,3)
                     kernel4    10:29.607  172.30.0.9 eth0; kernel 3 0
10.244.33.0/24       ebgp_c     10:32.027* 172.30.0.3 eth0; path 64513; origin Incomplete; community (64512,3)
10.244.1.9/32        static4    10:29.602* 172.30.0.9 eth0
10.244.1.0/24        direct1    10:29.607* - cni0
                     static4    10:29.602  blackhole
10.244.2.0/24        ibgp_b4    10:32.028* 172.30.0.2 eth0; path
                     ibgp_ptp   10:30.172  192.168.77.1 ptp0; path
10.244.3.0/24        ebgp_c     10:32.027* 172.30.0.3 eth0; path 64513; community (64512,3)
                     ebgp_d4    10:29.896  172.30.0.4 eth0; path 64514 64513
10.244.30.0/24       ebgp_c     10:32.027* 172.30.0.3 eth0; path 64513; community (64513,30) (65535,666) (65535,65281) (64512,3); ext (rt, 64513, 30) (ro, 10.0.0.3, 31); large (64513, 1, 30) (64513, 4294967295, 31)
10.244.31.0/24       ebgp_c     10:32.027* 172.30.0.3 eth0; path 64513; origin EGP; community (64512,3)
10.244.32.0/24       ebgp_c     10:32.027* 172.30.0.3 eth0; path 64513 4200000001 64513 64513; pref 50; community (64512,3)
10.244.1.5/32        static4    10:29.602* - cali12345678abc
                     kernel4    10:29.607  - cali12345678abc; kernel 4 0
10.100.0.0/24        ebgp_c     10:32.027* 172.30.0.3 eth0; path 64513; community (64512,3)
                     ebgp_d4    10:29.896  172.30.0.4 eth0; path 64514
10.0.0.2/32          ibgp_b4    10:32.028* 172.30.0.2 eth0; path
10.244.22.0/24       ibgp_b4    10:32.028* 172.30.0.2 eth0; path
203.0.113.128/25     kernel4    10:29.607* blackhole; kernel 4 0
172.30.0.0/24        direct1    10:29.607* - eth0
10.244.2.128/25      ibgp_b4    10:32.028* 172.30.0.2 eth0; path
10.50.0.0/16         kernel4    10:29.607* 172.30.0.4 eth0 3 + 172.30.0.3 eth0 1; kernel 4 0
10.244.12.0/24       static4    10:29.602* prohibited
10.244.13.0/24       static4    10:29.602* unreachable
192.168.78.2/32      direct1    10:29.607* - ptp0
10.244.14.0/24       static4    10:29.602* 172.30.0.4 eth0 5 + 172.30.0.3 eth0 2
192.168.77.0/31      direct1    10:29.607* - ptp0
10.0.0.1/32          direct1    10:29.607* - lo
10.99.2.0/24         lim_warn   10:29.671* 172.30.0.24 eth0; path 64524
                     dyn_bgp1   10:30.268  172.30.0.131 eth0; path 64520
                     lim_block  10:30.400  172.30.0.23 eth0; path 64523; cost 5
                     dyn_bgp2   10:30.443  172.30.0.130 eth0; path 64520
10.99.3.0/24         lim_warn   10:29.671* 172.30.0.24 eth0; path 64524
                     dyn_bgp1   10:30.268  172.30.0.131 eth0; path 64520
                     lim_block  10:30.400  172.30.0.23 eth0; path 64523; cost 5
                     dyn_bgp2   10:30.443  172.30.0.130 eth0; path 64520
10.99.4.0/24         lim_warn   10:29.671* 172.30.0.24 eth0; path 64524
                     dyn_bgp1   10:30.268  172.30.0.131 eth0; path 64520
                     lim_block  10:30.400  172.30.0.23 eth0; path 64523; cost 5
                     dyn_bgp2   10:30.443  172.30.0.130 eth0; path 64520
10.99.5.0/24         lim_warn   10:29.671* 172.30.0.24 eth0; path 64524
                     dyn_bgp1   10:30.268  172.30.0.131 eth0; path 64520
                     dyn_bgp2   10:30.443  172.30.0.130 eth0; path 64520
10.244.11.0/24       static4    10:29.602* unreachable
10.244.4.0/24        ebgp_d4    10:29.896* 172.30.0.4 eth0; path 64514
203.0.113.0/24       kernel4    10:29.607* 172.30.0.9 eth0; kernel 4 50
10.244.5.0/24        ibgp_b4    10:32.028* 172.30.0.2 eth0; path ; originator 10.0.0.5; cluster 10.0.0.2
10.99.0.0/24         lim_warn   10:29.671* 172.30.0.24 eth0; path 64524
                     dyn_bgp1   10:30.268  172.30.0.131 eth0; path 64520
                     dyn_bgp2   10:30.443  172.30.0.130 eth0; path 64520
10.99.1.0/24         lim_warn   10:29.671* 172.30.0.24 eth0; path 64524
                     dyn_bgp1   10:30.268  172.30.0.131 eth0; path 64520
                     dyn_bgp2   10:30.443  172.30.0.130 eth0; path 64520
198.51.100.0/24      ebgp_c     10:32.027! 172.30.0.3 eth0; path 64513
198.51.100.128/25    ebgp_c     10:32.027! 172.30.0.3 eth0; path 64513
`,
  routesIpv6: `
fd00:203:113::/48    kernel6    10:29.607* fd00:172:30::9 eth0; kernel 4 1024
fd00:172:30::/64     direct1    10:29.607* - eth0
fd00:10:244:5::/64   ibgp_b6    10:29.895* fd00:172:30::2 eth0; path ; originator 10.0.0.5; cluster 10.0.0.2
fd00:10:244:4::/64   ebgp_d6    10:30.219* fd00:172:30::4 eth0; path 64514; next fd00:172:30::4 fe80::ff:fe00:4
                     ebgp_d_ll  10:30.531  fe80::ff:fe00:4 eth0; path 64514; next :: fe80::ff:fe00:4
fd00:10:244:1::5/128 static6    10:29.602* - cali12345678abc
                     kernel6    10:29.607  - cali12345678abc; kernel 4 1024
fd00:10:100::/64     ebgp_c     10:32.027* fd00:172:30::3 eth0; path 64513; next fd00:172:30::3 fe80::ff:fe00:3; from 172.30.0.3
                     ebgp_d6    10:30.219  fd00:172:30::4 eth0; path 64514; next fd00:172:30::4 fe80::ff:fe00:4
fd00:10::1/128       direct1    10:29.607* - lo
fd00:10:244:3::/64   ebgp_c     10:32.027* fd00:172:30::3 eth0; path 64513; next fd00:172:30::3 fe80::ff:fe00:3; community (64513,3); from 172.30.0.3
fd00:10:244:2::/64   ibgp_b6    10:29.939* fd00:172:30::2 eth0; path
fd00:10:244:1::/64   direct1    10:29.607* - cni0
                     static6    10:29.602  blackhole
fd00:10::2/128       ibgp_b6    10:29.939* fd00:172:30::2 eth0; path
fd00:10:244:16::/64  static6    10:29.602* fe80::ff:fe00:2 eth0
2001:db8:bad::/48    ebgp_c     10:32.027! fd00:172:30::3 eth0; path 64513; next fd00:172:30::3 fe80::ff:fe00:3; from 172.30.0.3
`,
  protocols: `
device1 Device up 10:29.602
direct1 Direct up 10:29.602
  ipv4 UP 240 ACCEPT REJECT routes 5/-/0/5 5.0.0.0.5 0.0.0.0.0 0.0.0.0.0 0.0.0.0.0
  ipv6 UP 240 ACCEPT REJECT routes 3/-/0/3 3.0.0.0.3 0.0.0.0.0 0.0.0.0.0 0.0.0.0.0
kernel4 Kernel up 10:29.602 "Linux main table v4"
  ipv4 UP 10 ACCEPT to_kernel routes 5/-/25/3 5.0.0.0.5 0.0.0.0.0 78.4.10.0.64 3.0.0.0.4
kernel6 Kernel up 10:29.602
  ipv6 UP 10 ACCEPT (unnamed) routes 2/-/8/1 2.0.0.0.2 0.0.0.0.0 20.1.6.0.13 0.0.0.0.1
static4 Static up 10:29.602
  ipv4 UP 200 ACCEPT REJECT routes 7/-/0/6 7.0.0.0.7 0.0.0.0.0 0.0.0.0.0 0.0.0.0.0
static6 Static up 10:29.602
  ipv6 UP 200 ACCEPT REJECT routes 3/-/0/2 3.0.0.0.3 0.0.0.0.0 0.0.0.0.0 0.0.0.0.0
bfd1 BFD up 10:29.602
ibgp_b4 BGP up 10:32.027 "node b (RR client)"
  peer 172.30.0.2 as 64512 state Established
  up 10.0.0.2 hold 210.602/240 keepalive 70.599/80 source 172.30.0.1 internal multihop route-reflector AS4
  local mp=ipv4 refresh restart=120:ipv4 as4 enhanced llgr
  ipv4 UP 100 ACCEPT pods_only routes 5/-/14/5 5.0.0.0.5 0.0.0.0.0 39.9.14.0.16 0.0.0.0.1 next 172.30.0.1 recursive
ibgp_b6 BGP up 10:29.838
  peer fd00:172:30::2 as 64512 state Established
  up 10.0.0.2 hold 186.378/240 keepalive 62.751/80 source fd00:172:30::1 internal multihop route-reflector AS4
  local mp=ipv6 refresh restart=120:ipv6 as4 enhanced llgr
  ipv6 UP 100 ACCEPT pods_only routes 3/-/7/3 3.0.0.0.3 0.0.0.0.0 13.3.2.0.8 0.0.0.0.0 next fd00:172:30::1 recursive
ibgp_ptp BGP up 10:29.990
  peer 192.168.77.1 as 64512 state Established
  up 10.0.0.2 hold 16.901/30 keepalive 1.746/10 source 192.168.77.0 internal multihop AS4
  local mp=ipv4 refresh restart as4 enhanced llgr
  ipv4 UP 100 ACCEPT REJECT routes 1/-/0/0 1.0.0.0.1 0.0.0.0.0 50.2.48.0.0 0.0.0.0.0 next 192.168.77.0 recursive
ebgp_c BGP up 10:31.771 "ToR c, dual stack, MD5"
  peer 172.30.0.3 as 64513 state Established
  up 10.0.0.3 hold 228.404/240 keepalive 65.975/80 source 172.30.0.1 external AS4
  local mp=ipv4,ipv6 refresh restart=120:ipv4,ipv6 as4 enhanced llgr=3600:ipv4,ipv6
  ipv4 UP 100 from_c pods_only receive=5000:restart import=1000:warn export=2000:block routes 7/2/12/7 9.0.2.0.7 0.0.0.2.0 44.7.16.0.21 0.0.0.0.2 next 172.30.0.1
  ipv6 UP 100 from_c6 pods_only routes 2/1/8/2 3.0.1.0.2 0.0.0.1.0 13.2.2.0.9 0.0.0.0.1 next fd00:172:30::1,fe80::ff:fe00:1
ebgp_d4 BGP up 10:29.895 "ToR d v4"
  peer 172.30.0.4 as 64514 state Established
  up 10.0.0.4 hold 185.699/240 keepalive 66.415/80 source 172.30.0.1 external AS4
  local mp=ipv4 refresh extended restart=120:ipv4 as4 addpath=ipv4 enhanced llgr
  ipv4 UP 100 ACCEPT pods_only routes 3/-/19/1 3.0.0.0.3 0.0.0.0.0 65.4.35.0.21 3.0.0.0.0 next 172.30.0.1
ebgp_d6 BGP up 10:30.172
  peer fd00:172:30::4 as 64514 state Established
  up 10.0.0.4 hold 209.867/240 keepalive 67.461/80 source fd00:172:30::1 external AS4
  local mp=ipv6 refresh restart as4 enhanced llgr
  ipv6 UP 100 ACCEPT pods_only routes 2/-/9/1 2.0.0.0.2 0.0.0.0.0 13.2.2.0.9 0.0.0.0.0 next fd00:172:30::1,fe80::ff:fe00:1
ebgp_d_ll BGP up 10:30.490
  peer fe80::ff:fe00:4%eth0 as 64514 state Established
  up 10.0.0.4 hold 208.924/240 keepalive 62.327/80 source fe80::ff:fe00:1 external AS4
  local mp=ipv6 refresh restart as4 enhanced llgr
  ipv6 UP 100 ACCEPT REJECT routes 1/-/0/0 1.0.0.0.1 0.0.0.0.0 13.0.13.0.0 0.0.0.0.0 next ::,fe80::ff:fe00:1
lim_disable BGP down 10:29.669
  peer 172.30.0.21 as 64521 state Down error Automatic shutdown: Route limit exceeded
  ipv4 DOWN 100 ACCEPT pods_only import=3!:disable
lim_restart BGP start 10:30.587
  peer 172.30.0.22 as 64522 state Idle wait 46.302/60 error Automatic shutdown: Route limit exceeded
  ipv4 DOWN 100 ACCEPT pods_only receive=3!:restart
lim_block BGP up 10:30.313
  peer 172.30.0.23 as 64523 state Established
  up 10.0.9.23 hold 199.723/240 keepalive 70.956/80 source 172.30.0.1 external AS4
  local mp=ipv4 refresh restart=120:ipv4 as4 enhanced llgr
  remote mp=ipv4 refresh restart as4 enhanced llgr
  ipv4 UP 100 ACCEPT REJECT import=3!:block routes 3/-/0/0 6.0.0.3.3 0.0.0.0.0 47.1.46.0.0 0.0.0.0.0 next 172.30.0.1
lim_warn BGP up 10:29.624
  peer 172.30.0.24 as 64524 state Established
  up 10.0.9.24 hold 185.996/240 keepalive 53.572/80 source 172.30.0.1 external AS4
  local mp=ipv4 refresh restart=120:ipv4 as4 enhanced llgr
  remote mp=ipv4 refresh restart as4 enhanced llgr
  ipv4 UP 100 ACCEPT REJECT import=3!:warn routes 6/-/0/6 6.0.0.0.6 0.0.0.0.0 53.10.43.0.0 3.0.0.0.0 next 172.30.0.1
bad_as BGP start 10:29.791
  peer 172.30.0.25 as 64999 state Idle wait 40.070/60 error BGP Error: Bad peer AS
  ipv4 DOWN 100 ACCEPT pods_only
bad_md5 BGP start 10:29.602
  peer 172.30.0.26 as 64526 state Connect
  ipv4 DOWN 100 ACCEPT pods_only
refused BGP start 10:29.602
  peer 172.30.0.9 as 64530 state Active delay 0.002/1 error Socket: Connection refused
  ipv4 DOWN 100 ACCEPT pods_only
noproto BGP start 10:29.602
  peer 172.30.0.28 as 64528 state Active delay 0.245/1 error Socket: Connection refused
  ipv4 DOWN 100 ACCEPT pods_only
nohost BGP start 10:29.602
  peer 172.30.0.99 as 64531 state Connect error Socket: No route to host
  ipv4 DOWN 100 ACCEPT pods_only
passive1 BGP start 10:29.602
  peer 172.30.0.50 as 64532 state Passive
  ipv4 DOWN 100 ACCEPT pods_only
disabled1 BGP down 10:29.602
  peer 172.30.0.51 as 64533 state Down
  ipv4 DOWN 100 ACCEPT pods_only
nolink BGP start 10:29.602
  peer 192.0.2.1 as 64534 state Idle
  ipv4 DOWN 100 ACCEPT pods_only
mhop BGP start 10:29.602
  peer 192.0.2.2 as 64535 state Active delay 1.836/5 error Socket: Network is unreachable
  ipv4 DOWN 100 ACCEPT pods_only recursive
Mesh_172_30_0_60 BGP start 10:29.602
  peer 172.30.0.60 as 64512 state Connect error Socket: No route to host
  ipv4 DOWN 100 ACCEPT ACCEPT recursive
dyn_bgp1 BGP up 10:30.234
  peer 172.30.0.131 as 64520 state Established
  up 10.0.9.131 hold 232.450/240 keepalive 70.010/80 source 172.30.0.1 external AS4
  local mp=ipv4 refresh restart=120:ipv4 as4 enhanced llgr
  remote mp=ipv4 refresh restart as4 enhanced llgr
  ipv4 UP 100 ACCEPT pods_only routes 6/-/17/0 6.0.0.0.6 0.0.0.0.0 50.1.23.0.26 0.0.0.0.0 next 172.30.0.1
dyn_bgp2 BGP up 10:30.401
  peer 172.30.0.130 as 64520 state Established
  up 10.0.9.130 hold 202.994/240 keepalive 68.253/80 source 172.30.0.1 external AS4
  local mp=ipv4 refresh restart=120:ipv4 as4 enhanced llgr
  remote mp=ipv4 refresh restart as4 enhanced llgr
  ipv4 UP 100 ACCEPT pods_only routes 6/-/17/0 6.0.0.0.6 0.0.0.0.0 47.1.20.0.26 0.0.0.0.0 next 172.30.0.1
`,
  interfaces: `
1 lo up,multiaccess,loopback 65536
  127.0.0.1/8*
  10.0.0.1/32
  fd00:10::1/128*
  ::1/128
2 eth0 up,multiaccess,broadcast,multicast 1500
  172.30.0.1/24*
  fd00:172:30::1/64*
  fe80::ff:fe00:1/64*
3 cali12345678abc up,multiaccess,broadcast,multicast 1500
  fe80::ecee:eeff:feee:eeee/64*
4 cni0 up,multiaccess,broadcast,multicast 1500
  10.244.1.1/24*
  fd00:10:244:1::1/64*
  fe80::ff:fe00:ff01/64*
5 pod1a up,multiaccess,broadcast,multicast,master=cni0 1500
  fe80::ac8b:a7ff:fe04:6c6a/64*
6 ptp0 up,multiaccess,broadcast,multicast 1500
  192.168.77.0/31* > 192.168.77.1
  192.168.78.1/32 > 192.168.78.2
  fe80::ff:fe00:fe01/64*
7 tun9p multiaccess,broadcast,multicast 1500
8 tun9 multiaccess,broadcast,multicast 1500
`,
  bfdSessions: `
10.9.9.9 - Down 10:29.604 1000 0
172.30.0.2 eth0 Down 10:29.604 1000 0
172.30.0.3 eth0 Up 10:29.608 300 900
172.30.0.9 eth0 Down 10:29.604 1000 0
172.30.0.2 - Up 10:29.669 100 500
`,
  statics: `
10.244.1.0/24 static4 blackhole
10.244.1.5/32 static4 - cali12345678abc
10.244.1.9/32 static4 172.30.0.9 eth0
10.244.11.0/24 static4 unreachable
10.244.12.0/24 static4 prohibited
10.244.14.0/24 static4 172.30.0.3 eth0 2 + 172.30.0.4 eth0 5
fd00:10:244:1::/64 static6 blackhole
fd00:10:244:1::5/128 static6 - cali12345678abc
fd00:10:244:16::/64 static6 fe80::ff:fe00:2 eth0
`,
  source: "/etc/bird/a.conf",
  routerId: "10.0.0.1",
  started: "10:29.602",
  now: "10:36.607",
  recovery: undefined,
  policies: ["pods_only", "from_c", "from_c6", "to_kernel"],
};
