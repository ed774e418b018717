"""The picture of a replay: reasons as recorded on the left, reasons now on the right, bands as wide as the calls are many.

Joint, no world: numbers in, one SVG out, made for a page whose style sheet has the colours.  Only calls that change are in
it: what stays as it was would leave no room for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from agi_gate.ops.replay_words import KINDS, kind_of
from agi_gate.verdict import Reason

_WIDTH, _LABELS, _BAR = 1120, 345, 12
_BANDS = 380.0      # all bands of a side together are as high as this, if none is too thin to be seen
_THINNEST = 2.0
_ROW, _GAP, _HEAD = 42, 12, 30
# more reasons than these on a side are drawn as one: nobody follows thirty bands
_MOST = 12
_OTHERS = "other reasons"
_MEANING_LETTERS = 50

Node = tuple[str, str]  # verdict, reason


@dataclass(slots=True)
class _Place:
    y: float
    height: float
    used: float = 0.0


def flow(changes: Sequence[Mapping[str, Any]], left: str, right: str) -> str:
    """The picture of changes as `replay --json` has them; empty where nothing changed its verdict or first reason."""
    bands: dict[tuple[Node, Node, str], int] = defaultdict(int)
    drawn = [change for change in changes if change["what"] in ("verdict", "reason")]
    if not drawn:
        return ""
    named = [_named(drawn, side) for side in ("was", "now")]
    for change in drawn:
        ends = [(change[side]["verdict"], change[side]["reason"]) for side in ("was", "now")]
        old, new = (end if end in names else (end[0], _OTHERS) for end, names in zip(ends, named, strict=True))
        bands[old, new, kind_of(change)] += change["count"]
    scale = _BANDS / sum(bands.values())
    heights = {band: max(_THINNEST, count * scale) for band, count in bands.items()}
    lefts, rights = (_placed(heights, bands, side) for side in (0, 1))
    bottom = max(place.y + max(place.height, _ROW) for places in (lefts, rights) for place in places.values())
    parts = [f'<svg class="flow" viewBox="0 0 {_WIDTH} {bottom + _GAP:.0f}" role="img" '
             f'aria-label="{escape(left)} to {escape(right)}">']
    left_order, right_order = ({node: number for number, node in enumerate(places)} for places in (lefts, rights))
    paths = [(KINDS.index(band[2]), _band(band, heights[band], lefts[band[0]], rights[band[1]], bands[band]))
             for band in sorted(bands, key=lambda band: (left_order[band[0]], right_order[band[1]]))]
    # the most telling kind is drawn last, and so lies on top
    parts += [path for _, path in sorted(paths, key=lambda path: -path[0])]
    for side, places, title in ((0, lefts, left), (1, rights, right)):
        x = _LABELS if side == 0 else _WIDTH - _LABELS
        anchor = "end" if side == 0 else "start"
        parts.append(f'<text class="side" x="{x}" y="14" text-anchor="{anchor}">{escape(title)}</text>')
        counts: dict[Node, int] = defaultdict(int)
        for band, count in bands.items():
            counts[band[0] if side == 0 else band[1]] += count
        for node, place in places.items():
            parts.append(_bar(node, place, counts[node], side))
    return "\n".join([*parts, "</svg>"])


def _named(changes: Sequence[Mapping[str, Any]], side: str) -> set[Node]:
    """The reasons of a side that are drawn by themselves."""
    counts: dict[Node, int] = defaultdict(int)
    for change in changes:
        counts[change[side]["verdict"], change[side]["reason"]] += change["count"]
    if len(counts) <= _MOST:
        return set(counts)
    return set(sorted(counts, key=lambda node: -counts[node])[:_MOST - 1])


def _placed(heights: Mapping[tuple[Node, Node, str], float], bands: Mapping[tuple[Node, Node, str], int],
            side: int) -> dict[Node, _Place]:
    """Each reason's place from the top: allowances first, then denials, each by its calls."""
    total: dict[Node, float] = defaultdict(float)
    counts: dict[Node, int] = defaultdict(int)
    for band, height in heights.items():
        node = band[0] if side == 0 else band[1]
        total[node] += height
        counts[node] += bands[band]
    places, y = {}, float(_HEAD)
    for node in sorted(total, key=lambda node: (node[0], node[1] == _OTHERS, -counts[node], node[1])):
        places[node] = _Place(y, total[node])
        y += max(total[node], _ROW) + _GAP
    return places


def _band(band: tuple[Node, Node, str], height: float, left: _Place, right: _Place, count: int) -> str:
    x1, x2 = _LABELS + 10 + _BAR, _WIDTH - _LABELS - 10 - _BAR
    y1, y2 = left.y + left.used, right.y + right.used
    left.used += height
    right.used += height
    middle = (x1 + x2) / 2
    old, new, kind = band
    return (f'<path class="band {kind}" d="M{x1},{y1:.1f} C{middle:.0f},{y1:.1f} {middle:.0f},{y2:.1f} {x2},{y2:.1f} '
            f'L{x2},{y2 + height:.1f} C{middle:.0f},{y2 + height:.1f} {middle:.0f},{y1 + height:.1f} '
            f'{x1},{y1 + height:.1f} Z"><title>{escape(_said(old))} → {escape(_said(new))}: {count:,} calls</title></path>')


def _bar(node: Node, place: _Place, count: int, side: int) -> str:
    verdict, reason = node
    x = _LABELS + 10 if side == 0 else _WIDTH - _LABELS - 10 - _BAR
    text_x, anchor = (_LABELS, "end") if side == 0 else (_WIDTH - _LABELS, "start")
    y = place.y + max(0.0, (place.height - _ROW) / 2)
    meaning = Reason[reason].meaning if reason in Reason.__members__ else ""
    if len(meaning) > _MEANING_LETTERS:
        meaning = meaning[:_MEANING_LETTERS].rpartition(" ")[0] + " …"
    return (f'<rect class="bar {verdict.lower()}" x="{x}" y="{place.y:.1f}" width="{_BAR}" height="{place.height:.1f}"/>'
            f'<text class="count" x="{text_x}" y="{y + 11:.1f}" text-anchor="{anchor}">'
            f'<tspan class="{verdict.lower()}">{verdict}</tspan> {count:,}</text>'
            f'<text class="reason" x="{text_x}" y="{y + 25:.1f}" text-anchor="{anchor}">{escape(reason)}</text>'
            f'<text class="meaning" x="{text_x}" y="{y + 38:.1f}" text-anchor="{anchor}">{escape(meaning)}</text>')


def _said(node: Node) -> str:
    return f"{node[0]} {node[1]}"
