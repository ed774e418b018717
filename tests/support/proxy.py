"""TCP proxies: one counts how often the client must wait for the server, one says an answer twice."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from types import TracebackType


class CountingProxy:
    """Stands before a server; `round_trips` counts what was sent after an answer, `url` is the way through it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run)
        self.round_trips = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def _run(self) -> None:
        client, _ = self._listener.accept()
        with client, socket.create_connection(("127.0.0.1", self._port)) as server, \
                selectors.DefaultSelector() as selector:
            for stream in (client, server, self._woken):
                selector.register(stream, selectors.EVENT_READ)
            last = server
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._woken or not (data := key.fileobj.recv(65536)):  # type: ignore[union-attr]
                        return
                    if key.fileobj is client:
                        self.round_trips += last is server
                        server.sendall(data)
                    else:
                        client.sendall(data)
                    last = key.fileobj  # type: ignore[assignment]

    def __enter__(self) -> CountingProxy:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._wake.close()
        self._thread.join()
        self._woken.close()
        self._listener.close()


class DoublingProxy:
    """Stands before a server; says the answer that comes next once more, a moment later."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._is_to_double = False
        self.doubled = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def double_next(self) -> None:
        self._is_to_double = True

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                self._connections += client, server
                for one, other, doubles in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._pass_on, args=(one, other, doubles), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, doubles: bool) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
                if doubles and self._is_to_double:
                    self._is_to_double = False
                    time.sleep(0.01)
                    other.sendall(data)
                    self.doubled += 1
            other.shutdown(socket.SHUT_WR)

    def __enter__(self) -> DoublingProxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for connection in (self._listener, *self._connections):
            connection.close()
