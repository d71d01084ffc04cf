// The socket to the model. Every wait has an end: a model that is gone or stuck is a USB device that is gone.
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"

enum {
  // What the model may take beyond the transfer's own time.
  SLACK_MS = 5000,
  // libusb's "no timeout".
  LONGEST_MS = 60000,
  MAX_ANSWER_BYTES = 16 * 1024 * 1024,
};

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for(int fd, short events, int64_t deadline) {
  for (;;) {
    int64_t left = deadline - now_ms();
    struct pollfd wanted = {.fd = fd, .events = events};
    int ready = poll(&wanted, 1, left > 0 ? (int)left : 0);
    if (ready > 0) return 0;
    if (ready == 0 || errno != EINTR) return -1;
  }
}

static int send_all(int fd, const void* data, size_t size, int64_t deadline) {
  const uint8_t* rest = data;
  while (size > 0) {
    if (wait_for(fd, POLLOUT, deadline) != 0) return -1;
    ssize_t sent = send(fd, rest, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return -1;
    }
    rest += sent;
    size -= (size_t)sent;
  }
  return 0;
}

static int receive_all(int fd, void* data, size_t size, int64_t deadline) {
  uint8_t* rest = data;
  while (size > 0) {
    if (wait_for(fd, POLLIN, deadline) != 0) return -1;
    ssize_t came = recv(fd, rest, size, MSG_DONTWAIT);
    if (came < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (came <= 0) return -1;
    rest += came;
    size -= (size_t)came;
  }
  return 0;
}

int connect_to_model(void) {
  const char* path = getenv(SOCKET_VARIABLE);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (path == NULL || strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

static int exchange(int fd, const struct request* request, const void* data, uint8_t** answer, struct reply* reply) {
  int waits = request->operation == OP_CONTROL || request->operation == OP_BULK;
  uint32_t patience = request->timeout_ms;
  if (patience == 0 || patience > LONGEST_MS) patience = waits ? LONGEST_MS : 0;
  int64_t deadline = now_ms() + patience + SLACK_MS;
  if (send_all(fd, request, sizeof *request, deadline) != 0) return -1;
  if (send_all(fd, data, request->size, deadline) != 0) return -1;
  if (receive_all(fd, reply, sizeof *reply, deadline) != 0) return -1;
  if (reply->size > MAX_ANSWER_BYTES) return -1;
  *answer = malloc(reply->size + 1);
  if (*answer == NULL || receive_all(fd, *answer, reply->size, deadline) != 0) return -1;
  return 0;
}

int ask(int* fd, const struct request* request, const void* data, uint8_t** answer, size_t* answer_size) {
  if (*fd < 0) return LIBUSB_ERROR_NO_DEVICE;
  // picotool throws out of its signal handlers. Here that would leave half an exchange on the socket, so signals wait.
  sigset_t interrupts;
  sigset_t before;
  sigemptyset(&interrupts);
  sigaddset(&interrupts, SIGINT);
  sigaddset(&interrupts, SIGTERM);
  sigprocmask(SIG_BLOCK, &interrupts, &before);
  uint8_t* came = NULL;
  struct reply reply = {0};
  if (exchange(*fd, request, data, &came, &reply) != 0) {
    // What is still to come would be taken for the answer to something else.
    free(came);
    came = NULL;
    reply = (struct reply){.result = LIBUSB_ERROR_NO_DEVICE};
    close(*fd);
    *fd = -1;
  }
  if (answer != NULL) {
    *answer = came;
    *answer_size = reply.size;
  } else {
    free(came);
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  return reply.result;
}
