import type { Address } from "#route/address.ts";

/** Router advertisements and solicitations as the machine sends and hears them: `io/router-socket.ts`, or a test's link. */
export interface RouterPort {
  /** @returns the open socket, or why the system refuses it */
  open(events: RouterEvents): RouterSocket | { readonly refused: string };
}

export interface RouterEvents {
  /**
   * A message whose checksum fits and whose hop limit is 255, so that it comes from the link itself (RFC 4861 §6.1).
   * @param link name of the interface
   * @param octets borrowed for the call
   */
  received(link: string, from: Address, octets: Uint8Array): void;
}

export interface RouterSocket {
  /** Hears also what goes to all routers of the link (ff02::2). @returns why the system refuses */
  join(link: number): string | undefined;
  leave(link: number): void;
  /** With hop limit 255. @param to an address on the link, or a group. @returns why the system refuses */
  send(link: number, to: Address, octets: Uint8Array): string | undefined;
  close(): void;
}
