import { expect, test } from "vitest";
import type { PeerConfig } from "#config/node-config.ts";
import { linkFacts, Unnumbered } from "#daemon/unnumbered.ts";
import { protocolView } from "#daemon/views/protocols.ts";
import type { FoundNeighbour, WantedLink } from "#discovery/discovery.ts";
import { advertisementOf, encodeRouterMessage } from "#discovery/message.ts";
import type { RouterEvents } from "#discovery/router-port.ts";
import { Links } from "#kernel/links.ts";
import { formatAddress } from "#route/address.ts";
import { prefixOf } from "#route/prefix.ts";
import { LineLog } from "../support/line-log.ts";
import { Pair, prefix } from "../support/pair.ts";
import { address, nodeConfig, peerConfig } from "../support/sessions.ts";

const unnumbered = (link: string, changes: Partial<PeerConfig> = {}): PeerConfig =>
  peerConfig(`Global_${link}`, "::", { interface: link, unnumbered: true, source: `BGPPeer/${link}`, ...changes });

function begin(peers: readonly PeerConfig[]) {
  const found = new Map<string, FoundNeighbour>();
  const log = new LineLog();
  let watched: readonly WantedLink[] = [];
  const source = {
    watch: (wanted: readonly WantedLink[]) => {
      watched = wanted;
    },
    neighbourOn: (name: string) => found.get(name),
  };
  const resolver = new Unnumbered(source, log);
  const config = nodeConfig(1, peers);
  return {
    log,
    config,
    find: (link: string, at: string, own = "fe80::1") => found.set(link, { address: address(at), own: address(own) }),
    lose: (link: string) => found.delete(link),
    resolve: () => resolver.resolve(config),
    watched: () => watched.map(({ name, source: by }) => `${name} ${by}`),
    places: () =>
      resolver.resolve(config).peers.map(({ name, address: at, localAddress, passive }) => {
        return [name, formatAddress(at), localAddress && formatAddress(localAddress), passive];
      }),
  };
}

test("a neighbour that is not found is nobody, whom nobody calls; found it has both addresses of the link", () => {
  const { find, lose, places, watched } = begin([peerConfig("n2", "10.0.0.2"), unnumbered("eth1")]);
  const unfound = [
    ["n2", "10.0.0.2", undefined, false],
    ["Global_eth1", "::", undefined, true],
  ];
  expect(places()).toEqual(unfound);
  expect(watched()).toEqual(["eth1 BGPPeer/eth1"]);
  find("eth1", "fe80::9");
  expect(places()[1]).toEqual(["Global_eth1", "fe80::9", "fe80::1", false]);
  find("eth1", "fe80::a", "fe80::2");
  expect(places()[1]).toEqual(["Global_eth1", "fe80::a", "fe80::2", false]);
  lose("eth1");
  expect(places()).toEqual(unfound);
});

test("a link-local source address that is configured stays; a node's does not", () => {
  const given = unnumbered("eth1", { localAddress: address("fe80::5") });
  const { find, places } = begin([given, unnumbered("eth2", { localAddress: address("2001:db8::1") })]);
  find("eth1", "fe80::9");
  find("eth2", "fe80::9");
  expect(places()).toEqual([
    ["Global_eth1", "fe80::9", "fe80::5", false],
    ["Global_eth2", "fe80::9", "fe80::1", false],
  ]);
});

test("where nothing changed the neighbours are the same values", () => {
  const { find, resolve } = begin([unnumbered("eth1"), unnumbered("eth2")]);
  find("eth1", "fe80::9");
  const before = resolve().peers;
  expect(resolve().peers).toBe(before);
  find("eth2", "fe80::9");
  const after = resolve().peers;
  expect([after[0] === before[0], after[1] === before[1]]).toEqual([true, false]);
});

test("a neighbour that another object names by address stays with that one, which is said once", () => {
  const named = peerConfig("Global_fe80__9_eth1", "fe80::9", { interface: "eth1", source: "BGPPeer/named" });
  const { find, places, log } = begin([named, unnumbered("eth1"), unnumbered("eth2")]);
  find("eth1", "fe80::9");
  find("eth2", "fe80::9");
  expect(places().map(([name, at]) => `${name} ${at}`)).toEqual([
    "Global_fe80__9_eth1 fe80::9",
    "Global_eth1 ::",
    "Global_eth2 fe80::9",
  ]);
  places();
  expect(log.take()).toEqual([
    "warn BGPPeer/eth1: spec.interface: fe80::9 on eth1 is a neighbour by BGPPeer/named already, which stays in force",
  ]);
});

test("a configuration without such neighbours is taken as it is, and nothing is watched", () => {
  const { config, resolve, watched } = begin([peerConfig("n2", "10.0.0.2")]);
  expect(resolve()).toBe(config);
  expect(watched()).toEqual([]);
});

test("a daemon has its session where a router is heard, and none from the moment on that the link is down", async () => {
  const pair = new Pair();
  const heard: RouterEvents[] = [];
  const nothing = (): undefined => undefined;
  pair.routers = {
    open: (events) => {
      heard.push(events);
      return { join: nothing, leave: nothing, send: nothing, close: nothing };
    },
  };
  const daemon = await pair.start();
  const [kernel] = pair.kernels;
  const peer = unnumbered("l3");
  const shown = () => {
    const view = protocolView(daemon, peer.name)?.bgp;
    const error = view?.lastError;
    return [view && formatAddress(view.address), view?.state, error?.kind === "local" ? error.text : undefined];
  };
  daemon.reconfigure({ ...pair.config, peers: [...pair.config.peers, peer] });
  pair.settle();
  expect(shown()).toEqual(["::", "Idle", "l3 is down, or has no link-local address"]);
  kernel.addLink(3);
  kernel.addAddress(3, address("fe80::1"), 64, prefix("fe80::/64"));
  pair.settle();
  expect(shown()).toEqual(["::", "Idle", "no router advertises itself on l3"]);
  heard[0]?.received("l3", address("fe80::9"), encodeRouterMessage(advertisementOf(undefined)));
  expect(daemon.speaker.peer(peer.name)?.config).toMatchObject({ address: address("fe80::9"), passive: false });
  expect(daemon.missing(peer)).toBeUndefined();
  kernel.setLink(3, { up: true, carrier: false });
  while (kernel.step()) pair.clock.settle();
  expect(shown()).toEqual(["::", "Idle", "l3 is down, or has no link-local address"]);
  expect(daemon.speaker.peer("n2")?.state).toBe("established");
});

test("an interface can be used when packets get through, and its link-local address is past duplicate detection", () => {
  const links = new Links();
  const link = { index: 3, name: "eth1", mtu: 1500, flags: 1, usable: true, keepsObjects: true, up: true };
  const put = (changes: { usable?: boolean } = {}): void =>
    links.put({ ...link, ...changes, master: 0, kind: "", hardwareAddress: "02:00:00:00:00:03" });
  const putAddress = (text: string, preferred: boolean): void => {
    const at = address(text);
    links.putAddress({ link: 3, address: at, prefix: prefixOf(at, 64), scope: 253, preferred });
  };
  expect(linkFacts(links, "eth1")).toBeUndefined();
  put();
  putAddress("2001:db8::1", true);
  putAddress("fe80::1", false);
  expect(linkFacts(links, "eth1")).toBeUndefined();
  putAddress("fe80::1", true);
  expect(linkFacts(links, "eth1")).toEqual({ index: 3, own: address("fe80::1"), hardwareAddress: "02:00:00:00:00:03" });
  put({ usable: false });
  expect(linkFacts(links, "eth1")).toBeUndefined();
});
