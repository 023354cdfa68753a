import { readFileSync } from "node:fs";
import net from "node:net";
import { daemonAddress, localAs } from "../lab/address-plan.ts";
import { open } from "../speaker/session.ts";
import type { Setup } from "./daemon.ts";

/** See null-relay.ts; the argument is a file with the Setup. */

const [, , file] = process.argv;
if (file === undefined) throw new Error("usage: null-relay-process SETUP");
const setup = JSON.parse(readFileSync(file, "utf8")) as Setup;
const neighbours = new Map(setup.neighbours.map((neighbour) => [neighbour.address, neighbour]));
const sinks = new Set<net.Socket>();
const headerOctets = 19;
const keepalive = Buffer.from(`${"ff".repeat(16)}001304`, "hex");

net
  .createServer({ noDelay: true }, (socket) => {
    const neighbour = neighbours.get(socket.remoteAddress ?? "");
    if (neighbour === undefined) return void socket.destroy();
    socket.on("error", () => socket.destroy());
    greet(socket, () => {
      if (neighbour.export === "none") socket.on("data", (octets) => relay(socket, octets));
      else socket.resume();
    });
    if (neighbour.export !== "none") sinks.add(socket);
    socket.on("close", () => sinks.delete(socket));
  })
  .listen(179, daemonAddress(0));

/** OPEN and KEEPALIVE out, OPEN and KEEPALIVE in. */
function greet(socket: net.Socket, done: () => void): void {
  const own = { id: 0, localAddress: daemonAddress(0), remoteAddress: "", as: localAs, daemonAs: 0 };
  socket.write(open({ ...own, holdSeconds: setup.holdSeconds, families: setup.families }));
  socket.write(keepalive);
  let received = Buffer.alloc(0);
  const take = (octets: Buffer): void => {
    received = Buffer.concat([received, octets]);
    const whole = received.length >= headerOctets ? received.readUInt16BE(16) + headerOctets : Number.POSITIVE_INFINITY;
    if (received.length < whole) return;
    socket.off("data", take);
    done();
    if (received.length > whole) socket.unshift(received.subarray(whole));
  };
  socket.on("data", take);
}

function relay(source: net.Socket, octets: Buffer): void {
  for (const sink of sinks) {
    if (sink.write(octets)) continue;
    source.pause();
    sink.once("drain", () => source.resume());
  }
}
