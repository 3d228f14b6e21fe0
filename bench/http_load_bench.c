/*
 * The load of http_bench.py, and the least that a server can cost.
 *
 *     http_load_bench floor PORT [WORK_US [FILE]]
 *         a bare loop of epoll_wait, recv and send: whatever it is sent it answers with the same,
 *         after so much work of no use; with a FILE it appends a record to that first, which a
 *         thread syncs every 100 ms
 *     http_load_bench ask PORT FILE RATE LINES [spin]
 *         sends the requests of FILE, each ended by a NUL byte, over LINES connections, one at a
 *         time on each: RATE a second, whether or not those before are answered, or if it is 0 as
 *         fast as they are; prints a line of JSON
 *
 * With a rate, latencies count from when a request was due, so that what waits because those
 * before it took long is seen; those from when it was sent stand beside them. With a rate or with
 * `spin` the loop never sleeps, and nobody pays for waking its core. Without arguments it does
 * nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BYTES_MAX = 1 << 16, EVENTS_MAX = 256, LINES_MAX = 20000, DESCRIPTORS_OTHER = 64 };
enum { RECORD_SIZE = 800, SYNC_NS = 100000000, AWAY_US = 300 };

static _Noreturn void stop(const char *what) {
    fprintf(stderr, "http_load_bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void add(int poller, int descriptor, void *owner) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = owner};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) != 0) stop("epoll_ctl");
}

static struct sockaddr_in loopback(const char *port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
}

static void send_at_once(int descriptor) {
    int on = 1;
    if (setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) stop("TCP_NODELAY");
}

/* --- the floor ------------------------------------------------------------------------------ */

static const char answer[] = "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
                             "Content-Type: application/json\r\nContent-Length: 96\r\n\r\n"
                             "{\"prediction\":0.5123456789012345,\"decision\":true,\"version\":"
                             "\"0123456789ab\",\"recorded\":false     }";

static int listen_at(const char *port) {
    struct sockaddr_in address = loopback(port);
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, SOMAXCONN) != 0)
        stop("listen");
    return listener;
}

static double cpu_us(void) {
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return 1e6 * (double)used.tv_sec + 1e-3 * (double)used.tv_nsec;
}

/* What an answer costs besides itself. */
typedef struct {
    double work_us;
    int file; /* -1: it is not written down */
    atomic_long file_size;
} burden;

static void *sync_file(void *context) {
    burden *it = context;
    long synced = 0;
    for (;;) {
        (void)nanosleep(&(struct timespec){.tv_nsec = SYNC_NS}, NULL);
        long size = atomic_load(&it->file_size);
        if (size > synced && fdatasync(it->file) != 0) stop("fdatasync");
        synced = size;
    }
}

static void begin_file(burden *it, const char *path) {
    pthread_t thread;
    it->file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (it->file < 0) stop(path);
    if (pthread_create(&thread, NULL, sync_file, it) != 0) stop("a thread");
}

static void write_down(burden *it, const char *bytes) {
    long end = atomic_load(&it->file_size);
    if (pwrite(it->file, bytes, RECORD_SIZE, end) != RECORD_SIZE) stop("pwrite");
    atomic_store(&it->file_size, end + RECORD_SIZE);
}

static void answer_one(int descriptor, burden *it) {
    static char bytes[BYTES_MAX];
    ssize_t size = recv(descriptor, bytes, sizeof bytes, 0);
    if (size <= 0) {
        close(descriptor);
        return;
    }
    double end_us = it->work_us > 0 ? cpu_us() + it->work_us : 0;
    while (end_us > 0 && cpu_us() < end_us) continue;
    if (it->file >= 0) write_down(it, bytes);
    (void)send(descriptor, answer, sizeof answer - 1, MSG_NOSIGNAL);
}

static _Noreturn void serve_floor(const char *port, burden *it) {
    int listener = listen_at(port), poller = epoll_create1(0);
    add(poller, listener, NULL);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(poller, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) {
                answer_one((int)(intptr_t)events[i].data.ptr, it);
                continue;
            }
            int client = accept(listener, NULL, NULL);
            if (client < 0) stop("accept");
            send_at_once(client);
            add(poller, client, (void *)(intptr_t)client);
        }
    }
}

/* --- the load ------------------------------------------------------------------------------- */

typedef struct {
    int descriptor;
    bool is_idle;
    double due, sent;
    char bytes[BYTES_MAX]; /* of the answer */
    size_t size;
} line;

typedef struct {
    const struct sockaddr_in address;
    const double rate; /* a second; 0: one after another */
    char **requests;
    size_t count, next, ended, refused, failed, answered;
    double *from_due, *from_sent; /* latencies of those that were answered with 200, in us */
    int poller;
    line *lines;
    line **idle;
    size_t idle_count;
    double begun, away_us;
} load;

static double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e6 * (double)now.tv_sec + 1e-3 * (double)now.tv_nsec;
}

static void *take(size_t count, size_t size) {
    void *memory = calloc(count, size); /* tidy: a program of its own */
    if (!memory) stop("memory");
    return memory;
}

static void read_requests(load *l, const char *path) {
    FILE *file = fopen(path, "r");
    if (!file || fseek(file, 0, SEEK_END) != 0) stop(path);
    size_t size = (size_t)ftell(file);
    char *bytes = take(size + 1, 1);
    rewind(file);
    if (fread(bytes, 1, size, file) != size) stop(path);
    fclose(file);
    for (size_t i = 0; i < size; i++) l->count += bytes[i] == 0;
    l->requests = take(l->count, sizeof *l->requests);
    for (size_t i = 0; i < l->count; i++, bytes += strlen(bytes) + 1) l->requests[i] = bytes;
    l->from_due = take(l->count, sizeof *l->from_due);
    l->from_sent = take(l->count, sizeof *l->from_sent);
}

static void connect_line(load *l, line *it) {
    it->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (it->descriptor < 0 ||
        connect(it->descriptor, (const struct sockaddr *)&l->address, sizeof l->address) != 0)
        stop("connect");
    send_at_once(it->descriptor);
    add(l->poller, it->descriptor, it);
    it->is_idle = true;
    l->idle[l->idle_count++] = it;
}

static double due_us(const load *l, size_t index) {
    return l->rate > 0 ? l->begun + 1e6 * (double)index / l->rate : 0;
}

static void begin(load *l, double now) {
    line *it = l->idle[--l->idle_count];
    const char *request = l->requests[l->next];
    size_t size = strlen(request);
    it->is_idle = false;
    it->size = 0;
    it->sent = now;
    it->due = l->rate > 0 ? due_us(l, l->next) : now;
    l->next++;
    if (send(it->descriptor, request, size, MSG_NOSIGNAL) != (ssize_t)size) stop("send");
}

/* The size of the answer that begins in `bytes`; 0 while that cannot be told. */
static size_t answer_size(const char *bytes) {
    const char *end = strstr(bytes, "\r\n\r\n"), *length = strcasestr(bytes, "\ncontent-length:");
    if (!end) return 0;
    if (!length || length > end) stop("an answer without a length");
    return (size_t)(end + 4 - bytes) + strtoul(length + 16, NULL, 10);
}

static void end(load *l, line *it, double now) {
    bool is_answer = strncmp(it->bytes, "HTTP/1.1 200", 12) == 0;
    if (is_answer) {
        l->from_due[l->answered] = now - it->due;
        l->from_sent[l->answered++] = now - it->sent;
    } else if (strncmp(it->bytes, "HTTP/1.1 503", 12) == 0) {
        l->refused++;
    } else {
        if (l->failed++ == 0) fprintf(stderr, "%s\n", it->bytes);
    }
    l->ended++;
    it->is_idle = true;
    l->idle[l->idle_count++] = it;
}

static void hear(load *l, line *it) {
    ssize_t size = recv(it->descriptor, it->bytes + it->size, BYTES_MAX - 1 - it->size, 0);
    if (size <= 0 || it->is_idle) stop("a connection ended");
    it->size += (size_t)size;
    it->bytes[it->size] = 0;
    size_t whole = answer_size(it->bytes);
    if (whole > 0 && it->size >= whole) end(l, it, now_us());
}

static void run(load *l, bool spins) {
    double before = l->begun = now_us();
    while (l->ended < l->count) {
        double now = now_us();
        if (spins && now - before > AWAY_US) l->away_us += now - before;
        before = now;
        while (l->next < l->count && l->idle_count > 0 && due_us(l, l->next) <= now) begin(l, now);
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(l->poller, events, EVENTS_MAX, spins ? 0 : -1);
        for (int i = 0; i < count; i++) hear(l, events[i].data.ptr);
    }
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_latencies(const char *name, double *values, size_t count) {
    static const double shares[] = {0.5, 0.99, 0.999};
    qsort(values, count, sizeof *values, compare);
    printf(", \"%s\": [", name);
    for (size_t i = 0; i < 3 && count > 0; i++)
        printf("%s%.1f", i > 0 ? ", " : "", values[(size_t)((double)count * shares[i])]);
    printf("]");
}

static void ask(const char *port, const char *path, double rate, size_t line_count, bool spins) {
    load l = {.address = loopback(port), .rate = rate, .poller = epoll_create1(0)};
    struct rlimit files = {line_count + DESCRIPTORS_OTHER, line_count + DESCRIPTORS_OTHER};
    if (line_count == 0 || line_count > LINES_MAX) stop("LINES");
    if (line_count > 900 && setrlimit(RLIMIT_NOFILE, &files) != 0) stop("descriptors");
    read_requests(&l, path);
    l.lines = take(line_count, sizeof *l.lines);
    l.idle = take(line_count, sizeof *l.idle);
    for (size_t i = 0; i < line_count; i++) connect_line(&l, &l.lines[i]);
    run(&l, spins || rate > 0);
    double seconds = 1e-6 * (now_us() - l.begun);
    printf("{\"seconds\": %.6f, \"answered\": %zu, \"refused\": %zu, \"failed\": %zu, "
           "\"away_ms\": %.1f", seconds, l.answered, l.refused, l.failed, 1e-3 * l.away_us);
    print_latencies("from_due", l.from_due, l.answered);
    print_latencies("from_sent", l.from_sent, l.answered);
    puts("}");
}

int main(int argc, char **argv) {
    if (argc == 1) return 0;
    if (argc > 2 && strcmp(argv[1], "floor") == 0) {
        static burden it = {.file = -1};
        if (argc > 3) it.work_us = strtod(argv[3], NULL);
        if (argc > 4) begin_file(&it, argv[4]);
        serve_floor(argv[2], &it);
    }
    if (argc < 6 || strcmp(argv[1], "ask") != 0) stop("floor PORT, or ask PORT FILE RATE LINES");
    ask(argv[2], argv[3], strtod(argv[4], NULL), strtoul(argv[5], NULL, 10),
        argc > 6 && strcmp(argv[6], "spin") == 0);
    return 0;
}
