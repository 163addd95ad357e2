/*
 * The work of the network benchmarks in C, blocking sockets and nothing else: what the machine itself takes for it.
 *
 *   sockets tcp|PATH PAYLOAD_BYTES REQUESTS DEPTH
 *
 * A child answers requests of 64 bytes, whose first four say the size, little-endian. Prints the milliseconds of a round.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_BYTES = 64, PAYLOAD_MAX = 1 << 20 };

static uint8_t payload[PAYLOAD_MAX];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void send_all(int fd, const uint8_t *data, size_t length) {
  while (length > 0) {
    ssize_t count = send(fd, data, length, MSG_NOSIGNAL);
    if (count < 0) die("send");
    data += count;
    length -= (size_t)count;
  }
}

/* 0 at the end of the stream. */
static int receive_all(int fd, uint8_t *data, size_t length) {
  while (length > 0) {
    ssize_t count = recv(fd, data, length, 0);
    if (count < 0) die("recv");
    if (count == 0) return 0;
    data += count;
    length -= (size_t)count;
  }
  return 1;
}

static void serve(int listener) {
  int fd = accept(listener, NULL, NULL);
  if (fd < 0) die("accept");
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  uint8_t request[REQUEST_BYTES];
  while (receive_all(fd, request, sizeof request)) {
    uint32_t size = (uint32_t)request[0] | (uint32_t)request[1] << 8 | (uint32_t)request[2] << 16 | (uint32_t)request[3] << 24;
    send_all(fd, payload, size);
  }
  _exit(0);
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  size_t bytes = strtoul(argv[2], NULL, 10);
  long requests = strtol(argv[3], NULL, 10);
  long depth = strtol(argv[4], NULL, 10);
  if (bytes > PAYLOAD_MAX || requests <= 0 || depth <= 0) return 2;

  struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_un local = {.sun_family = AF_UNIX};
  int is_tcp = strcmp(argv[1], "tcp") == 0;
  if (!is_tcp) snprintf(local.sun_path, sizeof local.sun_path, "%s", argv[1]);
  struct sockaddr *address = is_tcp ? (struct sockaddr *)&tcp : (struct sockaddr *)&local;
  socklen_t length = is_tcp ? sizeof tcp : sizeof local;

  int listener = socket(address->sa_family, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, address, length) < 0 || listen(listener, 1) < 0) die("listen");
  if (is_tcp && getsockname(listener, address, &length) < 0) die("getsockname");
  if (fork() == 0) serve(listener);
  int fd = socket(address->sa_family, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, address, length) < 0) die("connect");
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

  uint8_t request[REQUEST_BYTES] = {(uint8_t)bytes, (uint8_t)(bytes >> 8), (uint8_t)(bytes >> 16), (uint8_t)(bytes >> 24)};
  double start = now_ms();
  long asked = 0;
  for (long answered = 0; answered < requests; answered++) {
    for (; asked < requests && asked - answered < depth; asked++) send_all(fd, request, sizeof request);
    if (!receive_all(fd, payload, bytes)) die("the server ended");
  }
  printf("%.3f\n", now_ms() - start);
  close(fd);
  if (!is_tcp) unlink(argv[1]);
  return 0;
}
