/*
 * Load generator of the benchmark: keeps <concurrency> connections busy with one request, one at a time each, and compares
 * every answer byte for byte. One thread, epoll.
 *
 *   load <port> <concurrency> <milliseconds> <file: whole HTTP request> <file: expected body>
 *
 * Prints one line of JSON; times are in microseconds. An answer with another status, another body or broken framing is an
 * error, as is a connection that closes; the first one is described. A byte 1 in the expected body stands for any digit.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_BYTES 16384
#define ANY_DIGIT 1
#define GRACE_NS 5000000000LL

enum state { IN_HEAD, IN_BODY, IN_CHUNK_SIZE, IN_CHUNK, AFTER_CHUNK, IN_TRAILER };

struct connection {
  int fd, busy;
  enum state state;
  long long started_ns;
  size_t head_filled, left, line_bytes, checked;
  int chunked;
  char head[HEAD_BYTES + 1];
  char line[32];
};

static char *request, *expected;
static size_t request_bytes, expected_bytes, digits_from, digits_to;
static struct sockaddr_in address;
static int epoll_fd, in_flight;
static long long stop_at_ns;
static unsigned *latencies_ns;
static size_t completed, capacity;
static unsigned long errors;
static char first_error[160];

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static char *read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file) die(path);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(*size + 1);
  if (fread(text, 1, *size, file) != *size) die(path);
  fclose(file);
  return text;
}

static void send_request(struct connection *connection) {
  connection->state = IN_HEAD;
  connection->head_filled = connection->checked = connection->line_bytes = 0;
  connection->busy = 1;
  in_flight++;
  connection->started_ns = now_ns();
  if (write(connection->fd, request, request_bytes) != (ssize_t)request_bytes) die("write");
}

static void open_connection(struct connection *connection) {
  int on = 1;
  connection->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection->fd, &event);
  send_request(connection);
}

/* Counts the error and goes on with a fresh connection. */
static void fail(struct connection *connection, const char *what) {
  if (!errors++) {
    snprintf(first_error, sizeof first_error, "%s, answer starts %.60s", what, connection->head);
    for (char *at = first_error; *at; at++)
      if (*at < ' ' || *at == '"' || *at == '\\') *at = ' ';
  }
  in_flight -= connection->busy;
  connection->busy = 0;
  close(connection->fd);
  if (errors > 1000) stop_at_ns = 0;
  if (now_ns() < stop_at_ns) open_connection(connection);
}

static int finish(struct connection *connection) {
  if (connection->checked != expected_bytes) return fail(connection, "body is too short"), 0;
  long long now = now_ns();
  if (completed == capacity) latencies_ns = realloc(latencies_ns, (capacity = capacity * 2 + 65536) * sizeof *latencies_ns);
  latencies_ns[completed++] = (unsigned)(now - connection->started_ns);
  in_flight--;
  connection->busy = 0;
  if (now < stop_at_ns) send_request(connection);
  return 1;
}

static size_t clamp(size_t value, size_t low, size_t high) {
  return value < low ? low : value > high ? high : value;
}

static void find_digits(void) {
  for (size_t i = 0; i < expected_bytes; i++) {
    if (expected[i] != ANY_DIGIT) continue;
    if (!digits_to) digits_from = i;
    digits_to = i + 1;
  }
}

static int is_expected(size_t at, const char *bytes, size_t size) {
  size_t from = clamp(digits_from, at, at + size), to = clamp(digits_to, at, at + size);
  if (memcmp(expected + at, bytes, from - at) || memcmp(expected + to, bytes + to - at, at + size - to)) return 0;
  for (size_t i = from; i < to; i++) {
    char byte = bytes[i - at];
    if (expected[i] == ANY_DIGIT ? byte < '0' || byte > '9' : byte != expected[i]) return 0;
  }
  return 1;
}

static int check_body(struct connection *connection, const char *bytes, size_t size) {
  if (connection->checked + size > expected_bytes || !is_expected(connection->checked, bytes, size))
    return fail(connection, "body differs"), 0;
  connection->checked += size;
  return 1;
}

static int read_head(struct connection *connection) {
  connection->head[connection->head_filled] = 0;
  if (strncmp(connection->head, "HTTP/1.1 200 ", 13)) return fail(connection, "status is not 200"), 0;
  const char *length = strcasestr(connection->head, "\r\ncontent-length:");
  connection->chunked = strcasestr(connection->head, "\r\ntransfer-encoding: chunked") != NULL;
  if (!length && !connection->chunked) return fail(connection, "answer has no framing"), 0;
  connection->left = connection->chunked ? 0 : strtoul(length + 17, NULL, 10);
  connection->state = connection->chunked ? IN_CHUNK_SIZE : IN_BODY;
  return connection->chunked || connection->left ? 1 : finish(connection);
}

/* Takes bytes up to the end of the head; returns how many, or -1 when the answer failed. */
static ssize_t take_head(struct connection *connection, const char *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (connection->head_filled == HEAD_BYTES) return fail(connection, "head is too long"), -1;
    connection->head[connection->head_filled++] = bytes[i];
    if (bytes[i] == '\n' && connection->head_filled > 3 &&
        !memcmp(connection->head + connection->head_filled - 4, "\r\n\r\n", 4))
      return read_head(connection) ? (ssize_t)i + 1 : -1;
  }
  return (ssize_t)size;
}

static ssize_t take_body(struct connection *connection, const char *bytes, size_t size) {
  size_t part = size < connection->left ? size : connection->left;
  if (!check_body(connection, bytes, part)) return -1;
  connection->left -= part;
  if (!connection->left && connection->state == IN_CHUNK) connection->state = AFTER_CHUNK;
  else if (!connection->left && !finish(connection)) return -1;
  return (ssize_t)part;
}

/* One byte of the lines around chunks: their size, the blank after them, the trailer. Returns 0 when the answer failed. */
static int take_line_byte(struct connection *connection, char byte) {
  if (byte != '\n') {
    if (connection->line_bytes < sizeof connection->line - 1) connection->line[connection->line_bytes++] = byte;
    return 1;
  }
  connection->line[connection->line_bytes] = 0;
  int empty = connection->line_bytes <= 1;
  connection->line_bytes = 0;
  if (connection->state == AFTER_CHUNK) connection->state = IN_CHUNK_SIZE;
  else if (connection->state == IN_CHUNK_SIZE) {
    connection->left = strtoul(connection->line, NULL, 16);
    connection->state = connection->left ? IN_CHUNK : IN_TRAILER;
  } else if (empty) return finish(connection);
  return 1;
}

static void take_bytes(struct connection *connection, const char *bytes, size_t size) {
  while (size) {
    ssize_t taken = 1;
    if (!connection->busy) return fail(connection, "bytes after the answer");
    if (connection->state == IN_HEAD) taken = take_head(connection, bytes, size);
    else if (connection->state == IN_BODY || connection->state == IN_CHUNK) taken = take_body(connection, bytes, size);
    else if (!take_line_byte(connection, *bytes)) return;
    if (taken < 0) return;
    bytes += taken;
    size -= (size_t)taken;
  }
}

static int compare_latencies(const void *a, const void *b) {
  unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
  return (left > right) - (left < right);
}

static double percentile_us(double share) {
  if (!completed) return 0;
  size_t rank = (size_t)(share * (double)completed);
  return latencies_ns[rank < completed ? rank : completed - 1] / 1000.0;
}

int main(int count, char **arguments) {
  static char buffer[1 << 18];
  if (count != 6) return 2;
  int concurrency = atoi(arguments[2]);
  request = read_file(arguments[4], &request_bytes);
  expected = read_file(arguments[5], &expected_bytes);
  find_digits();
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(arguments[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  epoll_fd = epoll_create1(0);
  long long began_ns = now_ns();
  stop_at_ns = began_ns + atoll(arguments[3]) * 1000000LL;
  struct connection *connections = calloc((size_t)concurrency, sizeof *connections);
  for (int i = 0; i < concurrency; i++) open_connection(&connections[i]);
  struct epoll_event ready[256];
  while (in_flight && now_ns() < stop_at_ns + GRACE_NS) {
    int number = epoll_wait(epoll_fd, ready, 256, 100);
    for (int i = 0; i < number; i++) {
      struct connection *connection = ready[i].data.ptr;
      ssize_t got = read(connection->fd, buffer, sizeof buffer);
      if (got > 0) take_bytes(connection, buffer, (size_t)got);
      else if (connection->busy) fail(connection, "connection closed");
      else close(connection->fd);
    }
  }
  double seconds = (double)(now_ns() - began_ns) / 1e9;
  if (in_flight && !errors) snprintf(first_error, sizeof first_error, "%d calls never answered", in_flight);
  errors += (unsigned long)in_flight;
  qsort(latencies_ns, completed, sizeof *latencies_ns, compare_latencies);
  printf("{\"completed\":%zu,\"errors\":%lu,\"firstError\":\"%s\",\"seconds\":%.6f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"max\":%.1f}\n",
         completed, errors, first_error, seconds, percentile_us(0.5), percentile_us(0.9), percentile_us(0.99), percentile_us(1));
  return 0;
}
