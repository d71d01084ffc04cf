/*
 * The device of the benchmarks: the device side of docs/protocol.md on a pty, in C, so that a measurement is of the
 * host's side and hardly of the device's.
 *
 * usage: fake_device [--build HEX] [--serial NAME] [--flash FILE]
 *
 * Prints "ready PORT" and serves until its standard input ends: it cannot outlive whoever started it. It takes the
 * arguments with which the host board starts its program, and answers `identify`, `models` and `ping`. One verb is its
 * own: `flood bytes=N` sends at least N bytes of log lines, then a reply that tells how many bytes and lines they were.
 */

#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { COMMAND_MAX = 255, RECORD_MAX = 1024, BLOCK_BYTES = 64 * 1024 };

static int master_fd = -1;
static unsigned long record_number = 0;
static const char *build = "00000000";
static const char *serial = "fake-0";

static void fail(const char *what) {
    perror(what);
    _exit(1);
}

/* Waits until the pty can be read or written; ends the program when standard input has ended. */
static void wait_for(short events) {
    struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {master_fd, events, 0}};
    do {
        if (poll(fds, 2, -1) < 0 && errno != EINTR) fail("poll");
        if (fds[0].revents) {
            char byte;
            if (read(STDIN_FILENO, &byte, 1) <= 0) _exit(0);
        }
    } while (!fds[1].revents);
}

static void send_all(const char *data, size_t size) {
    while (size > 0) {
        ssize_t sent = write(master_fd, data, size);
        if (sent >= 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            wait_for(POLLOUT);
        } else if (errno != EINTR) {
            fail("write");
        }
    }
}

/* Sends a record; `id` is the command's, NULL if it had none; `format` makes the further fields, each after a comma. */
static void answer(const char *type, const char *id, const char *format, ...) {
    char record[RECORD_MAX];
    int size = snprintf(record, sizeof record, "\x1e{\"n\":%lu,\"type\":\"%s\"", record_number, type);
    if (id != NULL) size += snprintf(record + size, sizeof record - (size_t)size, ",\"id\":%.10s", id);
    va_list arguments;
    va_start(arguments, format);
    size += vsnprintf(record + size, sizeof record - (size_t)size, format, arguments);
    va_end(arguments);
    if (size + 2 >= (int)sizeof record) {
        fputs("record too long\n", stderr);
        _exit(1);
    }
    record[size++] = '}';
    record[size++] = '\n';
    record_number = (record_number + 1) & 0xffffffffUL;
    send_all(record, (size_t)size);
}

/* Fills a block with lines such as MicroPrintf makes; returns its size and counts its lines. */
static size_t fill_block(char *block, unsigned long *lines) {
    static const char *const formats[] = {
        "node %5u FULLY_CONNECTED  in 1x%-4u int8  out 1x%-4u int8  %6u ticks\r\n",
        "node %5u UNIDIRECTIONAL_SEQUENCE_LSTM  step %4u of %4u  %6u ticks\r\n",
        "arena: %5u requested, %6u head, %6u tail, %6u bytes are still free\r\n",
        "node %5u SOFTMAX  beta 1.0  in 1x%u int8  out 1x%u int8  scale 0.00390625  %u ticks\r\n",
    };
    size_t size = 0;
    for (unsigned i = 0;; i++) {
        char line[128];
        int length = snprintf(line, sizeof line, formats[i % 4], i, i % 512, i % 64, i * 37 % 100000);
        if (size + (size_t)length > BLOCK_BYTES) return size;
        memcpy(block + size, line, (size_t)length);
        size += (size_t)length;
        ++*lines;
    }
}

static void flood(const char *id, unsigned long wanted) {
    static char block[BLOCK_BYTES];
    unsigned long block_lines = 0, sent = 0, lines = 0;
    size_t size = fill_block(block, &block_lines);
    for (; sent < wanted; sent += size, lines += block_lines) send_all(block, size);
    answer("reply", id, ",\"verb\":\"flood\",\"bytes\":%lu,\"lines\":%lu", sent, lines);
}

static void obey(char *line) {
    if (line[0] == '\0') return;
    char *id = strstr(line, " #");
    if (id != NULL) {
        *id = '\0';
        id += 2;
    }
    if (strcmp(line, "ping") == 0) {
        answer("reply", id, ",\"verb\":\"ping\"");
    } else if (strcmp(line, "models") == 0) {
        answer("reply", id, ",\"verb\":\"models\",\"count\":0");
    } else if (strcmp(line, "identify") == 0) {
        answer("reply", id,
               ",\"verb\":\"identify\",\"protocol\":1,\"engine\":\"fake\",\"board\":\"host\",\"serial\":\"%.31s\",\"chip\":\"fake\","
               "\"clock_hz\":null,\"pointer_bits\":64,\"build\":\"%.31s\",\"tflm\":\"none\",\"compiler\":\"C\","
               "\"arena_max\":1048576,\"pack_crc\":\"00000000\",\"features\":[],\"crash\":null",
               serial, build);
    } else if (strncmp(line, "flood bytes=", 12) == 0) {
        flood(id, strtoul(line + 12, NULL, 10));
    } else {
        answer("error", NULL, ",\"code\":\"bad_command\",\"message\":\"not a command that the fake device knows\"");
    }
}

static void serve(void) {
    char buffer[COMMAND_MAX + 1];
    size_t held = 0;
    for (;;) {
        wait_for(POLLIN);
        ssize_t size = read(master_fd, buffer + held, sizeof buffer - held);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (size <= 0) fail("read");
        held += (size_t)size;
        char *end;
        while ((end = memchr(buffer, '\n', held)) != NULL) {
            *end = '\0';
            obey(buffer);
            held -= (size_t)(end + 1 - buffer);
            memmove(buffer, end + 1, held);
        }
        if (held == sizeof buffer) {
            fputs("command too long\n", stderr);
            _exit(1);
        }
    }
}

int main(int count, char **words) {
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--build") == 0) build = words[i + 1];
        if (strcmp(words[i], "--serial") == 0) serial = words[i + 1];
    }
    master_fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (master_fd < 0 || grantpt(master_fd) || unlockpt(master_fd)) fail("pty");
    const char *name = ptsname(master_fd);
    /* Held open, the slave keeps the pty alive while no client is there. */
    int slave = name ? open(name, O_RDWR | O_NOCTTY) : -1;
    struct termios mode;
    if (slave < 0 || tcgetattr(slave, &mode)) fail("slave");
    cfmakeraw(&mode);
    if (tcsetattr(slave, TCSANOW, &mode)) fail("raw mode");
    if (fcntl(master_fd, F_SETFL, O_NONBLOCK)) fail("non-blocking");
    printf("ready %s\n", name);
    fflush(stdout);
    serve();
}
