import {
  attachFilter,
  bind,
  close,
  getsockname,
  must,
  SO_RCVBUFFORCE,
  SO_SNDBUFFORCE,
  SOCK_RAW,
  SOL_SOCKET,
  setsockoptInt,
  socket,
} from "#lib/io/libc.ts";
import { AF_NETLINK, netlinkAddress } from "#lib/sockaddr.ts";
import * as c from "../wire/constants.ts";
import { swap32 } from "../wire/message.ts";

/** Room for what the kernel says between two reads. */
const RECEIVE_OCTETS = 16 << 20;
const GROUPS = [
  c.RTNLGRP_LINK,
  c.RTNLGRP_IPV4_IFADDR,
  c.RTNLGRP_IPV6_IFADDR,
  c.RTNLGRP_IPV4_ROUTE,
  c.RTNLGRP_IPV6_ROUTE,
  c.RTNLGRP_NEXTHOP,
];

/** A socket for requests, with the kernel's texts and strict dumps. @throws SystemCallError */
export function requestSocket(flags = 0): number {
  const fd = must("netlink socket", socket(AF_NETLINK, SOCK_RAW | flags, c.NETLINK_ROUTE));
  try {
    for (const option of [c.NETLINK_EXT_ACK, c.NETLINK_CAP_ACK, c.NETLINK_GET_STRICT_CHK]) {
      must("netlink option", setsockoptInt(fd, c.SOL_NETLINK, option, 1));
    }
    // Without CAP_NET_ADMIN the default sizes serve for dumps.
    setsockoptInt(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_OCTETS);
    setsockoptInt(fd, SOL_SOCKET, SO_SNDBUFFORCE, 1 << 20);
    must("netlink bind", bind(fd, netlinkAddress()));
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** The kernel's number for a netlink socket: sender of its requests. */
export function portOf(fd: number): number {
  const address = new Uint8Array(12);
  must("netlink port", getsockname(fd, address));
  return new DataView(address.buffer).getUint32(4, true);
}

/** A socket that hears of all changes but those that the socket with number `requester` asked for. */
export function notificationSocket(requester: number, flags: number): number {
  const fd = requestSocket(flags);
  try {
    must("netlink filter", attachFilter(fd, withoutPort(requester)));
    for (const group of GROUPS) {
      must("netlink group", setsockoptInt(fd, c.SOL_NETLINK, c.NETLINK_ADD_MEMBERSHIP, group));
    }
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Classic BPF, which loads in network order: drop the message when nlmsg_pid (octet 12) is `port`. */
function withoutPort(port: number): readonly (readonly [number, number, number, number])[] {
  return [
    [0x20, 0, 0, 12],
    [0x15, 0, 1, swap32(port)],
    [0x06, 0, 0, 0],
    [0x06, 0, 0, 0xffffffff],
  ];
}
