"""A file of ops as a stream: the same bytes however it is packed, its hash, and what refuses it as a whole."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from agi_gate.feeds import FeedError, FeedFile
from lab.waiting import PATIENCE_S

TEXT = b"3331234500,1\r\n" * 1_000


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


MAC = {"esito.csv": TEXT, "__MACOSX/._esito.csv": b"x", ".DS_Store": b"x", "folder/": b"", "folder/.DS_Store": b"x"}
PACKED = {
    "plain.csv": TEXT, "packed.zip": zipped({"esito.csv": TEXT}), "stored.zip": zipped({"a": TEXT}, zipfile.ZIP_STORED),
    "mac.zip": zipped(MAC), "PACKED.ZIP": zipped({"ESITO.CSV": TEXT}), "packed.csv.gz": gzip.compress(TEXT),
    "in two.gz": gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]), "zip by its bytes.csv": zipped({"a": TEXT}),
    "zip by its end.csv": b"PK00" + zipped({"a": TEXT}), "behind.zip": b"PK00" + zipped({"a": TEXT}),
    "gzip by its bytes.csv": gzip.compress(TEXT), "empty.csv": b""}


def written(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("name", PACKED)
def test_a_file_reads_the_same_however_it_is_packed_and_is_known_by_its_raw_bytes(tmp_path: Path, name: str) -> None:
    data = PACKED[name]
    with FeedFile(written(tmp_path, name, data)) as file:
        assert (file.name, file.path, file.raw_size) == (name, str(tmp_path / name), len(data))
        assert file.sha256() == hashlib.sha256(data).hexdigest()
        pieces = list(iter(lambda: file.read(1_000), b""))
        assert b"".join(pieces) == (TEXT if data else b"") and max(map(len, pieces), default=0) <= 1_000
        assert file.bytes_read == len(data)


@pytest.mark.parametrize("packed", (TEXT, gzip.compress(TEXT), zipped({"a": TEXT})), ids=("plain", "gzip", "zip"))
def test_what_comes_over_a_pipe_can_be_read_again_until_it_is_closed(tmp_path: Path, packed: bytes) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(packed,))
    writer.start()
    with FeedFile(str(pipe)) as file:
        assert (file.name, file.raw_size) == ("pipe.csv", len(packed)) and file.path != str(pipe)
        assert b"".join(file) == TEXT
        spool = Path(file.path)
        assert spool.read_bytes() == packed and spool.stat().st_mode & 0o777 == 0o600
    writer.join()
    assert not spool.exists()


def test_stdin_is_read_to_its_end() -> None:
    code = ("from agi_gate.feeds import FeedFile\nwith FeedFile('-') as file:\n"
            "    print(file.name, file.raw_size, len(b''.join(file)), file.sha256())")
    packed = gzip.compress(TEXT)
    ran = subprocess.run([sys.executable, "-c", code], input=packed, capture_output=True, timeout=PATIENCE_S, check=True)
    assert ran.stdout.decode().split() == ["stdin", str(len(packed)), str(len(TEXT)),
                                           hashlib.sha256(packed).hexdigest()]


def _locked() -> bytes:
    data = bytearray(zipped({"a": TEXT}))
    for header, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(header) + flags_at] |= 1
    return bytes(data)


@pytest.mark.parametrize(("name", "data", "why"), (
    ("two.zip", zipped({"a.csv": TEXT, "b.csv": TEXT}), "two.zip: holds 2 files; it must hold one list"),
    ("none.zip", zipped({"__MACOSX/._a.csv": TEXT}), "holds 0 files"),
    ("locked.zip", _locked(), "is encrypted; unpack it"),
    ("odd.zip", zipped({"a": TEXT}, zipfile.ZIP_LZMA), "pack it as a plain zip"),
    ("cut.zip", zipped({"a": os.urandom(9_000)})[:5_000], "is cut short"),
    ("cut.gz", gzip.compress(os.urandom(9_000))[:5_000], "is cut short"),
    ("cut late.gz", gzip.compress(TEXT)[:-3], "is cut short"), ("no.gz", TEXT, "not what its name says"),
    ("longer.gz", gzip.compress(TEXT) + b"x", "not what its name says"), ("no.zip", TEXT, "not what its name says")))
def test_a_file_that_cannot_be_unpacked_is_refused(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    with pytest.raises(FeedError) as caught, FeedFile(written(tmp_path, name, data)) as file:
        list(file)
    assert str(caught.value).startswith(f"{name}: ") and why in str(caught.value)


@pytest.mark.parametrize("path", ("absent.csv", "."))
def test_what_is_no_file_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(FeedError, match=f"`{tmp_path / path}` cannot be read: "):
        FeedFile(str(tmp_path / path))


@pytest.mark.parametrize("pack", (bytes, gzip.compress, lambda text: zipped({"a": text})), ids=("plain", "gzip", "zip"))
def test_the_bound_on_what_is_unpacked_is_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                pack: Callable[[bytes], bytes]) -> None:
    path = written(tmp_path, "esito", pack(TEXT))
    monkeypatch.setattr("agi_gate.feeds.files.MAX_BYTES", len(TEXT))
    with FeedFile(path) as file:
        assert b"".join(file) == TEXT
    monkeypatch.setattr("agi_gate.feeds.files.MAX_BYTES", len(TEXT) - 1)
    with pytest.raises(FeedError, match="more than any list"), FeedFile(path) as file:
        list(file)


def test_a_pipe_without_an_end_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agi_gate.feeds.files.MAX_BYTES", 1 << 20)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        assert endless.stdout is not None
        with pytest.raises(FeedError, match="more than any list"):
            FeedFile(f"/dev/fd/{endless.stdout.fileno()}")
        endless.kill()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_still_being_written_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "esito.csv", TEXT)
    with FeedFile(path) as file:
        file.read(100)
        with Path(path).open("ab") as upload:
            upload.write(b"3331234501,0\n")
        with pytest.raises(FeedError, match="was written to while it was read; wait until it is complete"):
            list(file)
