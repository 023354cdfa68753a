/**
 * The process that an `Agent` runs on a lab's host: answers connections, sends and counts packets, as it is told by
 * JSON lines on its standard input. It ends with its input.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import type { AgentCall, ConnectResult, FlowReceived, FlowSent } from "./agent.ts";

const tickMs = 2;
/** After a stall the backlog is sent in portions: a burst would overflow queues that steady traffic never fills. */
const mostAtOnce = 12;
const payloadOctets = 64;

interface Sender extends FlowSent {
  sent: number;
  failed: number;
  readonly startedAt: number;
  readonly packetsPerSecond: number;
  readonly socket: UdpSocket;
}

interface Receiver {
  readonly socket: UdpSocket;
  seen: Uint8Array;
  received: number;
  duplicates: number;
  longestGapMs: number;
  lastAt: number;
}

const senders = new Map<number, Sender>();
const receivers = new Map<number, Receiver>();

/** Counts the packets of one flow: a socket of its own, so that flows do not share a buffer. */
function receive(flow: number, port: number): Promise<void> {
  const socket = createSocket({ type: "udp6" });
  const receiver: Receiver = {
    socket,
    seen: new Uint8Array(65_536),
    received: 0,
    duplicates: 0,
    longestGapMs: 0,
    lastAt: 0,
  };
  receivers.set(flow, receiver);
  socket.on("message", (packet) => count(receiver, packet.readUInt32BE(0)));
  return new Promise((resolve) => {
    socket.bind(port, () => {
      socket.setRecvBufferSize(8 << 20); // The kernel gives what net.core.rmem_max allows.
      resolve();
    });
  });
}

function count(receiver: Receiver, sequence: number): void {
  const now = performance.now();
  if (receiver.lastAt > 0) receiver.longestGapMs = Math.max(receiver.longestGapMs, now - receiver.lastAt);
  receiver.lastAt = now;
  if (sequence >= receiver.seen.length) {
    const wider = new Uint8Array(2 * (sequence + 1));
    wider.set(receiver.seen);
    receiver.seen = wider;
  }
  if (receiver.seen[sequence] === 1) receiver.duplicates++;
  else {
    receiver.seen[sequence] = 1;
    receiver.received++;
  }
}

function send(flow: number, address: string, port: number, packetsPerSecond: number): Promise<void> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("error", () => {}); // An ICMP answer; what was lost is seen at the other end.
  return new Promise((resolve) => {
    socket.connect(port, address, () => {
      senders.set(flow, { sent: 0, failed: 0, startedAt: performance.now(), packetsPerSecond, socket });
      resolve();
    });
  });
}

function sendWhatIsDue(): void {
  const now = performance.now();
  for (const sender of senders.values()) {
    const due = Math.floor(((now - sender.startedAt) * sender.packetsPerSecond) / 1000) - sender.sent;
    for (let packets = Math.min(due, mostAtOnce); packets > 0; packets--) {
      const packet = Buffer.alloc(payloadOctets);
      packet.writeUInt32BE(sender.sent++);
      sender.socket.send(packet, (error) => {
        if (error) sender.failed++;
      });
    }
  }
}

/** Stops sending. */
function sent(): Record<number, FlowSent> {
  const result = Object.fromEntries([...senders].map(([flow, { sent, failed }]) => [flow, { sent, failed }]));
  for (const { socket } of senders.values()) socket.close();
  senders.clear();
  return result;
}

function received(): Record<number, FlowReceived> {
  return Object.fromEntries(
    [...receivers].map(([flow, { received, duplicates, longestGapMs }]) => [
      flow,
      { received, duplicates, longestGapMs: Math.round(longestGapMs) },
    ]),
  );
}

function forget(): void {
  for (const { socket } of receivers.values()) socket.close();
  receivers.clear();
}

/** Packets that the namespace's sockets had no room for: a fault of the measurement, not of the path. */
function overflows(): number {
  const lines4 = readFileSync("/proc/self/net/snmp", "utf8")
    .split("\n")
    .filter((line) => line.startsWith("Udp:"));
  const column = lines4[0]?.split(" ").indexOf("RcvbufErrors") ?? -1;
  const overflows4 = Number(lines4[1]?.split(" ")[column] ?? 0);
  const overflows6 = /^Udp6RcvbufErrors\s+(\d+)/m.exec(readFileSync("/proc/self/net/snmp6", "utf8"))?.[1];
  return overflows4 + Number(overflows6 ?? 0);
}

function tryConnect(address: string, port: number, timeoutMs: number): Promise<ConnectResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let heard = "";
    const end = (result: ConnectResult): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => end({ error: "ETIMEDOUT" }), timeoutMs);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      heard += text;
      if (heard.endsWith("\n")) end({ seenFrom: heard.trim() });
    });
    socket.on("error", (error: NodeJS.ErrnoException) => end({ error: error.code ?? error.message }));
  });
}

/** Tells every caller which address it saw the call from. */
function answer(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(`${(socket.remoteAddress ?? "").replace(/^::ffff:/, "")}\n`);
  });
  return new Promise((resolve) => server.listen(port, "::", resolve));
}

function perform(call: AgentCall): unknown {
  switch (call.op) {
    case "answer":
      return answer(call.port);
    case "connect":
      return tryConnect(call.address, call.port, call.timeoutMs);
    case "receive":
      return receive(call.flow, call.port);
    case "send":
      return send(call.flow, call.address, call.port, call.packetsPerSecond);
    case "sent":
      return sent();
    case "received":
      return received();
    case "forget":
      return forget();
    case "overflows":
      return overflows();
  }
}

setInterval(sendWhatIsDue, tickMs);
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void obey(line));
async function obey(line: string): Promise<void> {
  const { id, call } = JSON.parse(line) as { id: number; call: AgentCall };
  const result = await perform(call);
  process.stdout.write(`${JSON.stringify({ id, result: result ?? null })}\n`);
}
lines.on("close", () => process.exit(0));
