/* The floor: what a conversation costs where nothing is decided.
 *
 * Reads the header, says one command, reads the reply, closes; one call after the other, no look-up, no log.
 * Says `listening on PORT`. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char ANSWER[] = "EXEC MSet \"GATE_REASON=SERVICE,GATE_DESTINATION=0,GATE_CALLER_ID=0,GATE_VERDICT=ALLOW\"\n";

/* Read until `end` was seen; 0 where the other side went before. */
static int read_until(int fd, const char *end)
{
    char text[8192];
    size_t held = 0, length = strlen(end);
    while (held < length || memcmp(text + held - length, end, length)) {
        ssize_t came = held < sizeof text ? read(fd, text + held, sizeof text - held) : 0;
        if (came <= 0)
            return 0;
        held += (size_t)came;
    }
    return 1;
}

int main(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    /* as the gate's listener has it */
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)
        || getsockname(listener, (struct sockaddr *)&address, &size)) {
        perror("empty_server");
        return 1;
    }
    printf("listening on %d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int call = accept(listener, NULL, NULL);
        if (call < 0)
            continue;
        if (read_until(call, "\n\n") && write(call, ANSWER, sizeof ANSWER - 1) == sizeof ANSWER - 1)
            read_until(call, "\n");
        close(call);
    }
}
