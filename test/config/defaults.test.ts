import { expect, test } from "vitest";
import { Defaults } from "#config/defaults.ts";
import { readDirectory } from "#config/directory.ts";
import type { ObjectSet } from "#config/objects.ts";

const configuration = (asNumber: number): string =>
  `apiVersion: linnet.dev/v1alpha1\nkind: BGPConfiguration\nmetadata: {name: default}\nspec: {asNumber: ${asNumber}}\n`;
const peer = (name: string, address: string): string =>
  `---\napiVersion: linnet.dev/v1alpha1\nkind: BGPPeer\nmetadata: {name: ${name}}\nspec: {peerAddress: ${address}, asNumber: 65000}\n`;
const objects = (...texts: string[]): ObjectSet => readDirectory([{ path: "a.yaml", text: texts.join("") }]).objects;

test("a default counts where there is no object of its kind and name", () => {
  const own = objects(peer("a", "192.0.2.1"));
  const all = new Defaults().beside(
    own,
    objects(configuration(64_999), peer("a", "192.0.2.9"), peer("b", "192.0.2.2")),
  );
  expect(all.BGPConfiguration.get("default")?.value.spec.asNumber).toBe(64_999);
  expect(all.BGPPeer.get("a")).toBe(own.BGPPeer.get("a"));
  expect([...all.BGPPeer.keys()].sort()).toEqual(["a", "b"]);
});

test("once there is an object, its default is forgotten", () => {
  const own = objects(configuration(64_512));
  const all = new Defaults().beside(own, objects(configuration(64_999)));
  expect(all.BGPConfiguration).toBe(own.BGPConfiguration);
});

test("what did not change keeps its identity", () => {
  const defaults = new Defaults();
  const [own, more] = [objects(peer("a", "192.0.2.1")), objects(configuration(64_999))];
  const [first, second] = [defaults.beside(own, more), defaults.beside(own, more)];
  expect(first.BGPConfiguration).toBe(second.BGPConfiguration);
  expect(first.BGPPeer).toBe(own.BGPPeer);
  expect(defaults.beside(own, objects(configuration(64_998))).BGPConfiguration).not.toBe(first.BGPConfiguration);
});
