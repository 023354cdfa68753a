import { once } from "node:events";
import http from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** An HTTP proxy that knows CONNECT alone. */
export class ConnectProxy {
  /** Whereto it was asked to connect: `127.0.0.1:6443`. */
  readonly asked: string[] = [];
  refuses = false;
  readonly #server = http.createServer();
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<ConnectProxy> {
    const proxy = new ConnectProxy();
    proxy.#server.on("connect", ({ url = "" }, socket: Socket) => proxy.#connect(url, socket));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(to: string, socket: Socket): void {
    this.asked.push(to);
    if (this.refuses) {
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const { hostname, port } = new URL(`tcp://${to}`);
    const other = connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(other).pipe(socket);
    });
    for (const each of [socket, other]) {
      this.#sockets.add(each);
      each.on("error", () => {}); // whoever lost it tells
    }
  }
}
