"""A TCP proxy before a store that does to the store's answers what a bad network does."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from types import TracebackType

PASS, CUT, SILENT, SLOW, DRIP, FLIP, RESET = "pass", "cut", "silent", "slow", "drip", "flip", "reset"
SLOW_S = 10.0
_DRIP_S = 0.2
_LONGEST_CLAIM_BYTES = 32


class StoreProxy:
    """`mode` holds for what comes from now on:

    cut: half of the answer, then the end; reset: the same, with a RST; silent: nothing; slow: all of it after ten
    seconds; drip: one byte each 0.2 s; flip: one bit of it is another, but for the answer to a claim, a bare number that
    nothing but TLS protects.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._random = random.Random(4)
        self.mode = PASS

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                continue
            self._open |= {client, server}
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._copy, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, True), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not answers or self.mode == PASS:
                    target.sendall(data)
                elif not self._answer(data, target):
                    break
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._open.discard(one)

    def _answer(self, data: bytes, target: socket.socket) -> bool:
        """Pass an answer on as the mode wants it; say whether the connection goes on."""
        mode = self.mode
        if mode in (CUT, RESET):
            target.sendall(data[:len(data) // 2])
            if mode == RESET:
                target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        if mode == SLOW:
            self._over.wait(SLOW_S)
        elif mode == DRIP:
            for byte in data:
                target.sendall(bytes([byte]))
                if self._over.wait(_DRIP_S):
                    return False
            return True
        elif mode == FLIP and len(data) > _LONGEST_CLAIM_BYTES:
            place = self._random.randrange(len(data) * 8)
            data = bytearray(data)
            data[place // 8] ^= 1 << place % 8
        if mode != SILENT:
            target.sendall(data)
        return True

    def __enter__(self) -> StoreProxy:
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + 2
        while self._open and time.monotonic() < deadline:
            time.sleep(0.01)
