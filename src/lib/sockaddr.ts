/** Socket addresses as Linux lays them out in memory (`sockaddr_in`, `sockaddr_in6`, `sockaddr_nl`, `sockaddr_un`). */

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;

/** An IP address: one unsigned word, or four, network order. `Address` of `route/` is one. */
export interface IpAddress {
  readonly family: "ipv4" | "ipv6";
  readonly words: readonly number[];
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** @param scope interface index, for link-local IPv6 addresses */
export function socketAddress(address: IpAddress, port: number, scope = 0): Uint8Array {
  const view = new DataView(new ArrayBuffer(address.family === "ipv4" ? 16 : 28));
  view.setUint16(2, port);
  if (address.family === "ipv4") {
    view.setUint16(0, AF_INET, littleEndian);
    view.setUint32(4, address.words[0]!);
  } else {
    view.setUint16(0, AF_INET6, littleEndian);
    address.words.forEach((word, index) => {
      view.setUint32(8 + index * 4, word);
    });
    view.setUint32(24, scope, littleEndian);
  }
  return new Uint8Array(view.buffer);
}

/** @param groups the first 32 multicast groups as bits; 0: none */
export function netlinkAddress(groups = 0): Uint8Array {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint16(0, AF_NETLINK, littleEndian);
  view.setUint32(8, groups, littleEndian);
  return new Uint8Array(view.buffer);
}

/** @throws RangeError where the path does not fit (107 octets) */
export function unixAddress(path: Uint8Array): Uint8Array {
  if (path.length > 107) throw new RangeError(`socket path of ${path.length} octets`);
  const bytes = new Uint8Array(110);
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, littleEndian);
  bytes.set(path, 2);
  return bytes;
}

/** Where `struct tcp_md5sig` (linux/tcp.h) keeps its fields behind the 128 octets of the address. */
const MD5_KEY_LENGTH_AT = 130;
const MD5_KEY_AT = 136;
/** TCP_MD5SIG_MAXKEYLEN. */
export const MD5_KEY_MAX_OCTETS = 80;

/** The argument of TCP_MD5SIG. @param key empty: remove the peer's key. @throws RangeError for a key above 80 octets */
export function md5Signature(peer: IpAddress, key: Uint8Array): Uint8Array {
  if (key.length > MD5_KEY_MAX_OCTETS) throw new RangeError(`password of ${key.length} octets; 80 is the most`);
  const bytes = new Uint8Array(216);
  bytes.set(socketAddress(peer, 0));
  new DataView(bytes.buffer).setUint16(MD5_KEY_LENGTH_AT, key.length, littleEndian);
  bytes.set(key, MD5_KEY_AT);
  return bytes;
}
