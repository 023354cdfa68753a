import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { decodeOpen } from "#bgp/wire/open.ts";
import { compile } from "#config/compile/compile.ts";
import { loadDirectory } from "#config/io/manifest-directory.ts";
import { neighbour } from "../../bench/bench.ts";
import { linnet } from "../../bench/daemons/linnet.ts";
import { neighbourAddress, undotted } from "../../bench/lab/address-plan.ts";
import { plainSetup } from "../../bench/scenarios/scene.ts";
import { open } from "../../bench/speaker/session.ts";

const directory = mkdtempSync(join(tmpdir(), "linnet-bench-test-"));
afterAll(() => rmSync(directory, { recursive: true }));

test.each([65001, 4_200_000_000])("the OPEN of a neighbour with AS number %i says what its session is", (as) => {
  const spec = { id: 1, localAddress: "10.1.0.1", remoteAddress: "10.0.0.1", as, holdSeconds: 240, daemonAs: 65000 };
  const octets = open({ ...spec, families: ["ipv4", "ipv6"] });
  const read = decodeOpen(octets, 0, octets.length);
  expect(read).toMatchObject({ as, holdSeconds: 240, routerId: undotted("10.1.0.1") });
  expect(read.capabilities).toMatchObject({ families: ["ipv4", "ipv6"], routeRefresh: true });
});

test("no two of 5,000 neighbours have one address", () => {
  const addresses = Array.from({ length: 5000 }, (_, index) => neighbourAddress(index));
  expect(new Set(addresses).size).toBe(5000);
  expect(addresses.filter((address) => !/^10\.1\.\d+\.\d+$/.test(address) || address === "10.1.0.0")).toEqual([]);
});

test("Linnet reads the manifests it is benched with as they are meant, without a remark", async () => {
  const neighbours = [
    neighbour(0, { export: "none" }),
    neighbour(1, { export: "mark" }),
    neighbour(2, { as: 65000, client: true }),
    neighbour(3, { link: 1 }),
  ];
  linnet.prepare({ ...plainSetup, neighbours, originate: "198.19.0.0/24" }, directory);
  const { objects } = await loadDirectory(join(directory, "manifests"));
  const { config, remarks } = compile(objects, "bench");
  expect(remarks).toEqual([]);
  expect(config?.kernel).toMatchObject({ install: false, maxPaths: 1 });
  expect(config?.originated).toMatchObject([{ from: "podCIDR" }]);
  const peers = [...(config?.peers ?? [])].sort((a, b) => a.address.words[0]! - b.address.words[0]!);
  expect(
    peers.map(({ remoteAs, passive, exportPolicies, reflectorClient }) => [
      remoteAs,
      passive,
      exportPolicies,
      reflectorClient,
    ]),
  ).toEqual([
    [65001, true, ["none"], false],
    [65002, true, ["mark"], false],
    [65000, true, ["all"], true],
    [65004, true, ["all"], false],
  ]);
});
