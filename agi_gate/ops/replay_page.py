"""What a replay found, as one page that needs nothing else: to look at, to send on, to print.

Joint, no world: it is told the very JSON that machines get.  What phones sent is shown as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from agi_gate.ops.replay_flow import flow
from agi_gate.ops.replay_words import (CONFIG, PARTS_TOLD, SHADOW, apart_told, kind_of, kinds, number_of, printable,
                                         time_of)
from agi_gate.verdict import Reason

BEGINNING = b"<!doctype html>"
_KEEP = "It holds numbers of called people: keep it as you keep the decision log."
_STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c2126; --soft: #5b6570; --line: #d9dee3; --wash: #f4f6f8;
  --newly-allowed: #c2500a; --newly-denied: #1f6fb2; --still-denied: #8a929b; --still-allowed: #2b8a63; --same: #d3d9df; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181c; --ink: #e4e8ec; --soft: #9aa5b0; --line: #333b43;
  --wash: #1c2228; --newly-allowed: #f08a4b; --newly-denied: #5aa9e6; --still-denied: #7d8894; --still-allowed: #4fb58a;
  --same: #3a434c; } }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --wash: #fff;
  --newly-allowed: #c2500a; --newly-denied: #1f6fb2; --still-denied: #8a929b; --still-allowed: #2b8a63; --same: #d3d9df; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section, tr, .tiles div { break-inside: avoid; } h2 { break-after: avoid; } main { padding: 0; max-width: none; } }
@page { margin: 14mm; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 28px 48px; }
h1 { font-size: 25px; line-height: 1.25; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 6px; }
p { margin: 0 0 10px; max-width: 90ch; } .soft { color: var(--soft); }
code, .id { font: 12.5px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin: 20px 0 14px; }
.tiles div { border: 1px solid var(--line); border-top: 5px solid var(--tone); border-radius: 6px; padding: 10px 14px; }
.tiles b { display: block; font-size: 26px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.share { display: flex; height: 14px; border-radius: 4px; overflow: hidden; background: var(--same); }
.share span { background: var(--tone); min-width: 2px; }
.scroll { overflow-x: auto; } .flow { display: block; width: 100%; min-width: 860px; height: auto; margin: 8px 0; }
.flow text { fill: var(--ink); font: 13px system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; }
.flow .side { font-weight: 600; font-size: 14px; } .flow .reason { font: 600 12.5px ui-monospace, "DejaVu Sans Mono", monospace; }
.flow .meaning { fill: var(--soft); font-size: 11.5px; } .flow .count { font-variant-numeric: tabular-nums; }
.flow tspan { font-weight: 600; font-size: 11px; letter-spacing: .04em; }
.band { opacity: .45; fill: var(--tone); } .band.newly-allowed { opacity: .8; } .band.newly-denied { opacity: .6; }
.band:hover { opacity: 1; }
.bar { fill: var(--soft); } .bar.allow { fill: var(--still-allowed); } .flow tspan.allow { fill: var(--still-allowed); }
.newly-allowed { --tone: var(--newly-allowed); } .newly-denied { --tone: var(--newly-denied); }
.still-denied { --tone: var(--still-denied); } .still-allowed { --tone: var(--still-allowed); } .same { --tone: var(--same); }
table { border-collapse: collapse; width: 100%; font-size: 14px; } th { text-align: left; font-weight: 600; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td code, td.n { white-space: nowrap; } td.mark { width: 10px; padding-right: 10px; } td.mark i { display: block; width: 10px; height: 18px; border-radius: 2px;
  background: var(--tone); } tbody tr:hover { background: var(--wash); }
footer { margin-top: 40px; border-top: 1px solid var(--line); padding-top: 10px; font-size: 13px; }
"""


def page(report: Mapping[str, Any]) -> str:
    title = {CONFIG: "What a new configuration would change", SHADOW: "What the shadow configuration would change"}.get(
        report["kind"], "What this program decides otherwise")
    return "\n".join((
        BEGINNING.decode(), '<html lang="en">', '<head>', '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>agi-gate replay: {escape(title.lower())}</title>', f'<style>{_STYLE}</style>', '</head>', '<body><main>',
        f'<h1>{title}</h1>', *_about(report), *_tiles(report), *_causes(report), *_picture(report), *_table(report),
        *_examples(report), *_rest(report),
        f'<footer class="soft">Written by agi-gate {escape(report["program"])} on {time_of(report["made_at"])}. '
        f'{_KEEP if _names_people(report) else ""}</footer>',
        '</main></body>', '</html>', ''))


def _names_people(report: Mapping[str, Any]) -> bool:
    return any(not example["masked"] and example["destination"] for change in report["changes"] for example in change["examples"])


def _about(report: Mapping[str, Any]) -> Iterator[str]:
    when = (f'{time_of(report["first_at"])} to {time_of(report["last_at"])} (Europe/Rome)' if report["first_at"]
            else "no time at all")
    config = report["config"]
    against = (f'Decided again, from the facts that were recorded, under <code>{escape(config["path"])}</code> '
               f'(SHA-256 {config["sha256"][:12]}).' if config else
               "As the gate recorded it beside each live call." if report["kind"] == SHADOW else
               "Decided again, each from its own record.")
    yield f'<p class="soft">{report["records"]:,} calls from {when}. {against}</p>'


def _tiles(report: Mapping[str, Any]) -> Iterator[str]:
    counts = kinds(report)
    yield '<div class="tiles">'
    for kind, told, note in (
            ("newly-allowed", "denied before, allowed now", "look at these first"),
            ("newly-denied", "allowed before, denied now", "calls that would be lost"),
            ("still-denied", "denied for another reason", "still no call"),
            ("still-allowed", "allowed on another ground", "still a call"),
            ("same", "as they were", _share(report["same"], report["records"]))):
        count = report["same"] if kind == "same" else counts[kind]
        if count or kind in ("newly-allowed", "newly-denied", "same"):
            yield f'<div class="{kind}"><b>{count:,}</b>{told}<br><span class="soft">{note}</span></div>'
    said = ", ".join(f'{_share(count, report["records"])} {kind.replace("-", " ")}' for kind, count in counts.items() if count)
    yield f'</div><div class="share" role="img" aria-label="share of calls that change: {said or "none"}">'
    for kind, count in counts.items():
        if count:
            yield (f'<span class="{kind}" style="width:{100 * count / report["records"]:.3f}%" '
                   f'title="{count:,} {kind.replace("-", " ")}"></span>')
    yield '</div>'


def _causes(report: Mapping[str, Any]) -> Iterator[str]:
    if len(report["causes"]) < 2:
        return  # one cause stands beside each change anyway
    yield ('<section><h2>What does it</h2><table><thead><tr><th>because of</th>'
           + "".join(f'<th class="n">{kind.replace("-", " ")}</th>' for kind in kinds(report)) + '</tr></thead><tbody>')
    for one in report["causes"]:
        yield f'<tr><td>{escape(printable(one["cause"]))}</td>' + "".join(
            f'<td class="n">{one[kind.replace("-", "_")]:,}</td>' for kind in kinds(report)) + '</tr>'
    yield '</tbody></table></section>'


def _picture(report: Mapping[str, Any]) -> Iterator[str]:
    svg = flow(report["changes"], "as it was decided", "as it would be decided")
    if svg:
        yield '<section><h2>From which reason to which</h2>'
        yield ('<p class="soft">Only calls whose verdict or first reason changes; a band is as wide as its calls are many, '
               f'and the thinnest are drawn wider than they are.</p><div class="scroll">{svg}</div></section>')


def _table(report: Mapping[str, Any]) -> Iterator[str]:
    if not report["changes"]:
        if report["same"]:
            yield f"<h2>Nothing changes{' of what is known' if report['set_apart'] else ''}</h2>"
        return
    yield ('<h2>Each change</h2><table><thead><tr><th></th><th>before</th><th>now</th><th class="n">calls</th>'
           '<th class="n">share</th><th>because of</th></tr></thead><tbody>')
    for change in report["changes"]:
        because = "<br>".join(
            escape(printable(one["cause"])) + (f' <span class="soft">({one["count"]:,})</span>' if len(change["causes"]) > 1 else "")
            for one in change["causes"]) or '<span class="soft">no single entry</span>'
        yield (f'<tr class="{kind_of(change)}"><td class="mark"><i></i></td><td>{_decided(change["was"])}</td>'
               f'<td>{_decided(change["now"])}{_what(change)}</td><td class="n">{change["count"]:,}</td>'
               f'<td class="n">{_share(change["count"], report["records"])}</td><td>{because}</td></tr>')
    yield '</tbody></table>'


def _examples(report: Mapping[str, Any]) -> Iterator[str]:
    if not any(change["examples"] for change in report["changes"]):
        return
    yield ('<h2>Examples</h2><table><thead><tr><th></th><th>time</th><th>number</th><th>campaign</th>'
           '<th>before</th><th>now</th><th>decision</th></tr></thead><tbody>')
    for change in report["changes"]:
        for example in change["examples"]:
            yield (f'<tr class="{kind_of(change)}"><td class="mark"><i></i></td><td>{time_of(example["at"], seconds=True)}</td>'
                   f'<td>{escape(number_of(example))}</td><td>{escape(printable(example["campaign"]))}</td>'
                   f'<td>{_reasons(example["was"])}</td><td>{_reasons(example["now"])}</td>'
                   f'<td class="id">{escape(printable(example["id"]))}</td></tr>')
    yield '</tbody></table><p class="soft">`agi-gate explain DECISION` tells the whole story of one.</p>'.replace(
        "`agi-gate explain DECISION`", "<code>agi-gate explain DECISION</code>")


def _rest(report: Mapping[str, Any]) -> Iterator[str]:
    rows = [(count, escape(apart_told(name))) for name, count in report["set_apart"].items()]
    if report["unread_lines"]:
        rows.append((report["unread_lines"], "lines that are no record; <code>agi-gate log verify</code> says more"))
    if rows:
        yield '<h2>Not decided again</h2><table><tbody>'
        yield from (f'<tr><td class="n">{count:,}</td><td>{words}</td></tr>' for count, words in rows)
        yield '</tbody></table>'
    if report["unchanged"]:
        yield ('<h2>As they were</h2><table><thead><tr><th>verdict and reason</th><th class="n">calls</th>'
               '<th class="n">share</th></tr></thead><tbody>')
        yield from (f'<tr><td>{_decided(one)}</td><td class="n">{one["count"]:,}</td>'
                    f'<td class="n">{_share(one["count"], report["records"])}</td></tr>' for one in report["unchanged"])
        yield '</tbody></table>'


def _what(change: Mapping[str, Any]) -> str:
    told = PARTS_TOLD.get(change["what"])
    return f'<br><span class="soft">{told}</span>' if told else ""


def _decided(of: Mapping[str, Any]) -> str:
    reason = of["reason"]
    meaning = Reason[reason].meaning if reason in Reason.__members__ else ""
    return f'{escape(of["verdict"])} <code title="{escape(meaning)}">{escape(printable(reason))}</code>'


def _reasons(names: Sequence[str]) -> str:
    return "<br>".join(f"<code>{escape(printable(name))}</code>" for name in names)


def _share(count: int, of: int) -> str:
    share = 100 * count / of if of else 0.0
    return f"{share:.2f} %" if share >= 0.01 or not count else "under 0.01 %"

