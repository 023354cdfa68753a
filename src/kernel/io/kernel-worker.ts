import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { endianness } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { bug } from "#lib/bug.ts";
import {
  close,
  dup2,
  errnoName,
  MSG_DONTWAIT,
  must,
  recv,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SystemCallError,
  send,
  socket,
} from "#lib/io/libc.ts";
import { AF_INET } from "#lib/sockaddr.ts";
import type { Refusal } from "../netlink-port.ts";
import { NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR } from "../wire/constants.ts";
import { eachMessage, received } from "../wire/message.ts";
import { decodeReply } from "../wire/reply.ts";
import type { FromWorker, KernelWorkerData, ToWorker } from "./messages.ts";
import { notificationSocket, portOf, requestSocket } from "./netlink-socket.ts";

/**
 * The kernel thread: sends batches and waits for their answers, runs dumps, passes notifications on. A send may hold the
 * caller for half a second while the kernel's trie grows, which is why this is not the main thread.
 */
const DUMP_CHUNK_OCTETS = 128 << 10;
/** The kernel fills datagrams of a dump up to 32 KiB. */
const DATAGRAM_OCTETS = 32 << 10;
/** Notifications of one turn travel together, up to so many octets. */
const NOTIFIED_OCTETS = 256 << 10;

/** More datagrams than a socket of `RECEIVE_OCTETS` holds: the kernel counts at least 768 octets for each. */
const MOST_WAITING = 65_536;

const main = parentPort!;
const { mode, rooms } = workerData as KernelWorkerData;
const tell = (message: FromWorker, transfer: ArrayBuffer[] = []): void => main.postMessage(message, transfer);

/** CAP_NET_ADMIN, as a bit of CapEff (linux/capability.h). */
const NET_ADMIN = 1n << 12n;

function mayWriteRoutes(): boolean {
  const [, effective = "0"] = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return (BigInt(`0x${effective}`) & NET_ADMIN) !== 0n;
}

function start(): void {
  if (mode === "write" && !mayWriteRoutes()) {
    tell({ kind: "failed", reason: "routes cannot be written: the capability CAP_NET_ADMIN is missing (not root?)" });
    return;
  }
  if (endianness() !== "LE") bug("netlink messages are written for little-endian hosts");
  const requests = requestSocket();
  const stopListening = listen(portOf(requests));
  const dumps = new Map<number, Dump>();
  main.on("message", (message: ToWorker) => {
    if (message.kind === "batch") runBatch(requests, message);
    else if (message.kind === "dump") startDump(dumps, message.id, message.request);
    else if (message.kind === "read") dumps.get(message.id)?.(message.buffer);
    else {
      stopListening();
      close(requests);
      main.close();
    }
  });
  tell({ kind: "ready" });
}

const replies = new ArrayBuffer(DATAGRAM_OCTETS);

function runBatch(fd: number, { room, octets, last }: ToWorker & { kind: "batch" }): void {
  const refusals: Refusal[] = [];
  let lost: string | undefined;
  if (mode === "write") {
    const sent = send(fd, new Uint8Array(rooms[room]!, 0, octets));
    lost = sent < 0 ? errnoName(sent) : awaitAnswer(fd, last, refusals);
  }
  tell({ kind: "answer", room, refusals, lost });
}

/** The kernel has answered when send returns. @returns the errno's name where the answer was lost */
function awaitAnswer(fd: number, last: number, refusals: Refusal[]): string | undefined {
  for (;;) {
    const octets = recv(fd, new Uint8Array(replies), MSG_DONTWAIT);
    if (octets < 0) return errnoName(octets);
    const data = received(replies, octets);
    let done = false;
    eachMessage(data, (header) => {
      if (header.type !== NLMSG_ERROR) return;
      const { errno, text } = decodeReply(data, header, true);
      if (errno !== 0) refusals.push({ index: header.sequence, code: errnoName(errno), text });
      if (header.sequence === last) done = true;
    });
    if (done) return undefined;
  }
}

/** Goes on with a dump, into a buffer that the main thread gave back. */
type Dump = (buffer: ArrayBuffer) => void;

/** Each dump has a socket of its own: the kernel runs one at a time on a socket. */
function startDump(dumps: Map<number, Dump>, id: number, request: ArrayBuffer): void {
  const fd = dumpSocket();
  let interrupted = false;
  const end = (code: string, text: string): void => {
    if (typeof fd === "number") close(fd);
    dumps.delete(id);
    tell({ kind: "end", id, end: { code, text, interrupted } });
  };
  if (fd instanceof SystemCallError) {
    end(fd.code, "there is no socket for it");
    return;
  }
  const sent = send(fd, new Uint8Array(request));
  if (sent < 0) {
    end(errnoName(sent), "the request could not be sent");
    return;
  }
  const go = (buffer: ArrayBuffer): void => {
    const part = readDump(fd, buffer);
    interrupted ||= part.interrupted;
    tell({ kind: "chunk", id, buffer, octets: part.octets }, [buffer]);
    if (part.ended !== undefined) end(part.ended.code, part.ended.text);
  };
  dumps.set(id, go);
  go(new ArrayBuffer(DUMP_CHUNK_OCTETS));
  if (dumps.has(id)) go(new ArrayBuffer(DUMP_CHUNK_OCTETS));
}

/** A process with many sessions may have no number left for a file: that passes. */
function dumpSocket(): number | SystemCallError {
  try {
    return requestSocket();
  } catch (error) {
    if (error instanceof SystemCallError) return error;
    throw error;
  }
}

interface DumpPart {
  octets: number;
  interrupted: boolean;
  ended: { readonly code: string; readonly text: string } | undefined;
}

/** Fills `buffer` with datagrams of a dump, until it is full or the dump is over. */
function readDump(fd: number, buffer: ArrayBuffer): DumpPart {
  const part: DumpPart = { octets: 0, interrupted: false, ended: undefined };
  while (part.ended === undefined && part.octets + DATAGRAM_OCTETS <= buffer.byteLength) {
    const octets = recv(fd, new Uint8Array(buffer, part.octets, DATAGRAM_OCTETS));
    if (octets < 0) return { ...part, ended: { code: errnoName(octets), text: "" } };
    const data = received(buffer.slice(part.octets, part.octets + octets));
    eachMessage(data, (header) => {
      if ((header.flags & NLM_F_DUMP_INTR) !== 0 && header.type !== NLMSG_ERROR) part.interrupted = true;
      if (header.type !== NLMSG_DONE && header.type !== NLMSG_ERROR) return;
      const { errno, text } = decodeReply(data, header, header.type === NLMSG_ERROR);
      part.ended = { code: errnoName(errno), text };
    });
    part.octets += octets;
  }
  return part;
}

/**
 * Hears notifications. Node polls UDP sockets only, so one is opened through the public API and its descriptor is then
 * made to mean the netlink socket, before the event loop has seen it: what Node reads from it are netlink datagrams.
 */
function listen(requester: number): () => void {
  const udp = must("socket", socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
  const netlink = notificationSocket(requester, SOCK_NONBLOCK);
  const poll = createSocket("udp4");
  poll.bind({ fd: udp });
  must("dup2", dup2(netlink, udp));
  close(netlink);
  let waiting: Uint8Array[] = [];
  let octets = 0;
  const pass = (): void => {
    if (octets === 0) return;
    const all = Buffer.concat(waiting, octets);
    const buffer = all.buffer.slice(all.byteOffset, all.byteOffset + octets) as ArrayBuffer;
    waiting = [];
    octets = 0;
    tell({ kind: "notified", buffer }, [buffer]);
  };
  poll.on("message", (datagram) => {
    if (octets === 0) setImmediate(pass);
    waiting.push(datagram);
    octets += datagram.length;
    if (octets >= NOTIFIED_OCTETS) pass();
  });
  poll.on("error", () => {
    pass();
    discard(udp);
    tell({ kind: "overrun" });
  });
  return () => poll.close();
}

/**
 * After an overrun. What still waits in the socket is older than what was lost, and than what is read anew: heard after
 * that, it would be taken for newer. And the kernel tells nothing more, not even of further losses, before all of it was
 * taken out (Linux net/netlink/af_netlink.c, NETLINK_S_CONGESTED).
 */
function discard(fd: number): void {
  const room = new Uint8Array(DATAGRAM_OCTETS);
  for (let count = 0; count < MOST_WAITING; count++) {
    const octets = recv(fd, room, MSG_DONTWAIT);
    if (octets < 0 && errnoName(octets) !== "ENOBUFS") return;
  }
}

try {
  start();
} catch (error) {
  if (!(error instanceof SystemCallError)) throw error;
  tell({ kind: "failed", reason: error.message });
}
