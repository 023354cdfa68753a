import { chmodSync, chownSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Control } from "../control.ts";
import type { SessionOptions, Wire } from "../session.ts";

/** One control socket. */
export interface ControlSocketOptions extends SessionOptions {
  readonly path: string;
  /** Group id that may connect besides the owner; undefined: the process's own. */
  readonly groupId: number | undefined;
}

/** Clients at a time; further ones are refused by closing at once. */
const MOST_CLIENTS = 512;

/** A control socket that listens. Closing it ends all connections and removes the socket's file. */
export interface ControlSocket {
  close(): Promise<void>;
}

/**
 * Listens at `options.path`, mode 0660. A socket that nobody listens at is replaced.
 * @throws Error where another process listens there, or the path is something else than a socket
 */
export async function listenAt(options: ControlSocketOptions, control: Control): Promise<ControlSocket> {
  await clearPath(options.path);
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (sockets.size >= MOST_CLIENTS) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serve(socket, control, options);
  });
  await listening(server, options.path);
  chmodSync(options.path, 0o660);
  if (options.groupId !== undefined) chownSync(options.path, -1, options.groupId);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function serve(socket: Socket, control: Control, options: SessionOptions): void {
  socket.setEncoding("utf8");
  const wire: Wire = {
    write: (octets) => socket.write(Buffer.from(octets)),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => socket.end(),
  };
  const session = control.open(wire, options);
  socket.on("data", (text: string) => session.receive(text));
  socket.on("end", () => session.inputEnded());
  socket.on("drain", () => session.writable());
  // A client that went away is no event worth more than its own end.
  socket.on("error", () => socket.destroy());
  socket.on("close", () => session.closed());
}

/** Unless the socket's file is made unreachable while it is bound, somebody could connect before its mode is set. */
function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const mask = process.umask(0o117);
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
    process.umask(mask);
  });
}

/**
 * Removes a socket that nobody listens at.
 * @throws Error where another process listens there, or the path is something else than a socket
 */
export async function clearPath(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is no socket`);
  if (await answers(path)) throw new Error(`another process listens at ${path}`);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}
