// Thousands of BGP neighbours that dial one daemon, as cheap as they can be: in JavaScript they cost more than the daemon.
//
//   mesh-neighbours FILE IN_FLIGHT
//
// FILE holds records in host order: local and remote IPv4 address and AS number of 4 octets each, hold time in seconds and
// length of what follows of 2 octets each: whole messages that are sent when the session is Established. The first session
// is dialled until it is up, then the others, never more than IN_FLIGHT that are not Established. Prints, each with
// CLOCK_MONOTONIC in milliseconds:
//   established TIME     all sessions are
//   told TIME            every neighbour was announced a route
//   lost TIME            a session that was Established is gone
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 179, HEADER = 19, LONGEST = 4096, REDIAL_MS = 2, OPEN = 1, UPDATE = 2, NOTIFICATION = 3, KEEPALIVE = 4 };
enum state { CONNECTING, OPEN_SENT, OPEN_CONFIRM, ESTABLISHED };

struct session {
  uint32_t local, remote, as;
  uint16_t hold_s, greeting_octets;
  const uint8_t *greeting;
  int fd, told;
  enum state state;
  size_t have;
  uint8_t received[LONGEST];
};

static struct session *sessions;
static int count, next, in_flight, up, told, epoll;
static struct session **refused; // to be dialled again
static int refused_count;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void say(const char *what) {
  printf("%s %.3f\n", what, now_ms());
  fflush(stdout);
}

static void dial(struct session *s) {
  int on = 1;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(s->local)};
  struct sockaddr_in other = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(s->remote)};
  s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  s->state = CONNECTING;
  s->have = 0;
  setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&own, sizeof own) != 0) perror("bind"), exit(1);
  if (connect(s->fd, (struct sockaddr *)&other, sizeof other) != 0 && errno != EINPROGRESS) perror("connect"), exit(1);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = s};
  epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &event);
}

static void fail(struct session *s) {
  close(s->fd);
  if (s->state == ESTABLISHED) say("lost"), exit(1);
  refused[refused_count++] = s;
}

static int put(struct session *s, const void *octets, size_t length) {
  return send(s->fd, octets, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static int put_header(struct session *s, uint8_t type, const uint8_t *body, size_t octets) {
  uint8_t message[LONGEST];
  memset(message, 0xff, 16);
  message[16] = (HEADER + octets) >> 8, message[17] = HEADER + octets, message[18] = type;
  memcpy(message + HEADER, body, octets);
  return put(s, message, HEADER + octets);
}

/* Capabilities: IPv4 unicast, route refresh, AS numbers of 4 octets. */
static int put_open(struct session *s) {
  uint16_t as = s->as > 0xffff ? 23456 : s->as;
  uint8_t body[] = {4, as >> 8, as, s->hold_s >> 8, s->hold_s, s->local >> 24, s->local >> 16, s->local >> 8, s->local,
                    16, 2, 14, 1, 4, 0, 1, 0, 1, 2, 0, 65, 4, s->as >> 24, s->as >> 16, s->as >> 8, s->as};
  return put_header(s, OPEN, body, sizeof body);
}

static int take(struct session *s, const uint8_t *message, size_t octets) {
  switch (message[18]) {
  case OPEN:
    s->state = OPEN_CONFIRM;
    return put_header(s, KEEPALIVE, NULL, 0);
  case KEEPALIVE:
    if (s->state != OPEN_CONFIRM) return 1;
    s->state = ESTABLISHED;
    in_flight--;
    if (++up == count) say("established");
    return put(s, s->greeting, s->greeting_octets);
  case UPDATE:
    // The shortest one withdraws nothing and announces nothing: End-of-RIB.
    if (!s->told && octets > HEADER + 4 && (s->told = 1) && ++told == count) say("told");
    return 1;
  default:
    return message[18] != NOTIFICATION;
  }
}

static int take_all(struct session *s) {
  ssize_t octets = recv(s->fd, s->received + s->have, LONGEST - s->have, 0);
  if (octets <= 0) return octets < 0 && errno == EAGAIN;
  s->have += octets;
  size_t at = 0;
  while (s->have - at >= HEADER) {
    size_t length = s->received[at + 16] << 8 | s->received[at + 17];
    if (length > s->have - at) break;
    if (!take(s, s->received + at, length)) return 0;
    at += length;
  }
  memmove(s->received, s->received + at, s->have - at);
  s->have -= at;
  return 1;
}

static void handle(struct session *s, uint32_t events) {
  if (s->state == CONNECTING) {
    int error = 0;
    socklen_t length = sizeof error;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    s->state = OPEN_SENT;
    if (error != 0 || !put_open(s)) return fail(s);
    epoll_ctl(epoll, EPOLL_CTL_MOD, s->fd, &event);
  } else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    if (!take_all(s)) fail(s);
  }
}

static void read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) perror(path), exit(1);
  fseek(file, 0, SEEK_END);
  long octets = ftell(file);
  rewind(file);
  uint8_t *bytes = malloc(octets + 1);
  if (fread(bytes, 1, octets, file) != (size_t)octets) perror(path), exit(1);
  sessions = calloc(octets / 16 + 1, sizeof *sessions);
  for (long at = 0; at < octets; at += 16 + sessions[count++].greeting_octets) {
    memcpy(&sessions[count], bytes + at, 16);
    sessions[count].greeting = bytes + at + 16;
  }
  refused = calloc(count, sizeof *refused);
}

static void dial_more(int limit) {
  static double redialled;
  if (now_ms() - redialled >= REDIAL_MS) {
    int again = refused_count;
    refused_count = 0;
    for (int i = 0; i < again; i++) dial(refused[i]);
    redialled = now_ms();
  }
  while (next < count && in_flight < limit && (next == 0 || up > 0)) in_flight++, dial(&sessions[next++]);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  read_file(argv[1]);
  epoll = epoll_create1(0);
  double kept = now_ms();
  for (;;) {
    struct epoll_event events[256];
    dial_more(atoi(argv[2]));
    int ready = epoll_wait(epoll, events, 256, REDIAL_MS);
    for (int i = 0; i < ready; i++) handle(events[i].data.ptr, events[i].events);
    if (now_ms() - kept < sessions[0].hold_s * 1e3 / 3) continue;
    kept = now_ms();
    for (int i = 0; i < next; i++)
      if (sessions[i].state == ESTABLISHED) put_header(&sessions[i], KEEPALIVE, NULL, 0);
  }
}
