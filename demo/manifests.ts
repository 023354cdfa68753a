import type { Manifest } from "../test/support/lab/linnet-process.ts";
import { type NodePlan, nodePlans, racks, type Timers, torAs } from "./data-centre.ts";

const ours = "linnet.dev/v1alpha1";
const asLabel = "topology.linnet.dev/rack-as";
const rackLabel = "topology.linnet.dev/rack";

/** The objects of the demo's cluster; every node reads the same ones. */
export function manifests(timers: Timers): Manifest[] {
  return [...nodePlans.map(node), configuration(timers), podRoutes(), ...(["a", "b"] as const).map(torPeer)];
}

function node({ name, rack, as, addresses, podCidrs }: NodePlan): Manifest {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { [rackLabel]: rack, [asLabel]: String(as) } },
    spec: { podCIDR: podCidrs[0], podCIDRs: podCidrs },
    status: { addresses: addresses.map((address) => ({ type: "InternalIP", address })) },
  };
}

function configuration(timers: Timers): Manifest {
  return {
    apiVersion: ours,
    kind: "BGPConfiguration",
    metadata: { name: "default" },
    spec: {
      asNumberLabel: asLabel,
      nodeMesh: "Full",
      timers: { holdTime: `${timers.hold}s`, connectRetryTime: "1s" },
      gracefulRestart: { restartTime: `${timers.restart}s`, deferralTime: `${timers.restart}s` },
      kernel: { setSysctls: true },
      cni: { enabled: true },
    },
  };
}

/** What a node takes from a ToR router: blocks of pods and nothing else. */
function podRoutes(): Manifest {
  return {
    apiVersion: ours,
    kind: "BGPPolicy",
    metadata: { name: "pod-routes" },
    spec: {
      statements: [
        {
          match: {
            prefixes: [
              { cidr: "10.244.0.0/16", ge: 24, le: 24 },
              { cidr: "fd00:10:244::/48", ge: 64, le: 64 },
            ],
          },
          action: "Accept",
        },
      ],
    },
  };
}

function torPeer(rack: "a" | "b"): Manifest {
  return {
    apiVersion: ours,
    kind: "BGPPeer",
    metadata: { name: `tor-${rack}` },
    spec: {
      nodeSelector: { matchLabels: { [rackLabel]: rack } },
      peerAddress: racks[rack].gateway[0],
      asNumber: torAs,
      importPolicies: ["pod-routes"],
      advertise: ["PodCIDR"],
    },
  };
}
