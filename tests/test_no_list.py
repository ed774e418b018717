"""What people send instead of a list is called by its name, in English and Italian, before any row of it is read."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from pathlib import Path

import pytest

from agi_gate.feeds import FeedError, FeedFile

SIGNED = bytes.fromhex("30820a0006092a864886f70d010702a08209f1") + b"3331234500,1\r\n" * 9


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "<x/>" if name != "mimetype" else "application/vnd.oasis.opendocument.spreadsheet",
                             zipfile.ZIP_STORED if name == "mimetype" else None)
    return buffer.getvalue()


XLSX = zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml")
NO_LIST = {
    "lista.xlsx": (XLSX, "an Excel workbook", "una cartella di lavoro Excel"),
    "lista.csv": (XLSX, "an Excel workbook", "`CSV UTF-8`"),
    "lista.zip": (zipped("docProps/app.xml", "xl/workbook.xml"), "an Excel workbook", "cartella di lavoro Excel"),
    "lista.xls": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "an Excel workbook", "cartella di lavoro Excel"),
    "lista.ods": (zipped("mimetype", "content.xml"), "a LibreOffice sheet", "un foglio di LibreOffice"),
    "lista.docx": (zipped("[Content_Types].xml", "word/document.xml"), "a text document", "un documento di testo"),
    "esito.txt.p7m": (SIGNED, "a signed file", "un file firmato"),
    "esito.p7m": (base64.encodebytes(SIGNED), "a signed file", "un file firmato"),
    "esito.pem": (b"-----BEGIN PKCS7-----\nMIIK\n", "a signed file", "un file firmato"),
    "esito.eml": (b"Return-Path: <x@example.com>\r\nReceived: from a\r\nSubject: esito\r\n\r\n3331234500,1\r\n", "a mail message",
                  "un messaggio di posta"),
    "lista.pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF", "un PDF"),
    "esito.html": (b"\xef\xbb\xbf\r\n<!DOCTYPE html><html><body>Accesso negato", "a web page", "una pagina web"),
    "esito.htm": (b"<html lang='it'>", "a web page", "una pagina web"),
    "lista.xml": (b"<?xml version='1.0'?><Workbook/>", "an XML file", "un file XML"),
    "lista.rtf": (b"{\\rtf1 3331234500}", "a text document", "un documento di testo"),
    "lista.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(9), "an archive", "un archivio"),
    "lista.rar": (b"Rar!\x1a\x07\x01\x00", "an archive", "un archivio"),
    "foto.jpg": (b"\xff\xd8\xff\xe0", "a picture", "un'immagine"),
}


@pytest.mark.parametrize("name", NO_LIST)
def test_what_is_no_list_is_called_by_its_name_however_it_is_packed(tmp_path: Path, name: str) -> None:
    data, english, italian = NO_LIST[name]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    for file_name, content in ((name, data), ("packed.gz", gzip.compress(data)), ("packed.zip", packed.getvalue())):
        (tmp_path / file_name).write_bytes(content)
        with pytest.raises(FeedError) as caught:
            FeedFile(str(tmp_path / file_name))
        said = str(caught.value)
        assert said.startswith(f"{file_name}: is {english}") and italian in said and "\x00" not in said and len(said) < 300


@pytest.mark.parametrize("text", (
    b"number,controller\n", b"3331234500,1\r\n", b"MI,1\n", b"MIIKAAYJ\n", b"0212345600,<html>\n", b"From: x\n", b"sep=;\n", b"",
    b"Date,Number\n", b"\xff\xfe3\x003\x00", b"0,1\n"))
def test_a_list_is_a_list(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "lista.csv").write_bytes(text)
    with FeedFile(str(tmp_path / "lista.csv")) as file:
        assert b"".join(file) == text


@pytest.mark.parametrize("name", ("bomb.gz", "bomb.zip"))
def test_what_unpacks_to_far_more_than_it_is_is_refused_soon(tmp_path: Path, name: str) -> None:
    """1 MB of gzip would be 500 MB of one row."""
    buffer = io.BytesIO()
    block = b"3331234500,1\n" * 80_000
    if name.endswith(".gz"):
        with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9) as stream:
            for _ in range(200):
                stream.write(block)
    else:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("lista.txt", "w") as member:
            for _ in range(200):
                member.write(block)
    (tmp_path / name).write_bytes(buffer.getvalue())
    assert len(buffer.getvalue()) < 1 << 20
    total = 0
    with pytest.raises(FeedError, match="more than any list of numbers; if it is one, split it"), \
            FeedFile(str(tmp_path / name)) as file:
        for piece in file:
            total += len(piece)
    assert total < 140 << 20
