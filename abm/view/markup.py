"""Bits of HTML for the report: escaped text, tables, figures, and the one page they stand on."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abm.view.drawn import Drawn  # it loads what draws figures, which is slow

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #222; background: #fff;
       max-width: 54rem; margin: 2.5rem auto; padding: 0 1.25rem; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid #ddd; }
.name { color: #666; margin: 0; }
.verdict { border-left: 4px solid #0173b2; background: #f4f8fb; padding: .7rem 1rem; margin: 1.2rem 0; }
.verdict p { margin: .3rem 0; } .verdict p:first-child { font-weight: 600; font-size: 1.2rem; line-height: 1.35; }
.warning { border-left: 4px solid #de8f05; background: #fdf6ea; padding: .5rem 1rem; margin: 1rem 0; }
.wide, .drawing { overflow-x: auto; } .wide + .wide { margin-top: 1rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid #eee; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-bottom: 1px solid #999; white-space: nowrap; vertical-align: bottom; }
td.number, th.number { text-align: right; white-space: nowrap; }
th.number small { font-weight: 400; } table small { font-size: .92em; }
tbody.group tr:last-child > * { border-bottom: 1px solid #bbb; }
tbody th { font-weight: 600; } small, figcaption, .caption { color: #555; font-size: .88rem; }
figcaption b { color: #222; font-weight: 600; }
figure { margin: 1.4rem 0; } img, svg { display: block; width: 100%; max-width: 46rem; height: auto; }
code, pre { font: .86rem/1.45 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
pre { background: #f6f6f6; padding: .8rem 1rem; overflow-x: auto; } pre.prose { white-space: pre-wrap; }
code { overflow-wrap: anywhere; } summary { cursor: pointer; margin: .6rem 0; }
@media (max-width: 40rem) { body { margin: 1.2rem auto; padding: 0 .9rem; } svg, img { min-width: 30rem; } }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } figure, tr, .verdict { break-inside: avoid; }
  h2 { break-after: avoid; } .wide, .drawing { overflow: visible; } table { font-size: 8.5pt; } }
"""


def text(words: object) -> str:
    """Return words as HTML text."""
    return escape(str(words), quote=True)


def element(tag: str, content: str, kind: str = "") -> str:
    """Return an element around HTML content."""
    return f'<{tag} class="{kind}">{content}</{tag}>' if kind else f"<{tag}>{content}</{tag}>"


def paragraphs(words: Iterable[str], kind: str = "") -> str:
    """Return plain sentences as paragraphs, in a box of a kind if one is given."""
    inner = "\n".join(element("p", text(sentence)) for sentence in words)
    return element("div", inner, kind) if kind else inner


def section(title: str, *content: str) -> str:
    """Return a section with its heading."""
    return "\n".join([element("h2", text(title)), *content])


def code(words: str) -> str:
    """Return text as a block of code."""
    return element("pre", element("code", text(words)))


def prose(words: str) -> str:
    """Return text as it is written, with lines that are broken where the page ends."""
    return element("pre", text(words), "prose")


def folded(title: str, *content: str) -> str:
    """Return content that opens on a click."""
    return f"<details><summary>{text(title)}</summary>\n" + "\n".join(content) + "\n</details>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[str] = ()) -> str:
    """Return a table of text; columns named in `numbers` are flush right."""
    right = [column in numbers for column in columns]
    head = "".join(cell("th", column, is_number) for column, is_number in zip(columns, right, strict=True))
    body = "\n".join(
        element("tr", "".join(cell("td", value, is_number) for value, is_number in zip(row, right, strict=True)))
        for row in rows
    )
    return wide(f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>")


def cell(tag: str, words: object, is_number: bool = False) -> str:
    """Return a cell of a table."""
    return element(tag, text(words), "number" if is_number else "")


def wide(content: str) -> str:
    """Return content that scrolls sideways by itself on a narrow screen."""
    return element("div", content, "wide")


def figure(shown: Drawn) -> str:
    """Return a figure as a drawing inside the page, with its words below it and for those who cannot see it."""
    drawing = shown.svg.replace("<svg", f'<svg role="img" aria-label="{text(shown.words)}"', 1)
    words = f"<b>{text(shown.caption)}</b> {text(shown.note)}".rstrip()
    return element("figure", element("div", drawing, "drawing") + element("figcaption", words))


def picture(image: bytes, alternative: str) -> str:
    """Return a PNG inside the page; `alternative` is for those who cannot see it."""
    data = base64.b64encode(image).decode()
    return element("figure", f'<img src="data:image/png;base64,{data}" alt="{text(alternative)}">')


def page(title: str, *content: str) -> str:
    """Return a whole page that needs nothing from outside."""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{text(title)}</title><style>{STYLE}</style></head>",
            "<body>",
            *content,
            "</body>",
            "</html>",
            "",
        ]
    )
