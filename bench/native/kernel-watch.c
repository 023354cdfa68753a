// Says when the kernel routes all of a list of addresses as told, without netlink and its lock: the answer of connect()
// on a UDP socket is a look into the forwarding table.
//
//   kernel-watch FILE SAMPLE
//
// FILE holds records of 17 octets: 4 or 6, and an address (IPv4 in the first 4 octets). Commands on stdin, one line each:
//   present | absent | from ADDRESS        (`from`: the route leads out over the interface with that address)
// The answer on stdout is CLOCK_MONOTONIC in milliseconds when it became true: the first SAMPLE records are watched, the
// others looked at after them; where one of those was late, the time is its time.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RECORD = 17 };
enum want { PRESENT, ABSENT, FROM };

static int sockets[2];
static struct sockaddr_storage wanted;

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static socklen_t fill(const unsigned char *record, struct sockaddr_storage *out) {
  memset(out, 0, sizeof *out);
  if (record[0] == 4) {
    struct sockaddr_in *to = (struct sockaddr_in *)out;
    to->sin_family = AF_INET;
    to->sin_port = htons(9);
    memcpy(&to->sin_addr, record + 1, 4);
    return sizeof *to;
  }
  struct sockaddr_in6 *to = (struct sockaddr_in6 *)out;
  to->sin6_family = AF_INET6;
  to->sin6_port = htons(9);
  memcpy(&to->sin6_addr, record + 1, 16);
  return sizeof *to;
}

static int leads_from_wanted(int fd, int family) {
  struct sockaddr_storage own;
  socklen_t length = sizeof own;
  if (getsockname(fd, (struct sockaddr *)&own, &length) != 0) return 0;
  if (family == 4)
    return ((struct sockaddr_in *)&own)->sin_addr.s_addr == ((struct sockaddr_in *)&wanted)->sin_addr.s_addr;
  return memcmp(&((struct sockaddr_in6 *)&own)->sin6_addr, &((struct sockaddr_in6 *)&wanted)->sin6_addr, 16) == 0;
}

static int holds(const unsigned char *record, enum want want) {
  int fd = sockets[record[0] == 6];
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  struct sockaddr_storage to;
  socklen_t length = fill(record, &to);
  connect(fd, &none, sizeof none); // forgets the source address chosen before
  int routed = connect(fd, (struct sockaddr *)&to, length) == 0;
  if (want == PRESENT) return routed;
  if (want == ABSENT) return !routed;
  return routed && leads_from_wanted(fd, record[0]);
}

static double watch(const unsigned char *records, long count, long sample, enum want want) {
  struct timespec pause = {0, 200000};
  double since = now_ms();
  for (long i = 0; i < count; i++) {
    int late = 0;
    while (!holds(records + i * RECORD, want)) {
      late = 1;
      nanosleep(&pause, NULL);
    }
    if (i < sample || late) since = now_ms();
  }
  return since;
}

static int parse(char *line, enum want *want) {
  char text[64];
  if (strncmp(line, "present", 7) == 0) *want = PRESENT;
  else if (strncmp(line, "absent", 6) == 0) *want = ABSENT;
  else if (sscanf(line, "from %63s", text) == 1) {
    *want = FROM;
    memset(&wanted, 0, sizeof wanted);
    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&wanted)->sin_addr) == 1) return 1;
    return inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&wanted)->sin6_addr) == 1;
  } else return 0;
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *file = fopen(argv[1], "rb");
  if (file == NULL) return perror(argv[1]), 1;
  fseek(file, 0, SEEK_END);
  long count = ftell(file) / RECORD;
  rewind(file);
  unsigned char *records = malloc(count * RECORD + 1);
  if (fread(records, RECORD, count, file) != (size_t)count) return perror(argv[1]), 1;
  sockets[0] = socket(AF_INET, SOCK_DGRAM, 0);
  sockets[1] = socket(AF_INET6, SOCK_DGRAM, 0);
  puts("ready");
  fflush(stdout);
  char line[128];
  while (fgets(line, sizeof line, stdin) != NULL) {
    enum want want;
    if (!parse(line, &want)) return 2;
    printf("%.3f\n", watch(records, count, atol(argv[2]), want));
    fflush(stdout);
  }
  return 0;
}
