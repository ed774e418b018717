"""A dossier as one HTML file: no script, nothing from outside, fit to be printed; its data lie in it for `--verify`.

Every text comes from lists and phones that anybody may have filled in: all of it is escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from agi_gate.explaining import Language
from agi_gate.explaining.page import Heading, Page, Paragraph, Table, page_of
from agi_gate.ops.telling import shown

_DATA = re.compile(r'<script type="application/json" id="dossier">(.*?)</script>', re.DOTALL)
_GRAVE = ' class="grave"'
_STYLE = """
body{font:11pt/1.4 system-ui,sans-serif;color:#111;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 1rem}
h2{font-size:1.1rem;margin:1.6rem 0 .4rem;border-bottom:1px solid #999;break-after:avoid}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:0}
dt{color:#555}
dd{margin:0;overflow-wrap:anywhere}
p{margin:.4rem 0;overflow-wrap:anywhere}
.grave{border:2px solid #a00;padding:.5rem;font-weight:bold}
table{border-collapse:collapse;width:100%;table-layout:fixed;font-size:.82rem}
th,td{border:1px solid #bbb;padding:.3rem .4rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:#eee}
thead{display:table-header-group}
tr{break-inside:avoid}
@page{margin:15mm}
@media print{body{max-width:none;margin:0;padding:0;font-size:9.5pt}th{background:none}}
"""


def html(whole: Mapping[str, Any], language: Language) -> bytes:
    """The same dossier always gives the same bytes."""
    return "".join(_parts(page_of(whole, language), whole)).encode()


def data_of(content: bytes) -> Any:
    """The dossier that lies in a page.  Raises ValueError."""
    match = _DATA.search(content.decode())
    if match is None:
        raise ValueError("it holds no data of a dossier")
    return json.loads(match[1])


def _parts(page: Page, whole: Mapping[str, Any]) -> Iterator[str]:
    yield (f'<!DOCTYPE html>\n<html lang="{escape(page.language)}">\n<head>\n<meta charset="utf-8">\n'
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
           '<meta name="viewport" content="width=device-width,initial-scale=1">\n<meta name="robots" content="noindex">\n'
           f"<title>{_text(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{_text(page.title)}</h1>\n<dl>\n")
    for name, value in page.facts:
        yield f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>\n"
    yield "</dl>\n"
    for block in page.blocks:
        yield from _block(block)
    # not run by any browser; `<` would end it
    data = json.dumps(whole, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    yield f'<script type="application/json" id="dossier">{data}</script>\n</body>\n</html>\n'


def _block(block: Heading | Paragraph | Table) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"<h2>{_text(block.text)}</h2>\n"
    elif isinstance(block, Paragraph):
        yield f"<p{_GRAVE if block.grave else ''}>{_text(block.text)}</p>\n"
    else:
        yield "<table>\n<colgroup>" + "".join(f'<col style="width:{width}%">' for width in block.widths) + "</colgroup>\n"
        yield "<thead><tr>" + "".join(f'<th scope="col">{_text(name)}</th>' for name in block.columns) + "</tr></thead>\n<tbody>\n"
        for row in block.rows:
            yield "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>\n"
        yield "</tbody>\n</table>\n"


def _text(text: str) -> str:
    return escape(shown(" ".join(text.split())))
