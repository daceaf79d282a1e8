/*
 * Upstream of the benchmark: answers prepared JSON-RPC messages over HTTP/1.1 as fast as one core can, so that it is
 * never what is measured. One thread, epoll, keep-alive, requests with Content-Length only.
 *
 *   upstream <key> { <needle> <content type> <file> }...
 *
 * Prints its port. A request whose head lacks <key> gets 401. The first <needle> found in the body chooses the file;
 * an empty needle always matches. "@ID@" in the file becomes the id of the request. text/event-stream goes out chunked.
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
#include <sys/uio.h>
#include <unistd.h>

#define REQUEST_BYTES 65536
#define MAX_ANSWERS 16
#define ID_MARK "@ID@"

struct answer {
  const char *needle, *content_type;
  char *before, *after;
  size_t before_bytes, after_bytes;
};

struct connection {
  int fd;
  size_t filled;
  char *unsent; /* what the socket did not take yet */
  size_t unsent_at, unsent_bytes;
  char request[REQUEST_BYTES + 1];
};

static struct answer answers[MAX_ANSWERS];
static int answer_count;
static const char *key;
static int epoll_fd;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void load_answer(struct answer *answer, char **arguments) {
  answer->needle = arguments[0];
  answer->content_type = arguments[1];
  FILE *file = fopen(arguments[2], "rb");
  if (!file) die(arguments[2]);
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  char *text = calloc(1, size + 1);
  if (fread(text, 1, size, file) != size) die(arguments[2]);
  fclose(file);
  char *mark = strstr(text, ID_MARK);
  answer->before = text;
  answer->before_bytes = mark ? (size_t)(mark - text) : size;
  answer->after = mark ? mark + strlen(ID_MARK) : text + size;
  answer->after_bytes = (size_t)(text + size - answer->after);
}

static void watch(struct connection *connection, int operation, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  if (epoll_ctl(epoll_fd, operation, connection->fd, &event)) die("epoll_ctl");
}

static void drop(struct connection *connection) {
  close(connection->fd);
  free(connection->unsent);
  free(connection);
}

/* Keeps for later what writev left over. */
static void keep_unsent(struct connection *connection, struct iovec *parts, int count, size_t sent) {
  size_t total = 0;
  for (int i = 0; i < count; i++) total += parts[i].iov_len;
  if (sent == total) return;
  connection->unsent = malloc(total - sent);
  connection->unsent_at = 0;
  connection->unsent_bytes = 0;
  for (int i = 0; i < count; i++) {
    size_t skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;
    sent -= skip;
    memcpy(connection->unsent + connection->unsent_bytes, (char *)parts[i].iov_base + skip, parts[i].iov_len - skip);
    connection->unsent_bytes += parts[i].iov_len - skip;
  }
  watch(connection, EPOLL_CTL_MOD, EPOLLOUT);
}

/* Returns 0 when the connection is gone. */
static int send_parts(struct connection *connection, struct iovec *parts, int count) {
  ssize_t sent = writev(connection->fd, parts, count);
  if (sent < 0 && errno != EAGAIN) return 0;
  keep_unsent(connection, parts, count, sent < 0 ? 0 : (size_t)sent);
  return 1;
}

static int send_unsent(struct connection *connection) {
  size_t left = connection->unsent_bytes - connection->unsent_at;
  ssize_t sent = write(connection->fd, connection->unsent + connection->unsent_at, left);
  if (sent < 0) return errno == EAGAIN;
  connection->unsent_at += (size_t)sent;
  if ((size_t)sent < left) return 1;
  free(connection->unsent);
  connection->unsent = NULL;
  watch(connection, EPOLL_CTL_MOD, EPOLLIN);
  return 1;
}

static int send_refusal(struct connection *connection, const char *status) {
  char head[256];
  int bytes = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", status);
  struct iovec part = {head, (size_t)bytes};
  return send_parts(connection, &part, 1);
}

/* The bytes of the JSON-RPC id, which ends at a comma, a brace or white space. */
static struct iovec find_id(const char *body) {
  const char *id = strstr(body, "\"id\":");
  if (!id) return (struct iovec){"null", 4};
  id += 5;
  return (struct iovec){(void *)id, *id == '"' ? (size_t)(strchr(id + 1, '"') - id) + 1 : strcspn(id, ",} ")};
}

static int send_answer(struct connection *connection, const struct answer *answer, struct iovec id) {
  char head[256], chunk[32];
  size_t bytes = answer->before_bytes + id.iov_len + answer->after_bytes;
  int streamed = !strcmp(answer->content_type, "text/event-stream");
  int head_bytes = streamed ? snprintf(head, sizeof head,
                                       "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n")
                            : snprintf(head, sizeof head,
                                       "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                                       answer->content_type, bytes);
  int chunk_bytes = streamed ? snprintf(chunk, sizeof chunk, "%zx\r\n", bytes) : 0;
  struct iovec parts[] = {{head, (size_t)head_bytes},   {chunk, (size_t)chunk_bytes},        {answer->before, answer->before_bytes},
                          id,                           {answer->after, answer->after_bytes}, {"\r\n0\r\n\r\n", streamed ? 7 : 0}};
  return send_parts(connection, parts, 6);
}

static int answer_request(struct connection *connection, const char *head, char *body, size_t body_bytes) {
  if (!strstr(head, key)) return send_refusal(connection, "401 Unauthorized");
  char after = body[body_bytes];
  body[body_bytes] = 0;
  int alive = 0, i = 0;
  while (i < answer_count && !strstr(body, answers[i].needle)) i++;
  alive = i < answer_count ? send_answer(connection, &answers[i], find_id(body)) : send_refusal(connection, "404 Not Found");
  body[body_bytes] = after;
  return alive;
}

/* Answers the request at the start of the buffer once it is complete. Returns 0 when the connection is gone. */
static int take_request(struct connection *connection) {
  char *end = strstr(connection->request, "\r\n\r\n");
  if (!end) return connection->filled < REQUEST_BYTES;
  end[2] = 0;
  const char *length = strcasestr(connection->request, "\r\ncontent-length:");
  size_t body_bytes = length ? strtoul(length + 17, NULL, 10) : 0;
  char *body = end + 4;
  size_t whole = (size_t)(body - connection->request) + body_bytes;
  if (connection->filled < whole) {
    end[2] = '\r';
    return whole <= REQUEST_BYTES;
  }
  if (!length) return send_refusal(connection, "411 Length Required");
  int alive = answer_request(connection, connection->request, body, body_bytes);
  connection->filled -= whole;
  memmove(connection->request, connection->request + whole, connection->filled + 1);
  return alive;
}

static int read_more(struct connection *connection) {
  ssize_t got = read(connection->fd, connection->request + connection->filled, REQUEST_BYTES - connection->filled);
  if (got < 0) return errno == EAGAIN;
  if (got == 0) return 0;
  connection->filled += (size_t)got;
  connection->request[connection->filled] = 0;
  return take_request(connection);
}

static int listen_on_loopback(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, 1024)) die("listen");
  getsockname(fd, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

static void accept_connection(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0) return;
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct connection *connection = calloc(1, sizeof *connection);
  connection->fd = fd;
  watch(connection, EPOLL_CTL_ADD, EPOLLIN);
}

int main(int count, char **arguments) {
  if (count < 5 || (count - 2) % 3 || (count - 2) / 3 > MAX_ANSWERS) return 2;
  key = arguments[1];
  for (int i = 2; i < count; i += 3) load_answer(&answers[answer_count++], arguments + i);
  epoll_fd = epoll_create1(0);
  int listener = listen_on_loopback();
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, ready[256];
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int number = epoll_wait(epoll_fd, ready, 256, -1);
    for (int i = 0; i < number; i++) {
      struct connection *connection = ready[i].data.ptr;
      if (!connection) accept_connection(listener);
      else if (!(ready[i].events & EPOLLOUT ? send_unsent(connection) : read_more(connection))) drop(connection);
    }
  }
}
