"""Ops' files: lenient where a spreadsheet or the registry's operator varies, strict in all that carries meaning."""

from __future__ import annotations

import bz2
import gzip
import io
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_gate import feeds
from agi_gate.columns import e164_of

FIXED, MOBILE, SHORT = "+390212345600", "+393331234500", "+39021234"


def zipped(*texts: bytes, method: int = zipfile.ZIP_DEFLATED, name: str = "lista.txt") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number or ''}{name}", text)
    return buffer.getvalue()


def written(folder: Path, data: bytes, name: str = "esito.txt") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def read(path: str, submitted: str | None = None) -> feeds.RegistryFeed:
    with feeds.FeedFile(path) as file:
        if submitted is None:
            return feeds.read_registry(file)
        with feeds.FeedFile(submitted) as submitted_file:
            return feeds.read_registry(file, submitted_file)


def registry(folder: Path, data: bytes, submitted: bytes | None = None, name: str = "esito.txt") -> feeds.RegistryFeed:
    return read(written(folder, data, name), None if submitted is None else written(folder, submitted, "lista.txt"))


def results(feed: feeds.RegistryFeed) -> dict[str, bool]:
    return dict(zip(map(e164_of, feed.numbers.tolist()), feed.enrolled.tolist(), strict=True))


# --- registry, flagged

FLAGGED = {FIXED: True, MOBILE: False}
SAME_FILE = {
    "LF": b"0212345600,1\n3331234500,0\n", "CRLF": b"0212345600,1\r\n3331234500,0\r\n",
    "CR": b"0212345600,1\r3331234500,0\r", "CR and a third column": b"0212345600,1,A\r3331234500,0,A\r",
    "CR, no end": b"0212345600,1\r3331234500,0", "mixed": b"0212345600,1\r\n3331234500,0\r0212345600,1\n",
    "separator named": b"sep=;\r\n0212345600;1\r\n3331234500;0\r\n", "TAB named": b'"sep=\t"\n0212345600\t1\n3331234500\t0\n',
    "separator named by CR": b"SEP=,\r0212345600,1\r3331234500,0\r",
    "no-break blanks at the ends": "\u00a00212345600\u00a0,1\n3331234500\u202f,0\n".encode(),
    "signs": b"02/12345600,1\n333-1234500,0\n",
    "no end": b"0212345600,1\n3331234500,0",
    "BOM": b"\xef\xbb\xbf0212345600,1\n3331234500,0\n", "semicolon": b"0212345600;1\n3331234500;0\n",
    "tab": b"0212345600\t1\n3331234500\t0\n", "blanks": b" 0212345600 , 1 \n3331234500,0\n",
    "empty lines at the end": b"0212345600,1\n3331234500,0\n\r\n\n  \n", "E.164": b"+390212345600,1\n+393331234500,0\n",
    "with 0039": b"00390212345600,1\n00393331234500,0\n",
    "extra columns": b"0212345600,1,Milano,2026\n3331234500,0,,\n",
    "extra columns with other separators": b"0212345600;1;Rossi, Mario, Milano\n3331234500;0;\n",
    "Latin-1": "0212345600,1,Forlì\n3331234500,0,è\n".encode("latin-1"),
    "UTF-8": "0212345600,1,Forlì\n3331234500,0\n".encode(),
    "one number twice": b"0212345600,1\n3331234500,0\n0212345600,1\n",
}


@pytest.mark.parametrize("data", SAME_FILE.values(), ids=SAME_FILE)
def test_a_flagged_file_reads_the_same_in_each_dress(tmp_path: Path, data: bytes) -> None:
    for name, packed in (("esito.txt", data), ("esito.zip", zipped(data)), ("esito.dat", zipped(data)),
                         ("esito.txt.gz", gzip.compress(data)), ("ESITO.ZIP", zipped(data, name="ESITO.TXT"))):
        feed = registry(tmp_path, packed, name=name)
        assert (results(feed), feed.rejects, feed.name) == (FLAGGED, [], name)


@given(st.lists(st.sampled_from(("0212345600,1", "3331234500,0", "021234,1", "x,1", "")), max_size=8),
       st.lists(st.sampled_from((b"\n", b"\r\n", b"\r")), min_size=8, max_size=8), st.integers(1, 30))
def test_lines_are_those_of_the_same_file_with_plain_ends(rows: list[str], ends: list[bytes], piece_bytes: int) -> None:
    class Pieces:
        name = "esito.txt"

        def __iter__(self) -> Iterator[bytes]:
            return (data[start:start + piece_bytes] for start in range(0, len(data), piece_bytes))

    data = b"".join(row.encode() + end for row, end in zip(rows, ends, strict=False))
    data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if b"\r\r\n" in data or b"\r\n\n" in data else data
    lines = feeds.lines.Lines(Pieces())  # type: ignore[arg-type]
    assert b"".join(lines).decode().split("\n")[:-1] == io.StringIO(data.decode(), newline=None).read().split("\n")[:-1]
    assert lines.is_ended


@pytest.mark.parametrize(("field", "number"), (
    ("021234", SHORT), ("0212345600", FIXED), ("02123456789", "+3902123456789"), ("021234567890", "+39021234567890"),
    ("333123456", "+39333123456"), ("3331234500", MOBILE), ("3931234567", "+393931234567"),
    ("5512345678", "+395512345678")))
def test_short_and_long_numbers_are_not_lost(tmp_path: Path, field: str, number: str) -> None:
    assert results(registry(tmp_path, f"{field},1\n".encode())) == {number: True}


REJECTED = {
    "header": (b"numero,esito", "`numero` is not an Italian number"), "no flag": (b"0212345601", "there is no flag"),
    "empty flag": (b"0212345601,", "`` is no flag"), "flag as a word": (b"0212345601,si", "`si` is no flag"),
    "flag of two digits": (b"0212345601,01", "`01` is no flag"), "flag 2": (b"0212345601,2", "`2` is no flag"),
    "flag of another script": ("0212345601,١".encode(), "`١` is no flag"), "too short": (b"02123,0", "`02123` is not"),
    "too long": (b"0212345678901,0", "`0212345678901` is not"), "bare 39": (b"39333123450,0", "`39333123450` is not"),
    "eleven digits that begin with 39": (b"393331234500,0", "`393331234500` is not"),
    "landline without its 0": (b"212345600,0", "`212345600` is not"),
    "foreign": (b"+41446681800,0", "`+41446681800` is not"),
    "a word": (b"abc,0", "`abc` is not"), "empty line in the middle": (b"", "is empty"),
    "quoted": (b'"0212345601","0"', "is not"),
    "another separator": (b"0212345601;0", "`0212345601;0` is not"),
    "two numbers": (b"0212345601 0212345602,0", "is not"),
    "emergency": (b"112,0", "`112` is not"), "digits of another script": ("٠٢١٢٣٤٥٦٠٠,0".encode(), "is not"),
}


@pytest.mark.parametrize(("row", "why"), REJECTED.values(), ids=REJECTED)
def test_a_row_that_is_not_sure_is_rejected_with_its_line(tmp_path: Path, row: bytes, why: str) -> None:
    feed = registry(tmp_path, b"0212345600,1\r\n" + row + b"\r\n3331234500,0\r\n")
    assert results(feed) == FLAGGED
    assert [(reject.file, reject.line) for reject in feed.rejects] == [("esito.txt", 2)]
    assert why in feed.rejects[0].why and ",".join(feed.rejects[0].cells).encode() == row


@pytest.mark.parametrize("flags", ((0, 1), (1, 0), (0, 1, 0)), ids=str)
def test_a_number_with_both_flags_is_rejected_and_never_counts_as_clear(tmp_path: Path, flags: tuple[int, ...]) -> None:
    feed = registry(tmp_path, "".join(f"0212345600,{flag}\n" for flag in flags).encode())
    assert results(feed) == {FIXED: True}
    assert feed.rejects and "has both flags" in feed.rejects[0].why


# --- what a file's shape says

@pytest.mark.parametrize("end", ("\n", "\r\n", "\r"))
def test_a_file_without_a_line_end_at_its_end_is_noticed(tmp_path: Path, end: str) -> None:
    text = f"0212345600,1{end}3331234500,0"
    assert registry(tmp_path, f"{text}{end}".encode()).notices == []
    notice, = registry(tmp_path, text.encode()).notices
    assert notice.startswith("esito.txt: its last line has no line end")
    submitted = registry(tmp_path, b"3331234500\n", f"0212345600{end}3331234500".encode()).notices
    assert [notice.split(":")[0] for notice in submitted] == ["lista.txt"]


@pytest.mark.parametrize(("rows", "is_noticed"), ((65_534, False), (65_535, True), (65_536, True), (65_537, False),
                                                  (1_048_575, True), (1_048_576, True), (1_048_577, False)))
def test_as_many_rows_as_a_sheet_holds_are_noticed(tmp_path: Path, rows: int, is_noticed: bool) -> None:
    text = "".join(f"{number},0\n" for number in range(3_330_000_000, 3_330_000_000 + rows))
    notices = registry(tmp_path, text.encode() + b"\n\n").notices
    assert [f"has {rows:,} rows, as many as a spreadsheet holds" in notice for notice in notices] == [True] * is_noticed


# --- numbers in doubt

def test_doubtful_numbers_are_counted_with_the_first(tmp_path: Path) -> None:
    feed = registry(tmp_path, b"0212345600,1\n331234567,0\n+39 331 234568,1\n803123456,0\n800123456,0\n70234567,0\n5512345678,0\n")
    assert [(doubts.rows, doubts.count, doubts.line) for doubts in feed.doubts] == [(7, 4, 2)]
    notice, = feed.doubts[0].notices()
    assert "`331234567` is an old mobile number of nine digits, or `0331234567` without its 0" in notice
    feed = registry(tmp_path, b"3331234500\n", b"3331234500\n803123456\n")
    assert [(doubts.file, doubts.count) for doubts in feed.doubts] == [("esito.txt", 0), ("lista.txt", 1)]
    assert "`803123456` is a service number, or `0803123456` without its 0" in "".join(feed.doubts[1].notices())


def test_landlines_that_may_be_mobiles_are_noticed_and_refuse_nothing(tmp_path: Path) -> None:
    feed = registry(tmp_path, b"0212345600,1\n03451234567,0\n03911234567,0\n0301234567,0\n03012345678,0\n0345123456,0\n")
    assert not feed.doubts[0].are_too_many(None)
    notice, = feed.doubts[0].notices()
    assert "2 landlines of 6 numbers would be mobiles without their 0, as `03451234567` and `3451234567`" in notice


@pytest.mark.parametrize(("rows", "doubtful", "most", "refused"), (
    (1, 1, None, True), (1, 1, 1, False), (999, 1, None, True), (1_000, 1, None, False), (1_000, 2, None, True),
    (1_999, 2, None, True), (2_000, 2, None, False), (5_000, 6, None, True), (5_000, 6, 6, False), (5_000, 1, 0, True)))
def test_too_many_doubtful_numbers_refuse_a_file(rows: int, doubtful: int, most: int | None, refused: bool) -> None:
    doubts = feeds.doubts.Doubts("esito.txt")
    doubts.add(np.array([39331234567] * doubtful + [393331234500] * (rows - doubtful), np.int64), lambda place: place + 1)
    assert doubts.are_too_many(most) is refused
    if refused:
        with pytest.raises(feeds.FeedError, match=f"load it with --max-doubtful {doubtful}$"):
            doubts.check(most)
    else:
        doubts.check(most)


# --- registry, stripped

SUBMITTED = b"0212345600\r\n3331234500\r\n021234\r\n"


@pytest.mark.parametrize("returned", (
    b"3331234500\r\n021234\r\n", b"021234\n3331234500", b"+39021234\n3331234500;x\n",
    b"3331234500\n021234\n3331234500\n"))
def test_what_is_missing_from_a_stripped_file_is_enrolled(tmp_path: Path, returned: bytes) -> None:
    feed = registry(tmp_path, returned, SUBMITTED)
    assert (results(feed), feed.rejects) == ({FIXED: True, MOBILE: False, SHORT: False}, [])


def test_an_empty_stripped_file_means_that_all_are_enrolled(tmp_path: Path) -> None:
    for returned in (b"", b"\r\n", b"\xef\xbb\xbf"):
        assert set(results(registry(tmp_path, returned, SUBMITTED)).values()) == {True}


def test_both_files_of_a_stripped_check_may_be_packed(tmp_path: Path) -> None:
    feed = read(written(tmp_path, zipped(b"3331234500\n"), "esito.zip"),
                               written(tmp_path, zipped(SUBMITTED), "lista.zip"))
    assert results(feed) == {FIXED: True, MOBILE: False, SHORT: True}


def test_a_number_that_was_never_submitted_is_rejected(tmp_path: Path) -> None:
    feed = registry(tmp_path, b"3331234500\n3339999999\n", SUBMITTED)
    assert [(reject.file, reject.line, reject.why) for reject in feed.rejects] == [
        ("esito.txt", 2, "`3339999999` was never submitted in lista.txt")]
    assert "+393339999999" not in results(feed)


def test_a_wrong_row_of_the_submitted_file_is_named_as_that_file_s(tmp_path: Path) -> None:
    feed = registry(tmp_path, b"3331234500\n", b"3331234500\nnumero\n")
    assert [(reject.file, reject.line) for reject in feed.rejects] == [("lista.txt", 2)]


def test_a_wrong_row_of_a_stripped_file_does_not_make_a_number_callable(tmp_path: Path) -> None:
    feed = registry(tmp_path, b"33312345O0\n", SUBMITTED)
    assert set(results(feed).values()) == {True} and len(feed.rejects) == 1


@pytest.mark.parametrize("returned",
                         (b"0212345600,1\n3331234500,0\n", b"0212345600,1\n3331234500\n", b"3331234500\n021234;0\n"))
def test_a_flagged_file_is_never_read_as_a_stripped_one(tmp_path: Path, returned: bytes) -> None:
    with pytest.raises(feeds.FeedError, match="carries flags"):
        registry(tmp_path, returned, SUBMITTED)


def test_a_stripped_file_is_never_read_as_a_flagged_one(tmp_path: Path) -> None:
    feed = registry(tmp_path, SUBMITTED)
    assert results(feed) == {} and {reject.why for reject in feed.rejects} == {
        "there is no flag; a stripped file needs --submitted FILE"}


def test_a_stripped_check_is_known_by_both_of_its_files(tmp_path: Path) -> None:
    one, other = registry(tmp_path, b"021234\n", SUBMITTED), registry(tmp_path, b"021234\n",
                                                                      SUBMITTED + b"3331234501\n")
    assert one.sha256 != other.sha256
    assert one.sha256 == registry(tmp_path, b"021234\n", SUBMITTED).sha256


@pytest.mark.parametrize("submitted", (
    b"sep=;\n0212345600\n3331234500\n021234\n", b"0212345600\r3331234500\r021234\r", b"0212345600;x;0\n3331234500;;\n021234;1;1\n",
    b"\xef\xbb\xbf0212345600\n+39 333 1234500\n021234\n\n\n"))
def test_what_was_submitted_is_read_in_each_dress(tmp_path: Path, submitted: bytes) -> None:
    for returned in (b"3331234500\r021234", b"sep=;\n3331234500\n02 1234\n"):
        feed = registry(tmp_path, returned, submitted)
        assert (results(feed), feed.rejects) == ({FIXED: True, MOBILE: False, SHORT: False}, [])


def test_a_line_of_one_digit_is_no_flag_of_the_line_before_it(tmp_path: Path) -> None:
    feed = registry(tmp_path, b"3331234500\n1\n", SUBMITTED)
    assert results(feed)[MOBILE] is False and [reject.line for reject in feed.rejects] == [2]


def test_millions_of_numbers_are_compared_in_little_memory(tmp_path: Path) -> None:
    count = 1_000_000
    text = "".join(f"{number}\r\n" for number in range(3_330_000_000, 3_330_000_000 + count)).encode()
    paths = written(tmp_path, text, "esito.txt"), written(tmp_path, text, "lista.txt")
    tracemalloc.start()
    try:
        feed = read(*paths)
        assert len(feed.numbers) == count and not feed.enrolled.any()
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


# --- files as a whole

UNUSABLE = {
    "empty": (b"", "esito.txt", "is empty"), "only blanks": (b" \r\n\r\n", "esito.txt", "is empty"),
    "two members": (zipped(b"0212345600,1", b"x"), "esito.zip", "holds 2 files"),
    "no member": (zipped(), "esito.zip", "holds 0 files"),
    "no zip": (b"0212345600,1\n", "esito.zip", "cut short, locked or not"),
    "zip cut short": (zipped(b"0212345600,1\n" * 99)[:-30], "esito.zip", "cut short"),
    "gzip cut short": (gzip.compress(b"0212345600,1\n" * 99)[:-9], "esito.txt.gz", "cut short"),
    "no gzip": (b"0212345600,1\n", "esito.txt.gz", "cut short, locked or not"),
}


@pytest.mark.parametrize(("data", "name", "why"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_that_cannot_be_used_is_refused_as_a_whole(tmp_path: Path, data: bytes, name: str, why: str) -> None:
    with pytest.raises(feeds.FeedError, match=why) as caught:
        registry(tmp_path, data, name=name)
    assert name in str(caught.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.txt", tmp_path):
        with pytest.raises(feeds.FeedError, match=f"`{path}` cannot be read"):
            read(str(path))


def test_a_locked_zip_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped(b"0212345600,1\n", method=zipfile.ZIP_STORED))
    for header, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(header) + flags_at] |= 1
    with pytest.raises(feeds.FeedError, match="encrypted"):
        registry(tmp_path, bytes(data), name="esito.zip")


@pytest.mark.parametrize("method", (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
def test_a_zip_that_is_packed_in_an_unusual_way_is_refused(tmp_path: Path, method: int) -> None:
    with pytest.raises(feeds.FeedError, match="plain zip"):
        registry(tmp_path, zipped(b"0212345600,1\n", method=method), name="esito.zip")


@pytest.mark.parametrize("method", (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
def test_a_damaged_zip_is_refused_or_reads_the_same(tmp_path: Path, method: int) -> None:
    whole, dice = zipped(b"0212345600,1\r\n3331234500,0\r\n" * 9, method=method), random.Random(method)
    for _ in range(400):
        data = bytearray(whole)
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        try:
            feed = registry(tmp_path, bytes(data), name="esito.zip")
        except feeds.FeedError:
            continue
        assert (results(feed), feed.rejects) == (FLAGGED, [])


def _lying_zip(text: bytes, declared: int) -> bytes:
    data = bytearray(zipped(text))
    for header, size_at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.index(header) + size_at
        data[start:start + 4] = declared.to_bytes(4, "little")
    return bytes(data)


BOMB = bytes(64 << 20)


@pytest.mark.parametrize(("data", "name"), (
    (zipped(BOMB), "bomb.zip"), (gzip.compress(BOMB, 9), "bomb.gz"), (_lying_zip(BOMB, 1000), "lying.zip"),
    (zipped(BOMB, method=zipfile.ZIP_BZIP2), "bzip2.zip")), ids=lambda value: value if isinstance(value, str) else "")
def test_a_file_that_unpacks_to_more_than_any_list_is_refused_in_little_memory(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, name: str) -> None:
    monkeypatch.setattr(feeds.files, "MAX_BYTES", 1 << 20)
    path = written(tmp_path, data, name)
    tracemalloc.start()
    try:
        with pytest.raises(feeds.FeedError):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_file_of_the_greatest_size_is_read_and_one_byte_more_is_not(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"0212345600,1\r\n3331234500,0\r\n"
    for data, name in ((text, "esito.txt"), (zipped(text), "esito.zip"), (gzip.compress(text), "esito.gz")):
        monkeypatch.setattr(feeds.files, "MAX_BYTES", len(text))
        assert results(registry(tmp_path, data, name=name)) == FLAGGED
        monkeypatch.setattr(feeds.files, "MAX_BYTES", len(text) - 1)
        with pytest.raises(feeds.FeedError, match="more than any list"):
            registry(tmp_path, data, name=name)


def test_what_is_packed_in_another_way_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(feeds.FeedError, match="no text at all"):
        registry(tmp_path, bz2.compress(b"0212345600,1\n"))
