"""The header of a CSV feed: every column known, none missing, each there once; or what is meant instead.

Edge, no file in it.
"""

from __future__ import annotations

import difflib
import re
from typing import Any

from agi_gate.feeds.files import FeedError
from agi_gate.feeds.layouts import WHY, Layout, shown
from agi_gate.number import parse_listed

# how Italian lists head a column -> what is meant, the first that the feed has
_ITALIAN = {
    ("numero", "numeri", "telefono", "cellulare", "utenza", "numerazione", "recapito", "msisdn"): ("number",),
    ("titolare", "committente", "cliente", "azienda", "mandante"): ("controller",),
    ("opposizione", "opposto", "diniego"): ("objected_at",),
    ("consenso", "concesso", "rilasciato", "prestato"): ("granted_at",),
    ("revoca", "revocato"): ("revoked_at",),
    ("scadenza", "scade"): ("valid_until", "expires_at"),
    ("richiesta", "richiesto"): ("requested_at",),
    ("silenziosa", "muta"): ("silent_at",),
    ("data", "quando", "ora"): ("objected_at", "granted_at", "requested_at", "silent_at", "acquired_on"),
    ("mezzo", "modalita", "tramite"): ("via", "channel"),
    ("canale",): ("channel", "via"),
    ("finalita", "scopo"): ("purpose",),
    ("categoria", "settore"): ("category",),
    ("origine", "provenienza", "fonte"): ("source", "origin"),
    ("prova", "evidenza"): ("evidence",),
    ("informativa",): ("notice",),
    ("contratto",): ("contract",),
    ("cessazione", "cessato"): ("contract_ended_on",),
    ("elenco", "elenchi"): ("directory",),
    ("acquisito", "acquisizione"): ("acquired_on",),
    ("destinatario",): ("recipient",),
    ("motivo", "perche"): (WHY,),
}
_MEANT = {word: columns for words, columns in _ITALIAN.items() for word in words}
_ACCENTS = str.maketrans("àèéìòù", "aeeiou")


def check_header(name: str, cells: list[str], layout: Layout[Any]) -> list[str]:
    """The columns of a feed by their names; empty ones at the end, as spreadsheets write them, are none.  Raises FeedError."""
    header = [cell.strip().lower() for cell in cells]
    while header and not header[-1]:
        header.pop()
    known = (*layout.required, *layout.optional, WHY)
    faults = [f"column `{column}` is missing" for column in layout.required if column not in header]
    faults += [f"column {shown(column)} stands there twice" for column in sorted(set(header))
               if header.count(column) > 1]
    faults += [f"column {shown(column)} is not known{_meant(column, known)}" for column in header if column not in known]
    if faults and parse_listed(cells[0] if cells else "") is not None:
        faults = ["line 1 is a row; the header is missing"]
    if faults:
        raise FeedError(f"{name}: {'; '.join(faults)}. Columns of {layout.name}: {', '.join(layout.required)}"
                        + (f", optional {', '.join(layout.optional)}" if layout.optional else ""))
    return header


def _meant(column: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(column, known, 1)
    if near:
        return f"; did you mean `{near[0]}`?"
    # in Italian the noun comes first: `data opposizione` is a day of objection
    words = re.findall("[a-z]+", column.translate(_ACCENTS))
    meant = [one for word in sorted(words, key=lambda word: word in ("data", "ora", "quando")) for one in _MEANT.get(word, ())]
    found = next((one for one in meant if one in known), None)
    return f"; did you mean `{found}`? (la colonna si chiama `{found}`)" if found else ""
