/*
 * A bad link between two network namespaces, each with one end of it as a TUN device.
 *
 *   tun_link link DELAY_US LOSS_PPM BURST RATE_KBIT QUEUE_PACKETS SEED SECONDS
 *   tun_link enter NAMESPACE COMMAND...
 *
 * `link` makes both namespaces and prints their paths, "/proc/PID/fd/N /proc/PID/fd/M". They have no
 * names and belong to nobody else, so they are gone with the last process in them, however it ends.
 * It carries packets until its stdin ends or SECONDS are over, and then prints for each direction
 * what came, what was lost and what the full queue dropped. `enter` runs a command in a namespace.
 *
 * Both directions are alike: a queue of QUEUE_PACKETS x 1,500 bytes drained at RATE_KBIT (bytes of
 * IP packets), behind it loss, alone (BURST 0) or in bursts of that mean length, and then the delay.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_PACKET 2048
#define MOST_WAITING 16384 /* 1.9 s of full packets at 100 Mbit/s, and 34 MB */
#define PACKETS_IN_A_ROW 256
#define MILLION 1000000
#define LONGEST_SLEEP 20000000 /* ns */

struct packet {
  uint64_t due;
  uint32_t length;
  uint8_t bytes[LONGEST_PACKET];
};

/* Nothing overtakes anything, so what waits is a ring. */
struct direction {
  int from, to;
  uint64_t random, busy_until;
  int in_burst;
  uint32_t first, count;
  struct packet *ring;
  uint64_t seen, lost, dropped;
};

static uint64_t delay, rate, longest_backlog;
static uint32_t loss, burst;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Marsaglia's xorshift, in millionths. */
static uint32_t draw(struct direction *d) {
  d->random ^= d->random << 13;
  d->random ^= d->random >> 7;
  d->random ^= d->random << 17;
  return (d->random >> 20) % MILLION;
}

/* Gilbert's model: in a burst all is lost, and bursts begin so often that `loss` comes out. */
static int is_lost(struct direction *d) {
  if (burst == 0) return draw(d) < loss;
  uint32_t begins = (uint64_t)loss * MILLION / (MILLION - loss) / burst;
  d->in_burst = d->in_burst ? draw(d) >= MILLION / burst : draw(d) < begins;
  return d->in_burst;
}

/* A full queue drops what comes; what is lost has taken its share of the rate all the same. */
static void take(struct direction *d) {
  for (int i = 0; i < PACKETS_IN_A_ROW; i++) {
    struct packet *p = &d->ring[(d->first + d->count) % MOST_WAITING];
    ssize_t length = read(d->from, p->bytes, LONGEST_PACKET);
    if (length <= 0) return;
    uint64_t t = now();
    d->seen++;
    if (d->busy_until < t) d->busy_until = t;
    if (d->busy_until - t > longest_backlog || d->count == MOST_WAITING - 1) {
      d->dropped++;
      continue;
    }
    d->busy_until += length * 8 * 1000000ull / rate;
    if (is_lost(d)) {
      d->lost++;
      continue;
    }
    p->length = length;
    p->due = d->busy_until + delay;
    d->count++;
  }
}

/* Gives on what is due. Returns when the next is, 0: nothing waits. */
static uint64_t give(struct direction *d) {
  uint64_t t = now();
  while (d->count > 0) {
    struct packet *p = &d->ring[d->first];
    if (p->due > t) return p->due;
    /* A device that is full drops it, as a network card would. */
    if (write(d->to, p->bytes, p->length) < 0) d->dropped++;
    d->first = (d->first + 1) % MOST_WAITING;
    d->count--;
  }
  return 0;
}

static void set_address(int socket, struct ifreq *request, unsigned long what, const char *text) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  inet_pton(AF_INET, text, &address.sin_addr);
  memcpy(&request->ifr_addr, &address, sizeof address);
  if (ioctl(socket, what, request)) fail("address");
}

static void bring_up(int socket, struct ifreq *request) {
  if (ioctl(socket, SIOCGIFFLAGS, request)) fail("flags");
  request->ifr_flags |= IFF_UP | IFF_RUNNING;
  if (ioctl(socket, SIOCSIFFLAGS, request)) fail("up");
}

/* Makes a namespace with one end of the link in it, and leaves us there. Returns the end. */
static int make_end(const char *address, int *namespace) {
  if (unshare(CLONE_NEWNET)) fail("unshare");
  *namespace = open("/proc/self/ns/net", O_RDONLY);
  if (*namespace < 0) fail("/proc/self/ns/net");
  int end = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (end < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_name = "link0", .ifr_flags = IFF_TUN | IFF_NO_PI};
  if (ioctl(end, TUNSETIFF, &request)) fail("TUNSETIFF");
  int socket_ = socket(AF_INET, SOCK_DGRAM, 0);
  set_address(socket_, &request, SIOCSIFADDR, address);
  set_address(socket_, &request, SIOCSIFNETMASK, "255.255.255.0");
  request.ifr_mtu = 1500;
  if (ioctl(socket_, SIOCSIFMTU, &request)) fail("mtu");
  /* Packets wait in our queue, and not in the device's. */
  request.ifr_qlen = 10000;
  if (ioctl(socket_, SIOCSIFTXQLEN, &request)) fail("queue");
  bring_up(socket_, &request);
  struct ifreq loopback = {.ifr_name = "lo"};
  bring_up(socket_, &loopback);
  close(socket_);
  return end;
}

static void say(const char *name, const struct direction *d) {
  printf("{\"direction\":\"%s\",\"seen\":%lu,\"lost\":%lu,\"dropped\":%lu}\n", name, d->seen,
         d->lost, d->dropped);
}

static int run_link(char **a) {
  delay = atol(a[0]) * 1000ull;
  loss = atoi(a[1]);
  burst = atoi(a[2]);
  rate = atol(a[3]);
  longest_backlog = atol(a[4]) * 1500 * 8 * 1000000ull / rate;
  uint64_t seed = atol(a[5]), end = now() + atol(a[6]) * 1000000000ull;
  int namespaces[2];
  struct direction up = {.from = make_end("10.9.0.1", &namespaces[0])};
  struct direction down = {.from = make_end("10.9.0.2", &namespaces[1])};
  up.to = down.from;
  down.to = up.from;
  struct direction *both[] = {&up, &down};
  for (int i = 0; i < 2; i++) {
    both[i]->random = (2 * seed + i + 1) * 0x9E3779B97F4A7C15ull | 1;
    both[i]->ring = malloc(sizeof(struct packet) * MOST_WAITING);
    if (!both[i]->ring) fail("malloc");
  }
  /* Sleeps end when they should. */
  prctl(PR_SET_TIMERSLACK, 1);
  printf("/proc/%d/fd/%d /proc/%d/fd/%d\n", getpid(), namespaces[0], getpid(), namespaces[1]);
  fflush(stdout);
  for (uint64_t t = now(); t < end; t = now()) {
    uint64_t wake = t + LONGEST_SLEEP;
    for (int i = 0; i < 2; i++) {
      uint64_t due = give(both[i]);
      if (due && due < wake) wake = due;
    }
    struct pollfd polled[] = {{up.from, POLLIN, 0}, {down.from, POLLIN, 0}, {0, POLLIN, 0}};
    t = now();
    struct timespec sleep = {0, wake > t ? wake - t : 0};
    ppoll(polled, 3, &sleep, NULL);
    /* Whoever started us has closed our stdin, or is gone. */
    if (polled[2].revents) break;
    for (int i = 0; i < 2; i++) {
      if (polled[i].revents) take(both[i]);
    }
  }
  say("up", &up);
  say("down", &down);
  return 0;
}

int main(int count, char **words) {
  if (count == 9 && strcmp(words[1], "link") == 0) return run_link(words + 2);
  if (count >= 4 && strcmp(words[1], "enter") == 0) {
    int namespace = open(words[2], O_RDONLY | O_CLOEXEC);
    if (namespace < 0 || setns(namespace, CLONE_NEWNET)) fail(words[2]);
    execvp(words[3], words + 3);
    fail(words[3]);
  }
  fprintf(stderr, "usage: see the top of tun_link.c\n");
  return 2;
}
