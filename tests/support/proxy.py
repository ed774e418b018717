"""A TCP proxy that counts how often the client must wait for the server."""

from __future__ import annotations

import selectors
import socket
import threading
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
