"""A gate as one would write it with pyst2 as it ships, a thread a call: one look-up, one answer, no rules, no log.

    python pyst2_peer.py STORE_URL          says `listening on PORT`

pyst2's own `asterisk.fastagi` does not import on Python 3, so its `AGI` is given a socket as stdin and stdout, which is
what that module meant to do.  `AGI()` calls `signal.signal`, which fails in every thread but the main one: here it is
made to do nothing, or pyst2 would not run in a thread at all.  What it tells stderr of every header line it tells.
"""

import signal
import socket
import socketserver
import sys

import redis
from asterisk import agi

signal.signal = lambda *_: None


class Server(socketserver.ThreadingTCPServer):
    request_queue_size = 1024
    daemon_threads = True

    def __init__(self, store_url: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = redis.Redis.from_url(store_url)


class Handler(socketserver.StreamRequestHandler):
    server: Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with self.request.makefile("w", encoding="utf-8") as writing:
            conversation = agi.AGI(self.rfile, writing)
            check = self.server.store.get(f"registry:acme:+39{conversation.env['agi_arg_1']}")
            verdict = "ALLOW" if check is not None and check.startswith(b"0") else "DENY"
            conversation.set_variable("GATE_VERDICT", verdict)


if __name__ == "__main__":
    with Server(sys.argv[1]) as server:
        assert server.socket.family == socket.AF_INET
        print(f"listening on {server.server_address[1]}", flush=True)
        server.serve_forever()
