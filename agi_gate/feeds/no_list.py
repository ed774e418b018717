"""What a file is that is no list, by its first bytes, with the way out in English and Italian.

Edge, no file in it.  People save and forward what they see: a workbook, a signed mail, the page of a portal.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

PEEK_BYTES = 4096
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # PKCS #7, the type's object identifier
_MAIL = re.compile(rb"(?:Return-Path|Received|Delivered-To|MIME-Version|From|To|Date|Message-ID|Subject|Content-Type|"
                   rb"X-[A-Za-z-]+): ", re.IGNORECASE)
_WORKBOOK = ("an Excel workbook", "una cartella di lavoro Excel",
             "open it and save it as `CSV UTF-8`", "aprirla e salvarla come `CSV UTF-8`")
_SHEET = ("a LibreOffice sheet", "un foglio di LibreOffice", "open it and save it as CSV, UTF-8",
          "aprirlo e salvarlo come CSV, UTF-8")
_DOCUMENT = ("a text document", "un documento di testo", "copy its table into a spreadsheet and save that as `CSV UTF-8`",
             "copiare la tabella in un foglio di calcolo e salvarlo come `CSV UTF-8`")
_SIGNED = ("a signed file (.p7m)", "un file firmato (.p7m)", "open it with the signature program and save the list that is in it",
           "aprirlo con il programma di firma ed estrarre l'elenco che contiene")
_MESSAGE = ("a mail message (.eml)", "un messaggio di posta (.eml)", "open it and save the list that is attached",
            "aprirlo e salvare l'elenco allegato")
_PAGE = ("a web page", "una pagina web", "download the list itself; the portal may want a login first",
         "scaricare l'elenco vero e proprio; il portale potrebbe richiedere prima l'accesso")
_PDF = ("a PDF", "un PDF", "ask for the list as CSV", "chiedere l'elenco in formato CSV")
_PICTURE = ("a picture", "un'immagine", "ask for the list as CSV", "chiedere l'elenco in formato CSV")
_XML = ("an XML file", "un file XML", "ask for the list as CSV", "chiedere l'elenco in formato CSV")
_ARCHIVE = ("an archive that is not read here", "un archivio che non viene letto", "unpack it, and load the list that is in it",
            "estrarre l'elenco e caricare quello")
_BY_FIRST_BYTES = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": _WORKBOOK,  # .xls, as all of Microsoft's files of before 2007
    b"%PDF-": _PDF, b"{\\rtf": _DOCUMENT, b"\x89PNG": _PICTURE, b"\xff\xd8\xff": _PICTURE, b"7z\xbc\xaf\x27\x1c": _ARCHIVE,
    b"Rar!\x1a\x07": _ARCHIVE, b"-----BEGIN PKCS7": _SIGNED, b"-----BEGIN CMS": _SIGNED}


def what_it_is(begin: bytes, members: Iterable[str] = ()) -> str | None:
    """Say what a file is, and what to do; None where it may be a list.  `begin`: its first bytes; `members`: of a zip."""
    found = _kind(begin, list(members))
    if found is None:
        return None
    name, nome, way_out, rimedio = found
    return f"is {name}, and no list: {way_out} (è {nome}: {rimedio})"


def _kind(begin: bytes, members: list[str]) -> tuple[str, str, str, str] | None:
    for first, kind in _BY_FIRST_BYTES.items():
        if begin.startswith(first):
            return kind
    if begin.startswith(b"PK\x03\x04"):
        return _office(begin, members)
    if begin[:1] == b"\x30" and _SIGNED_DATA in begin[:32] or begin[:2] == b"MI" and _SIGNED_DATA in _unfolded(begin)[:32]:
        return _SIGNED
    text = begin.removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = text[:1024].lower()
    if lower.startswith((b"<!doctype html", b"<html")) or lower.startswith(b"<") and b"<html" in lower:
        return _PAGE
    if lower.startswith(b"<?xml"):
        return _XML
    lines = text.splitlines()
    if lines and _MAIL.match(lines[0]) and sum(_MAIL.match(line) is not None for line in lines) > 1:
        return _MESSAGE
    return None


def _office(begin: bytes, members: list[str]) -> tuple[str, str, str, str] | None:
    def holds(folder: str) -> bool:
        return any(name.startswith(folder) for name in members) or folder.encode() in begin

    if b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" in begin[:128]:
        return _SHEET
    if holds("xl/"):
        return _WORKBOOK
    if holds("word/") or b"mimetypeapplication/vnd.oasis.opendocument" in begin[:128]:
        return _DOCUMENT
    return _WORKBOOK if "[Content_Types].xml" in members or b"[Content_Types].xml" in begin else None


def _unfolded(begin: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(begin[:256].split())[:128])
    except binascii.Error:
        return b""
