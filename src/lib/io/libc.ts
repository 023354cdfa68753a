import { getSystemErrorName } from "node:util";
import koffi from "koffi";
import type { AddressRange } from "../mappings.ts";
import { AF_INET, AF_INET6, type IpAddress, md5Signature, socketAddress } from "../sockaddr.ts";

/**
 * The system calls that Node does not offer. This is the one file that knows how they are made (koffi): another way
 * (a C addon, node:ffi) would replace this file alone. Lengths always come from the buffers, never from the caller.
 *
 * A call answers as the kernel does: 0 or more is success, below 0 is a negated errno, which `errnoName` names.
 */
const libc = koffi.load(null); // the C library already in the process: glibc or musl alike; koffi has no ssize_t

const calls = {
  socket: libc.func("int socket(int domain, int type, int protocol)"),
  bind: libc.func("int bind(int fd, void *address, unsigned int length)"),
  setsockopt: libc.func("int setsockopt(int fd, int level, int name, void *value, unsigned int length)"),
  getsockopt: libc.func("int getsockopt(int fd, int level, int name, void *value, void *length)"),
  getsockname: libc.func("int getsockname(int fd, void *address, void *length)"),
  send: libc.func("intptr_t send(int fd, void *bytes, size_t length, int flags)"),
  sendTo: libc.func(
    "intptr_t sendto(int fd, void *bytes, size_t length, int flags, void *address, unsigned int octets)",
  ),
  recv: libc.func("intptr_t recv(int fd, void *bytes, size_t length, int flags)"),
  close: libc.func("int close(int fd)"),
  dup2: libc.func("int dup2(int from, int to)"),
  fcntl: libc.func("int fcntl(int fd, int command, int argument)"),
  madvise: libc.func("int madvise(uintptr_t from, size_t octets, int advice)"),
  ifNameToIndex: libc.func("unsigned int if_nametoindex(const char *name)"),
  memfdCreate: libc.func("int memfd_create(const char *name, unsigned int flags)"),
  initActions: libc.func("int posix_spawn_file_actions_init(void *actions)"),
  addDup2: libc.func("int posix_spawn_file_actions_adddup2(void *actions, int from, int to)"),
  destroyActions: libc.func("int posix_spawn_file_actions_destroy(void *actions)"),
  spawn: libc.func(
    "int posix_spawnp(void *pid, const char *file, void *actions, void *attributes, const char **arguments, const char **environment)",
  ),
  waitpid: libc.func("int waitpid(int pid, void *status, int options)"),
};

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_DONTWAIT = 0x40;

export const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_BINDTODEVICE = 25;
const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_MINTTL = 21;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_MD5SIG = 14;
export const IPPROTO_IPV6 = 41;
export const IPV6_UNICAST_HOPS = 16;
const IPV6_V6ONLY = 26;
const IPV6_TCLASS = 67;
const IPV6_MINHOPCOUNT = 73;

const F_DUPFD_CLOEXEC = 1030;

const MADV_DONTNEED = 4;
const MFD_CLOEXEC = 1;
/** More than a `posix_spawn_file_actions_t` has: 80, of glibc and of musl. */
const FILE_ACTIONS_OCTETS = 256;

const outcome = (result: number): number => (result < 0 ? -koffi.errno() : result);

/** `EPERM` for 1 and -1. */
export const errnoName = (errno: number): string => (errno === 0 ? "OK" : getSystemErrorName(-Math.abs(errno)));

/** A system call that the kernel refused. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  /** `EADDRINUSE`. */
  readonly code: string;
  readonly errno: number;
  readonly call: string;

  constructor(call: string, errno: number) {
    const code = errnoName(errno);
    super(`${call}: ${code}`);
    this.code = code;
    this.errno = Math.abs(errno);
    this.call = call;
  }
}

/** @returns `result`. @throws SystemCallError where it is a negated errno */
export function must(call: string, result: number): number {
  if (result < 0) throw new SystemCallError(call, result);
  return result;
}

/** @returns a file descriptor, close-on-exec */
export const socket = (domain: number, type: number, protocol: number): number =>
  outcome(calls.socket(domain, type | SOCK_CLOEXEC, protocol));

export const bind = (fd: number, address: Uint8Array): number => outcome(calls.bind(fd, address, address.length));

export const setsockopt = (fd: number, level: number, name: number, value: Uint8Array): number =>
  outcome(calls.setsockopt(fd, level, name, value, value.length));

const int = new Int32Array(1);
const intOctets = new Uint8Array(int.buffer);

/** setsockopt with a C int. */
export function setsockoptInt(fd: number, level: number, name: number, value: number): number {
  int[0] = value;
  return setsockopt(fd, level, name, intOctets);
}

/** @param value filled in. @returns how many octets of it the kernel wrote */
export function getsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
  const length = new Uint32Array([value.length]);
  const result = outcome(calls.getsockopt(fd, level, name, value, length));
  return result < 0 ? result : length[0]!;
}

/** @param address filled in. @returns how many octets the address has */
export function getsockname(fd: number, address: Uint8Array): number {
  const length = new Uint32Array([address.length]);
  const result = outcome(calls.getsockname(fd, address, length));
  return result < 0 ? result : length[0]!;
}

/** @returns how many octets went */
export const send = (fd: number, bytes: Uint8Array, flags = 0): number =>
  outcome(calls.send(fd, bytes, bytes.length, flags));

/** @returns how many octets went to `address` */
export const sendTo = (fd: number, bytes: Uint8Array, address: Uint8Array): number =>
  outcome(calls.sendTo(fd, bytes, bytes.length, 0, address, address.length));

/** @returns how many octets came into `bytes` */
export const recv = (fd: number, bytes: Uint8Array, flags = 0): number =>
  outcome(calls.recv(fd, bytes, bytes.length, flags));

export const close = (fd: number): number => outcome(calls.close(fd));

/** @returns another number for the same file, close-on-exec */
export const dup = (fd: number): number => outcome(calls.fcntl(fd, F_DUPFD_CLOEXEC, 0));

export const dup2 = (from: number, to: number): number => outcome(calls.dup2(from, to));

/** @returns the interface's index, or -ENODEV */
export function interfaceIndex(name: string): number {
  const index: number = calls.ifNameToIndex(name);
  return index === 0 ? -koffi.errno() : index;
}

/** glibc keeps what was freed, in a pool for each thread; musl, which lacks the call, does not. */
const mallocTrim = ((): ((keep: number) => number) | undefined => {
  try {
    return libc.func("int malloc_trim(size_t keep)");
  } catch {
    return undefined;
  }
})();

/** Gives freed memory back to the system. Takes one to three milliseconds. @returns whether there was any */
export const returnFreedMemory = (): boolean => mallocTrim?.(0) === 1;

/**
 * Takes pages out of this process; the next access brings them back as their file has them (MADV_DONTNEED).
 * @param range of an unchanged mapping of a file: anything else would lose what it holds
 */
export const leavePages = ({ from, octets }: AddressRange): number =>
  outcome(calls.madvise(from, octets, MADV_DONTNEED));

/** @returns a file in memory, close-on-exec */
export const memoryFile = (name: string): number => outcome(calls.memfdCreate(name, MFD_CLOEXEC));

/**
 * Starts a program in a thread of the pool, without a copy of this process's page tables (posix_spawnp).
 * @param stdio what are its standard input, output and error
 * @returns its process id, to be given to `ended`, or a negated errno
 */
export async function start(
  file: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  stdio: readonly [number, number, number],
): Promise<number> {
  const actions = new Uint8Array(FILE_ACTIONS_OCTETS);
  calls.initActions(actions);
  stdio.forEach((from, to) => void calls.addDup2(actions, from, to));
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const pid = new Int32Array(1);
  const errno = await inPool(calls.spawn, pid, file, actions, null, [file, ...args, null], [...variables, null]);
  calls.destroyActions(actions);
  return errno === 0 ? pid[0]! : -errno;
}

/** @returns the exit status of a program that `start` started, when it has ended; undefined: a signal ended it */
export async function ended(pid: number): Promise<number | undefined> {
  const status = new Int32Array(1);
  must("waitpid", await inPool(calls.waitpid, pid, status, 0));
  return (status[0]! & 0x7f) === 0 ? (status[0]! >> 8) & 0xff : undefined;
}

const inPool = (call: typeof calls.waitpid, ...args: readonly unknown[]): Promise<number> =>
  new Promise((resolve, reject) => {
    call.async(...args, (error: Error | null, result: number) => (error === null ? resolve(result) : reject(error)));
  });

/** An instruction of classic BPF (`struct sock_filter`): code, jump if true, jump if false, constant. */
export type FilterInstruction = readonly [code: number, jumpTrue: number, jumpFalse: number, constant: number];

/** Lets only datagrams pass for which the program returns more than 0 (SO_ATTACH_FILTER). */
export function attachFilter(fd: number, program: readonly FilterInstruction[]): number {
  const instructions = new DataView(new ArrayBuffer(program.length * 8));
  program.forEach(([code, jumpTrue, jumpFalse, constant], index) => {
    instructions.setUint16(index * 8, code, true);
    instructions.setUint8(index * 8 + 2, jumpTrue);
    instructions.setUint8(index * 8 + 3, jumpFalse);
    instructions.setUint32(index * 8 + 4, constant, true);
  });
  const bytes = new Uint8Array(instructions.buffer);
  const header = new DataView(new ArrayBuffer(16)); // struct sock_fprog: length, padding, pointer
  header.setUint16(0, program.length, true);
  header.setBigUint64(8, BigInt(koffi.address(bytes)), true);
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, new Uint8Array(header.buffer));
}

/** What has to be said to the kernel before a TCP socket connects or listens; Node's own API knows none of it. */
export interface TcpSocketOptions {
  readonly family: IpAddress["family"];
  readonly local?: IpAddress | undefined;
  /** 0: the kernel chooses. */
  readonly localPort?: number | undefined;
  /** Only over this interface (SO_BINDTODEVICE); also the scope of a link-local `local`. */
  readonly interface?: string | undefined;
  /** TCP-MD5 (RFC 2385). */
  readonly md5?: readonly { readonly peer: IpAddress; readonly key: string }[] | undefined;
  readonly ttl?: number | undefined;
  /** Segments with a lower TTL are dropped by the kernel (GTSM, RFC 5082). */
  readonly minTtl?: number | undefined;
  /** Octet of IP_TOS or IPV6_TCLASS: 0xc0 is internetwork control (CS6). */
  readonly tos?: number | undefined;
}

/**
 * A socket for `new net.Socket({ fd }).connect(…)`, to be called in the same turn; the receiver closes it.
 * @throws SystemCallError
 */
export function openTcpSocket(options: TcpSocketOptions): number {
  return prepared(options, (fd) => {
    if (options.local !== undefined) bindTo(fd, options, options.local, options.localPort ?? 0);
  });
}

/**
 * A bound socket for `server.listen({ fd })`. Keep its number: `setMd5Key` on it adds and removes keys while it lives,
 * and accepted connections inherit key, TTL, minimal TTL, TOS and that they do not wait for more to send (NODELAY).
 * Without `local` it takes its family alone (V6ONLY).
 * @throws SystemCallError
 */
export function listenSocket(options: TcpSocketOptions & { readonly port: number }): number {
  const any: IpAddress =
    options.family === "ipv4" ? { family: "ipv4", words: [0] } : { family: "ipv6", words: [0, 0, 0, 0] };
  return prepared(options, (fd) => {
    must("setsockopt SO_REUSEADDR", setsockoptInt(fd, SOL_SOCKET, SO_REUSEADDR, 1));
    must("setsockopt TCP_NODELAY", setsockoptInt(fd, IPPROTO_TCP, TCP_NODELAY, 1));
    if (options.family === "ipv6") must("setsockopt IPV6_V6ONLY", setsockoptInt(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
    bindTo(fd, options, options.local ?? any, options.port);
  });
}

/** @param key undefined: the peer's segments need no signature any more. @throws SystemCallError */
export function setMd5Key(fd: number, peer: IpAddress, key: string | undefined): void {
  const octets = new TextEncoder().encode(key ?? "");
  const result = setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, md5Signature(peer, octets));
  if (key === undefined && errnoName(result) === "ENOENT") return; // there was none
  must("setsockopt TCP_MD5SIG", result);
}

/** TTL, minimal TTL and TOS of a socket that is already there, such as an accepted one. @throws SystemCallError */
export function setTcpOptions(fd: number, options: Pick<TcpSocketOptions, "family" | "ttl" | "minTtl" | "tos">): void {
  const ipv4 = options.family === "ipv4";
  const level = ipv4 ? IPPROTO_IP : IPPROTO_IPV6;
  const rows: readonly (readonly [string, number, number | undefined])[] = [
    ["ttl", ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, options.ttl],
    ["minimal ttl", ipv4 ? IP_MINTTL : IPV6_MINHOPCOUNT, options.minTtl],
    ["tos", ipv4 ? IP_TOS : IPV6_TCLASS, options.tos],
  ];
  for (const [what, name, value] of rows) {
    if (value !== undefined) must(`setsockopt ${what}`, setsockoptInt(fd, level, name, value));
  }
}

function prepared(options: TcpSocketOptions, finish: (fd: number) => void): number {
  const domain = options.family === "ipv4" ? AF_INET : AF_INET6;
  const fd = must("socket", socket(domain, SOCK_STREAM | SOCK_NONBLOCK, 0));
  try {
    if (options.interface !== undefined) {
      const name = new TextEncoder().encode(`${options.interface}\0`);
      must(`bind to interface ${options.interface}`, setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name));
    }
    setTcpOptions(fd, options);
    for (const { peer, key } of options.md5 ?? []) setMd5Key(fd, peer, key);
    finish(fd);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

function bindTo(fd: number, options: TcpSocketOptions, local: IpAddress, port: number): void {
  const linkLocal = local.family === "ipv6" && local.words[0]! >>> 22 === 0x3fa; // fe80::/10
  const { interface: device } = options;
  const scope = linkLocal && device !== undefined ? must(`interface ${device}`, interfaceIndex(device)) : 0;
  must("bind", bind(fd, socketAddress(local, port, scope)));
}
