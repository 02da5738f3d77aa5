/*
 * Writes to a TCP connection as fast as it may, under a congestion control of the kernel, until
 * its stdin ends: tcp_sender HOST PORT CONGESTION_CONTROL
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char chunk[65536];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int count, char **words) {
  if (count != 4) {
    fprintf(stderr, "usage: tcp_sender HOST PORT CONGESTION_CONTROL\n");
    return 2;
  }
  for (size_t i = 0; i < sizeof chunk; i++) chunk[i] = i * 31;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  inet_pton(AF_INET, words[1], &to.sin_addr);
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  /* Some are not open to everybody as a default, but to root on a socket of its own. */
  if (setsockopt(connection, IPPROTO_TCP, TCP_CONGESTION, words[3], strlen(words[3]))) {
    fail(words[3]);
  }
  if (connect(connection, (struct sockaddr *)&to, sizeof to)) fail("connect");
  for (;;) {
    struct pollfd polled[] = {{connection, POLLOUT, 0}, {0, POLLIN, 0}};
    poll(polled, 2, -1);
    if (polled[1].revents) return 0;
    if (send(connection, chunk, sizeof chunk, MSG_DONTWAIT) < 0) fail("send");
  }
}
