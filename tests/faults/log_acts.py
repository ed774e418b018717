"""What is done to the decision log's file, folder and disk, and undone."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.stage import NOT_INJECTED, Stage


@contextmanager
def full_disk(stage: Stage) -> Iterator[None]:
    """Fill what is left of it to the last byte."""
    filler = stage.seen_by_daemon(stage.folder / "log" / "filler")
    stop, is_full = threading.Event(), threading.Event()

    def fill() -> None:
        # whatever a record that was cut and taken back has left is taken, too
        with filler.open("ab", buffering=0) as stream:
            while not stop.wait(0.002):
                for size in (4096, 64, 1):
                    try:
                        while stream.write(bytes(size)) == size:
                            pass
                    except OSError:
                        pass
                is_full.set()
    filling = threading.Thread(target=fill)
    filling.start()
    is_full.wait()
    yield
    stop.set()
    filling.join()
    filler.unlink()


@contextmanager
def read_only_disk(stage: Stage) -> Iterator[None]:
    """From the next time the file is opened on: what is open already can be written still, and is."""
    folder, side = stage.folder / "log", stage.folder / "log.side"
    side.mkdir()
    enter = ["nsenter", "-t", str(stage.daemon.process.pid), "-m", *(["-U"] if os.getuid() else [])]
    # made read-only where nobody looks: a mount through which a file is open for writing refuses to become it
    subprocess.run([*enter, "mount", "--bind", folder, side], check=True)
    subprocess.run([*enter, "mount", "-o", "remount,bind,ro", side], check=True)
    below = os.open(stage.seen_by_daemon(folder), os.O_RDONLY | os.O_DIRECTORY)
    try:
        subprocess.run([*enter, "mount", "--bind", side, folder], check=True)
        os.rename("decisions.jsonl", "decisions.jsonl.before", src_dir_fd=below, dst_dir_fd=below)
    finally:
        os.close(below)
    yield
    subprocess.run([*enter, "umount", folder, side], check=True)


@contextmanager
def file_size_limit(stage: Stage) -> Iterator[None]:
    """No file may grow: what a write says on a full disk or past a quota (EFBIG), without either."""
    for worker in stage.daemon.workers():
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    yield
    for worker in stage.daemon.workers():
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def folder_gone(stage: Stage) -> Iterator[None]:
    log = stage.folder / "log"
    log.rename(stage.folder / "log.away")
    yield
    log.mkdir()


@contextmanager
def folder_moved_and_back(stage: Stage) -> Iterator[None]:
    log, away = stage.folder / "log", stage.folder / "log.back"
    log.rename(away)
    yield
    away.rename(log)


@contextmanager
def file_in_folders_place(stage: Stage) -> Iterator[None]:
    log, away = stage.folder / "log", stage.folder / "log.aside"
    log.rename(away)
    log.touch()
    yield
    log.unlink()
    away.rename(log)


@contextmanager
def directory_in_its_place(stage: Stage) -> Iterator[None]:
    path = stage.folder / "log" / "decisions.jsonl"
    path.rename(f"{path}.before")
    path.mkdir()
    yield
    path.rmdir()


@contextmanager
def immutable(stage: Stage) -> Iterator[None]:
    """A file that cannot be opened for writing; the daemon's descriptor is gone with the file that was there before."""
    path = stage.folder / "log" / "decisions.jsonl"
    path.rename(f"{path}.mutable")
    path.touch()
    if subprocess.run(["chattr", "+i", path], capture_output=True).returncode:
        path.unlink()
        Path(f"{path}.mutable").rename(path)
        pytest.skip(NOT_INJECTED + "chattr +i wants root, and a disk that knows it")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


@contextmanager
def rotated(stage: Stage) -> Iterator[None]:
    """Moved away again and again, as logrotate does."""
    path, stop = stage.folder / "log" / "decisions.jsonl", threading.Event()

    def rotate() -> None:
        number = 0
        while not stop.wait(0.01):
            if path.exists():
                path.rename(f"{path}.rotated.{(number := number + 1)}")
    rotating = threading.Thread(target=rotate)
    rotating.start()
    yield
    stop.set()
    rotating.join()
