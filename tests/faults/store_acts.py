"""What is done to a real store, and undone: one function a fault, with its end after the `yield`."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from agi_gate.store.keys import LOAD_ID_BYTES
from lab.processes import free_port, tied
from lab.store_server import StoreServer, servers_say
from lab.waiting import PATIENCE_S
from tests.faults.stage import Stage

_PREFIX, _KEPT = b"agi:", b"kept:"
_RANDOM = random.Random(4)


def client_of(server: StoreServer, password: str | None = None) -> redis.Redis:
    return redis.Redis(port=server.port, protocol=2, password=password, retry=Retry(NoBackoff(), 0))


@contextmanager
def absent(server: StoreServer, stage: Stage) -> Iterator[None]:
    yield
    server.restart()
    stage.load()


@contextmanager
def killed(server: StoreServer, stage: Stage) -> Iterator[None]:
    server.kill()
    yield
    server.restart()


@contextmanager
def stopped(server: StoreServer, stage: Stage) -> Iterator[None]:
    server.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.signal(signal.SIGCONT)


@contextmanager
def emptied(server: StoreServer, stage: Stage) -> Iterator[None]:
    server.kill()
    for path in sorted(Path(server.folder.name).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    server.restart()
    yield
    stage.rebuild()


@contextmanager
def loading(server: StoreServer, stage: Stage) -> Iterator[None]:
    """Started with data whose loading takes until the fault is over: it answers -LOADING."""
    with client_of(server) as client:
        # between these it listens
        client.mset({f"ballast:{number}": _RANDOM.randbytes(2048) for number in range(200)})
        keys = client.dbsize()
        client.bgrewriteaof()  # keys are loaded one by one, and slowly, from a snapshot
        servers_say(lambda: not client.info("persistence")["aof_rewrite_in_progress"], "the snapshot is written")
    server.kill()
    delay_us = int(10 * PATIENCE_S * 1_000_000 / keys)
    server.process = subprocess.Popen(
        tied([*server.command, "--key-load-delay", str(delay_us), "--loading-process-events-interval-bytes", "1024"]),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with client_of(server) as client:
        servers_say(lambda: _says_loading(client), "it says that it loads")
        yield
    server.kill()
    server.restart()
    with client_of(server) as client:
        servers_say(client.ping, "it has loaded all")


def _says_loading(client: redis.Redis) -> bool:
    try:
        client.ping()
    except redis.BusyLoadingError:
        return True
    return False


@contextmanager
def read_only(server: StoreServer, stage: Stage) -> Iterator[None]:
    with client_of(server) as client:
        client.execute_command("REPLICAOF", "127.0.0.1", free_port())
        yield
        client.execute_command("REPLICAOF", "NO", "ONE")


@contextmanager
def out_of_memory(server: StoreServer, stage: Stage) -> Iterator[None]:
    with client_of(server) as client:
        client.config_set("maxmemory", 1)
        yield
        client.config_set("maxmemory", 0)


@contextmanager
def password_changed(server: StoreServer, stage: Stage) -> Iterator[None]:
    with client_of(server) as client:
        client.config_set("requirepass", "another")
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    yield
    with client_of(server, "another") as client:
        client.config_set("requirepass", "")


@contextmanager
def right_taken(server: StoreServer, stage: Stage) -> Iterator[None]:
    with client_of(server) as client:
        client.execute_command("ACL", "SETUSER", "default", "-get", "-mget")
        yield
        client.execute_command("ACL", "SETUSER", "default", "+get", "+mget")


@contextmanager
def _instead(server: StoreServer, damage: Callable[[bytes], bytes | None], pattern: bytes = b"*") -> Iterator[None]:
    """All keys of the gate hold something else, from one instant to the next; None: a list instead of a text."""
    with client_of(server) as client:
        names = [name for name in client.scan_iter(_PREFIX + pattern, count=1000)
                 if damage is _nothing_of_ours or client.type(name) == b"string"]
        change = client.pipeline(transaction=True)
        for name in names:
            change.rename(name, _KEPT + name)
            text = damage(client.get(name) or b"" if client.type(name) == b"string" else b"")
            change.rpush(name, "x") if text is None else change.set(name, text)
        change.execute()
        yield
        back = client.pipeline(transaction=True)
        for name in names:
            back.rename(_KEPT + name, name)
        back.execute()


def _nothing_of_ours(text: bytes) -> None:
    return None


def _flip_a_bit(text: bytes) -> bytes:
    """Of the page: the id of the load that it came with, before it, says nothing once that load is over."""
    place = _RANDOM.randrange(LOAD_ID_BYTES * 8, len(text) * 8) if len(text) > LOAD_ID_BYTES else _RANDOM.randrange(
        len(text) * 8)
    changed = bytearray(text)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def of_other_types(server: StoreServer, stage: Stage) -> object:
    return _instead(server, _nothing_of_ours)


def cut_pages(server: StoreServer, stage: Stage) -> object:
    return _instead(server, lambda text: text[:len(text) // 2])


def flipped_bits(server: StoreServer, stage: Stage) -> object:
    return _instead(server, _flip_a_bit)


def random_pages(server: StoreServer, stage: Stage) -> object:
    return _instead(server, lambda text: _RANDOM.randbytes(len(text)))


def damaged_objections(server: StoreServer, stage: Stage) -> object:
    return _instead(server, _flip_a_bit, b"*:o:*")
