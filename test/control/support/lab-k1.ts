import type { Lab } from "./lab.ts";

/** Node "k1" of the lab with Calico's fork of BIRD 1.6, the IPv4 daemon, while graceful restart recovery is in progress. */
export const labK1: Lab = {
  routesIpv4: `
0.0.0.0/0            kernel1           19:32* 172.17.0.1 eth0; kernel 3 0
10.200.0.0/16        Global_172_17_0_4 19:36* 172.17.0.4 eth0; path 65001; community (65001,100); large (65001, 1, 2)
10.96.0.0/12         static1           19:31* blackhole
                     Mesh_172_17_0_3   19:33  172.17.0.3 eth0; path ; cost 0
10.100.0.0/24        Global_172_17_0_4 19:36* 172.17.0.4 eth0; path 65001
                     Mesh_172_17_0_3   19:36  172.17.0.4 eth0; path 65001; cost 0; from 172.17.0.3
10.244.2.0/24        Mesh_172_17_0_3   19:33* 172.17.0.3 eth0; path ; cost 0
                     Mesh_172_17_0_3   19:36  172.17.0.4 eth0; path 65001; cost 0; from 172.17.0.3
                     Global_172_17_0_4 19:36  172.17.0.4 eth0; path 65001
10.244.1.0/24        static1           19:31* blackhole
10.244.1.0/32        direct1           19:31* - vxlan.calico
172.17.0.0/24        direct1           19:31* - eth0
10.244.1.12/32       kernel1           19:32* - cali11112; kernel 3 0
10.244.1.11/32       kernel1           19:32* - cali11111; kernel 3 0
`,
  routesIpv6: "",
  protocols: `
static1 Static up 19:31
  ipv4 UP 200 ACCEPT REJECT routes 2/-/0/2 2.0.0.0.2 0.0.0.0.0 0.0.0.0.0 0.0.0.0.0
kernel1 Kernel up 19:31
  ipv4 UP 10 ACCEPT calico_kernel_programming waiting routes 3/-/0/3 3.0.0.0.3 0.0.0.0.0 0.0.0.0.0 0.0.0.0.0
device1 Device up 19:31
direct1 Direct up 19:31
  ipv4 UP 240 ACCEPT REJECT routes 2/-/0/2 2.0.0.0.2 0.0.0.0.0 0.0.0.0.0 0.0.0.0.0
bfd1 BFD up 19:31
Mesh_172_17_0_3 BGP up 19:33 "Connection to BGP peer"
  peer 172.17.0.3 as 64512 state Established
  up 172.17.0.3 hold 190/240 keepalive 40/80 source 172.17.0.2 internal multihop AS4 add-path
  local mp=ipv4 refresh enhanced restart=120:ipv4 llgr as4 addpath=ipv4
  ipv4 UP 100 ACCEPT (unnamed) routes 4/-/4/1 4.0.0.0.4 0.0.0.0.0 14.4.6.0.4 0.0.0.0.0
Node_172_17_0_99 BGP start 19:31 "Connection to BGP peer"
  peer 172.17.0.99 as 64512 state Connect error Socket: No route to host
  ipv4 DOWN 100 ACCEPT (unnamed) pending
Global_172_17_0_4 BGP up 19:33 "Connection to BGP peer"
  peer 172.17.0.4 as 65001 state Established
  up 172.17.0.4 hold 190/240 keepalive 35/80 source 172.17.0.2 external AS4
  local mp=ipv4 refresh enhanced restart=120:ipv4 llgr as4
  ipv4 UP 100 ACCEPT (unnamed) waiting import=100:warn routes 3/-/0/2 3.0.0.0.3 0.0.0.0.0 0.0.0.0.0 0.0.0.0.0
`,
  interfaces: `
1 lo up,multiaccess,loopback 65536
  127.0.0.1/8*
2 eth0 up,multiaccess,broadcast,multicast 1500
  172.17.0.2/24*
3 pod1 up,multiaccess,broadcast,multicast 1500
4 cali11111 up,multiaccess,broadcast,multicast 1500
5 pod2 up,multiaccess,broadcast,multicast 1500
6 cali11112 up,multiaccess,broadcast,multicast 1500
7 vxlan.calico up,multiaccess,broadcast,multicast 1500
  10.244.1.0/32*
`,
  bfdSessions: `
172.17.0.4 eth0 Up 19:31 300 1500
`,
  statics: `
10.244.1.0/24 static1 blackhole
10.96.0.0/12 static1 blackhole
`,
  source: "/lab/krun/k1-bird.cfg",
  routerId: "172.17.0.2",
  started: "19:31",
  now: "20:13",
  recovery: { waitingFor: 1, remainingMs: 198_000 },
  policies: ["calico_kernel_programming"],
};
