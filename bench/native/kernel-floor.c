// What the kernel itself takes for a list of routes: the least that any daemon can need.
//
//   kernel-floor FILE add|delete plain|object GATEWAY DEVICE
//
// FILE holds records of 18 octets: 4 or 6, an address of 16 octets (IPv4 in the first 4), a length; all of one family.
// Batches of 200 messages in one send, acknowledged once each; `object`: all routes share one next hop object, and
// `delete` deletes that. Prints milliseconds.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { RECORD = 18, BATCH = 200, PROTOCOL = 186, METRIC = 32, OBJECT = 4711 };

static unsigned char out[BATCH * 128];
static size_t used;
static int netlink;

static void attribute(struct nlmsghdr *message, int type, const void *value, int octets) {
  struct rtattr *a = (struct rtattr *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));
  a->rta_type = type;
  a->rta_len = RTA_LENGTH(octets);
  memcpy(RTA_DATA(a), value, octets);
  message->nlmsg_len = NLMSG_ALIGN(message->nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static struct nlmsghdr *begin(int type, int flags, const void *body, int octets) {
  struct nlmsghdr *message = (struct nlmsghdr *)(out + used);
  memset(message, 0, sizeof *message);
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | flags;
  message->nlmsg_len = NLMSG_LENGTH(octets);
  memcpy(NLMSG_DATA(message), body, octets);
  return message;
}

static void finish(struct nlmsghdr *message) { used += NLMSG_ALIGN(message->nlmsg_len); }

/* Sends what is there and waits for the acknowledgement of its last message. */
static void flush(struct nlmsghdr *last) {
  char answer[8192];
  if (used == 0) return;
  last->nlmsg_flags |= NLM_F_ACK;
  if (send(netlink, out, used, 0) < 0) perror("send"), exit(1);
  used = 0;
  for (;;) {
    ssize_t octets = recv(netlink, answer, sizeof answer, 0);
    struct nlmsghdr *message = (struct nlmsghdr *)answer;
    if (octets < 0) perror("recv"), exit(1);
    for (; NLMSG_OK(message, octets); message = NLMSG_NEXT(message, octets)) {
      if (message->nlmsg_type != NLMSG_ERROR) continue;
      int error = ((struct nlmsgerr *)NLMSG_DATA(message))->error;
      if (error != 0) fprintf(stderr, "%s\n", strerror(-error)), exit(1);
      return;
    }
  }
}

static void object(int adding, int family, const void *gateway, int width, int device) {
  struct nhmsg body = {0}; // a deletion must name nothing but the id
  if (adding) body.nh_family = family, body.nh_protocol = PROTOCOL;
  unsigned id = OBJECT;
  struct nlmsghdr *message = begin(adding ? RTM_NEWNEXTHOP : RTM_DELNEXTHOP, adding ? NLM_F_CREATE | NLM_F_REPLACE : 0, &body, sizeof body);
  attribute(message, NHA_ID, &id, 4);
  if (adding) attribute(message, NHA_GATEWAY, gateway, width), attribute(message, NHA_OIF, &device, 4);
  finish(message);
  flush(message);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int adding = strcmp(argv[2], "add") == 0, shared = strcmp(argv[3], "object") == 0;
  int family = strchr(argv[4], ':') != NULL ? AF_INET6 : AF_INET, width = family == AF_INET ? 4 : 16;
  int device = if_nametoindex(argv[5]), metric = METRIC, id = OBJECT;
  unsigned char gateway[16];
  FILE *file = fopen(argv[1], "rb");
  if (file == NULL || inet_pton(family, argv[4], gateway) != 1 || device == 0) return perror(argv[1]), 1;
  fseek(file, 0, SEEK_END);
  long count = ftell(file) / RECORD;
  rewind(file);
  unsigned char *records = malloc(count * RECORD + 1);
  if (fread(records, RECORD, count, file) != (size_t)count) return perror(argv[1]), 1;
  netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  if (shared) object(adding, family, gateway, width, device);
  for (long i = 0; i < count && (adding || !shared);) {
    struct nlmsghdr *message = NULL;
    for (int n = 0; n < BATCH && i < count; n++, i++) {
      const unsigned char *record = records + i * RECORD;
      struct rtmsg body = {.rtm_family = family, .rtm_dst_len = record[17], .rtm_table = RT_TABLE_MAIN, .rtm_protocol = PROTOCOL, .rtm_scope = adding ? RT_SCOPE_UNIVERSE : RT_SCOPE_NOWHERE, .rtm_type = adding ? RTN_UNICAST : 0};
      message = begin(adding ? RTM_NEWROUTE : RTM_DELROUTE, adding ? NLM_F_CREATE | NLM_F_REPLACE : 0, &body, sizeof body);
      attribute(message, RTA_DST, record + 1, width);
      attribute(message, RTA_PRIORITY, &metric, 4);
      if (shared) attribute(message, RTA_NH_ID, &id, 4);
      else if (adding) attribute(message, RTA_GATEWAY, gateway, width), attribute(message, RTA_OIF, &device, 4);
      finish(message);
    }
    flush(message);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%.3f\n", (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6);
  return 0;
}
