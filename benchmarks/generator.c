/* Plays Asterisk's side of FastAGI on many connections at once, and costs little itself: one thread, one epoll.
 *
 *     generator PORT CONNECTIONS SECONDS NUMBERS CAMPAIGN TRUNK [PAUSE_MS]
 *
 * Each connection is a call: connect, send a header as Asterisk 22 does, read a command, answer it, until the other
 * side closes; then the next.  The destination of each is drawn from the lines of the file NUMBERS.  A call counts only
 * when GATE_VERDICT was set to ALLOW and the other side then closed; every other end is an error of its kind.
 * With a pause (meant for one connection) nothing is done for so long before each next call.
 * Calls of the first tenth of the time warm up and are not counted, errors always are.
 * Says one line of JSON; times are in microseconds, from before connect to the end of the stream. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 8192, HEADER_BYTES = 4096, NUMBER_BYTES = 32, EVENTS = 256 };
static const double CALL_LIMIT_S = 3.0;

struct call {
    int fd;
    double began;
    bool spoken_to, allowed;
    size_t held;
    char line[LINE_BYTES];
};

/* How calls ended that do not count. */
static long refused, silent, wrong, broken, late;

static struct sockaddr_in server;
static const char *campaign, *trunk;
static char (*numbers)[NUMBER_BYTES];
static size_t number_count;
static int epoll;
static unsigned long placed;
static uint64_t dice;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory) {
        fputs("generator: no memory\n", stderr);
        exit(1);
    }
    return memory;
}

/* xorshift64: another destination for each call, at next to no cost. */
static const char *any_number(void)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return numbers[dice % number_count];
}

static void read_numbers(const char *path)
{
    FILE *file = fopen(path, "r");
    size_t room = 1024;
    char line[NUMBER_BYTES];
    if (!file) {
        fprintf(stderr, "generator: cannot read `%s`: %s\n", path, strerror(errno));
        exit(1);
    }
    numbers = allocate(room, sizeof *numbers);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = 0;
        if (!*line)
            continue;
        if (number_count == room) {
            room *= 2;
            numbers = realloc(numbers, room * sizeof *numbers);
            if (!numbers)
                exit(1);
        }
        strcpy(numbers[number_count++], line);
    }
    fclose(file);
    if (!number_count) {
        fprintf(stderr, "generator: `%s` holds no number\n", path);
        exit(1);
    }
}

static int header(char *to)
{
    unsigned long n = ++placed;
    return snprintf(to, HEADER_BYTES,
        "agi_network: yes\nagi_network_script: gate\nagi_request: agi://127.0.0.1:%d/gate\n"
        "agi_channel: PJSIP/agent-%08lx\nagi_language: en\nagi_type: PJSIP\nagi_uniqueid: 1760180400.%lu\n"
        "agi_version: 22.5.2\nagi_callerid: +390212340000\nagi_calleridname: Acme Telecom\nagi_callingpres: 0\n"
        "agi_callingani2: 0\nagi_callington: 0\nagi_callingtns: 0\nagi_dnid: unknown\nagi_rdnis: unknown\n"
        "agi_context: agi-gate\nagi_extension: s\nagi_priority: 27\nagi_enhanced: 0.0\nagi_accountcode: \n"
        "agi_threadid: 140150832002752\nagi_arg_1: %s\nagi_arg_2: %s\nagi_arg_3: %s\n\n",
        ntohs(server.sin_port), n, n, any_number(), campaign, trunk);
}

/* The call is on its way; false where it is not, which is counted. */
static bool place(struct call *call)
{
    char text[HEADER_BYTES];
    int one = 1, length = header(text);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = call};
    call->began = now();
    call->spoken_to = call->allowed = false;
    call->held = 0;
    call->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (call->fd < 0 || connect(call->fd, (struct sockaddr *)&server, sizeof server) < 0) {
        refused++;
        if (call->fd >= 0)
            close(call->fd);
        call->fd = -1;
        return false;
    }
    setsockopt(call->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (write(call->fd, text, (size_t)length) != length) {
        broken++;
        close(call->fd);
        call->fd = -1;
        return false;
    }
    epoll_ctl(epoll, EPOLL_CTL_ADD, call->fd, &event);
    return true;
}

/* What Asterisk answers; `line` is a command without its end. */
static const char *reply(const char *line)
{
    if (!strncmp(line, "EXEC Hangup", 11) || !strncmp(line, "EXEC \"Hangup\"", 13))
        return "200 result=-1\n";
    return strncmp(line, "SET VARIABLE", 12) ? "200 result=0\n" : "200 result=1\n";
}

/* GATE_VERDICT, with or without quotes, then ALLOW: `SET VARIABLE "GATE_VERDICT" "ALLOW"`. */
static bool allows(const char *line)
{
    const char *name = strstr(line, "GATE_VERDICT");
    if (!name)
        return false;
    name += strlen("GATE_VERDICT");
    name += strspn(name, "\"\\ =");
    return !strncmp(name, "ALLOW", 5) && (!name[5] || strchr("\"\\ ,", name[5]));
}

/* Answer every whole line that came.  False where the other side cannot be answered. */
static bool answer(struct call *call)
{
    char *begin = call->line, *end;
    while ((end = memchr(begin, '\n', call->held - (size_t)(begin - call->line)))) {
        const char *said;
        *end = 0;
        /* the last word on it holds */
        if (strstr(begin, "GATE_VERDICT"))
            call->allowed = allows(begin);
        said = reply(begin);
        begin = end + 1;
        if (write(call->fd, said, strlen(said)) != (ssize_t)strlen(said))
            return false;
    }
    call->held -= (size_t)(begin - call->line);
    memmove(call->line, begin, call->held);
    return call->held < LINE_BYTES - 1;
}

/* True while the call goes on; where it does not, `*counts` says whether it was answered as it should. */
static bool listen_to(struct call *call, bool *counts)
{
    ssize_t came = read(call->fd, call->line + call->held, LINE_BYTES - 1 - call->held);
    *counts = false;
    if (came > 0) {
        call->held += (size_t)came;
        call->spoken_to = true;
        if (answer(call))
            return true;
        broken++;
    } else if (came < 0) {
        broken++;
    } else if (call->allowed && !call->held) {
        *counts = true;
    } else if (call->allowed) {
        broken++;
    } else if (call->spoken_to) {
        wrong++;
    } else {
        silent++;
    }
    return false;
}

static void end(struct call *call)
{
    close(call->fd);
    call->fd = -1;
}

static int by_size(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double percentile(const double *sorted, size_t count, double percent)
{
    size_t place = (size_t)((double)count * percent / 100);
    return count ? sorted[place < count ? place : count - 1] * 1e6 : 0;
}

int main(int argc, char **argv)
{
    if (argc != 7 && argc != 8) {
        fputs("usage: generator PORT CONNECTIONS SECONDS NUMBERS CAMPAIGN TRUNK [PAUSE_MS]\n", stderr);
        return 2;
    }
    size_t connections = strtoul(argv[2], NULL, 10), live = 0, count = 0, room = 1 << 16;
    double seconds = strtod(argv[3], NULL);
    useconds_t pause_us = argc == 8 ? (useconds_t)strtoul(argv[7], NULL, 10) * 1000 : 0;
    double *waits = allocate(room, sizeof *waits);
    struct call *calls = allocate(connections, sizeof *calls);
    struct epoll_event events[EVENTS];
    struct timespec own;

    signal(SIGPIPE, SIG_IGN);
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    campaign = argv[5];
    trunk = argv[6];
    read_numbers(argv[4]);
    dice = (uint64_t)time(NULL) * 2654435761u + (uint64_t)getpid();
    epoll = epoll_create1(EPOLL_CLOEXEC);

    long all = 0;
    double started = now(), warm = started + seconds / 10, stop = warm + seconds, looked = started;
    for (size_t i = 0; i < connections; i++)
        live += place(calls + i);
    while (live) {
        int ready = epoll_wait(epoll, events, EVENTS, 100);
        double time = now();
        for (int i = 0; i < ready; i++) {
            struct call *call = events[i].data.ptr;
            bool counts;
            if (listen_to(call, &counts))
                continue;
            time = now();
            all += counts;
            if (counts && call->began >= warm && time <= stop) {
                if (count == room && !(waits = realloc(waits, (room *= 2) * sizeof *waits)))
                    return 1;
                waits[count++] = time - call->began;
            }
            end(call);
            if (pause_us)
                usleep(pause_us);
            live -= time >= stop || !place(call);
        }
        if (time - looked < 0.1)
            continue;
        looked = time;
        for (size_t i = 0; i < connections; i++)
            if (calls[i].fd >= 0 && time - calls[i].began > CALL_LIMIT_S) {
                late++;
                end(calls + i);
                live -= time >= stop || !place(calls + i);
            }
    }

    qsort(waits, count, sizeof *waits, by_size);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    printf("{\"calls\": %zu, \"all_calls\": %ld, \"seconds\": %.6f, "
           "\"p50_us\": %.1f, \"p99_us\": %.1f, \"slowest_us\": %.1f, "
           "\"errors\": {\"refused\": %ld, \"no answer\": %ld, \"not ALLOW\": %ld, \"broken off\": %ld, "
           "\"no answer within 3 s\": %ld}, \"own_cpu_s\": %.3f, \"run_s\": %.3f}\n",
           count, all, stop - warm, percentile(waits, count, 50), percentile(waits, count, 99),
           count ? waits[count - 1] * 1e6 : 0, refused, silent, wrong, broken, late,
           (double)own.tv_sec + (double)own.tv_nsec * 1e-9, stop - started);
    return 0;
}
