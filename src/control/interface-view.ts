import type { Address } from "#route/address.ts";

/** An interface of the machine, as the kernel tells of it. */
export interface InterfaceView {
  readonly index: number;
  readonly name: string;
  /** The interface that this one is a port of. */
  readonly master: string | undefined;
  readonly adminUp: boolean;
  /** Carrier. */
  readonly linkUp: boolean;
  readonly multiAccess: boolean;
  readonly broadcast: boolean;
  readonly multicast: boolean;
  readonly loopback: boolean;
  readonly mtu: number;
  readonly addresses: readonly InterfaceAddressView[];
}

export interface InterfaceAddressView {
  readonly address: Address;
  readonly length: number;
  /** The other end of a point-to-point link. */
  readonly opposite: Address | undefined;
  /** First of its family on the interface, so what we speak from. */
  readonly preferred: boolean;
}
