"""A dossier as a PDF, drawn by fpdf2, with its data attached.  Only who asks for a PDF needs that package.

The standard letters of PDF know Latin-1 alone, and need no font file: any other character is shown by its number, and the page
says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agi_gate.explaining import Language
from agi_gate.explaining.dossier import canonical
from agi_gate.explaining.page import Heading, Page, Paragraph, Table, page_of
from agi_gate.ops.telling import shown

if TYPE_CHECKING:
    from fpdf import FPDF

_ATTACHED = "dossier.json"
_DATA = re.compile(rb'stream\r?\n(\{"digest":"[0-9a-f]{64}","dossier":\{.*?\})\r?\nendstream', re.DOTALL)
_FONT = "Helvetica"
_AS_LATIN_1 = str.maketrans({"“": '"', "”": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "…": "..."})


class NoPdf(Exception):
    """The package that draws PDFs is not installed; the message has the way out."""


def pdf(whole: Mapping[str, Any], language: Language) -> bytes:
    """The same dossier gives the same bytes, by the same version of fpdf2.  Raises NoPdf."""
    try:
        from fpdf import FPDF, FPDF_VERSION
    except ImportError as error:
        raise NoPdf("a PDF is drawn by the package fpdf2, which is not installed: pip install 'agi-gate[pdf]'; or write .html, and "
                    "print it from a browser") from error
    page = page_of(whole, language)
    made_at = datetime.fromisoformat(whole["dossier"]["made_at"])
    drawn = FPDF(format="A4")
    drawn.set_creation_date(made_at)
    drawn.set_title(_latin(page.title))
    drawn.set_producer(_producer(FPDF_VERSION))
    drawn.set_lang(page.language)
    drawn.set_margin(15)
    drawn.set_auto_page_break(True, 15)
    drawn.add_page()
    _draw(drawn, page, language)
    drawn.embed_file(bytes=canonical(whole), basename=_ATTACHED, mime_type="application/json", creation_date=made_at,
                     modification_date=made_at)
    return bytes(drawn.output())


def data_of(content: bytes) -> Any:
    """The dossier that is attached to a PDF of this program.  Raises ValueError."""
    match = _DATA.search(content)
    if match is None:
        raise ValueError("it holds no data of a dossier")
    return json.loads(match[1])


def is_drawn_alike(content: bytes) -> bool:
    """Say whether the fpdf2 that is installed is the version that drew a PDF."""
    try:
        from fpdf import FPDF_VERSION
    except ImportError:
        return False
    return f"({_producer(FPDF_VERSION)})".encode() in content


def _producer(version: str) -> str:
    return f"fpdf2 {version}"


def _draw(drawn: FPDF, page: Page, language: Language) -> None:
    drawn.set_font(_FONT, "B", 15)
    _line(drawn, page.title, 7)
    drawn.ln(2)
    for name, value in page.facts:
        drawn.set_font(_FONT, "", 9)
        _line(drawn, f"{name}: {value}", 5)
    if any(_latin(text) != text.translate(_AS_LATIN_1) for text in _texts(page)):
        drawn.ln(1)
        drawn.set_font(_FONT, "I", 8)
        _line(drawn, language.text("dossier.unprintable"), 4)
    for block in page.blocks:
        if isinstance(block, Heading):
            drawn.ln(3)
            drawn.set_font(_FONT, "B", 11)
            _line(drawn, block.text, 6)
        elif isinstance(block, Paragraph):
            drawn.set_font(_FONT, "B" if block.grave else "", 9)
            _line(drawn, block.text, 4.5)
            drawn.ln(1)
        else:
            _table(drawn, block)


def _table(drawn: FPDF, block: Table) -> None:
    drawn.set_font(_FONT, "", 7)
    with drawn.table(col_widths=tuple(block.widths), line_height=3.2, text_align="LEFT", v_align="TOP", padding=1) as table:
        for cells in (block.columns, *block.rows):
            row = table.row()
            for cell in cells:
                row.cell(_latin(_plain(cell)))
    drawn.ln(2)


def _line(drawn: FPDF, text: str, height: float) -> None:
    drawn.multi_cell(0, height, _latin(_plain(text)), align="L", new_x="LMARGIN", new_y="NEXT")


def _texts(page: Page) -> list[str]:
    texts = [page.title, *(_plain(value) for _, value in page.facts)]
    for block in page.blocks:
        texts += [cell for row in block.rows for cell in map(_plain, row)] if isinstance(block, Table) else [_plain(block.text)]
    return texts


def _plain(text: str) -> str:
    return shown(" ".join(text.split()))


def _latin(text: str) -> str:
    """Text in the letters that are there.

    >>> _latin("“Šimić”")
    '"[U+0160]imi[U+0107]"'
    """
    return "".join(character if ord(character) < 256 else f"[U+{ord(character):04X}]"
                   for character in text.translate(_AS_LATIN_1))
