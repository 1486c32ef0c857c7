"""Parts that the page is made of several times: cards, tables, keys of colours, and how a refusal is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from abm.core.errors import Refusal

_SHOWN = 8000  # milliseconds that a refusal stays


@contextmanager
def said() -> Iterator[None]:
    """Say a refusal on the page, in its one line, instead of raising it."""
    try:
        yield
    except Refusal as refusal:
        say(str(refusal), "negative")


def say(words: str, kind: str = "info") -> None:
    """Show a line for some seconds."""
    ui.notify(words, type=kind, position="top", timeout=_SHOWN, multi_line=True, close_button="close")


@contextmanager
def card(title: str, kind: str = "") -> Iterator[Any]:
    """A card with a heading."""
    with ui.element("section").classes(f"card {kind}").props(f'aria-label="{title}"') as made:
        text(title, "h2")
        yield made


def text(words: str, tag: str = "div", kind: str = "") -> ui.label:
    """Return plain words in an element, escaped."""
    made = ui.label(words).classes(kind)
    made.tag = tag
    return made


def button(words: str, act: Callable[[], Any], *, main: bool = False, label: str = "") -> ui.button:
    """Return a button.   label : what a screen reader says, left out = the words"""
    made = ui.button(words, on_click=act).props("unelevated dense no-caps padding='6px 12px'")
    made.props("color=primary" if main else "outline color=grey-9")
    return made.props(f'aria-label="{label}"') if label else made


def choice(options: Any, value: Any, act: Callable[[Any], None], label: str, width: str) -> ui.select:
    """Return a list to choose from; `act` gets what is chosen."""
    made = ui.select(options, value=value, label=label, on_change=lambda event: act(event.value))
    return made.props("dense outlined options-dense").style(f"width: {width}")


def colour_key(entries: Sequence[tuple[str, str]]) -> None:
    """Show what colours mean, into the element that is open."""
    for colour, words in entries:
        with ui.element("span").classes("row").style("gap: 0"):
            ui.element("span").classes("dot").style(f"background: {colour}")
            text(words, "span")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: int, last_is_sum: bool = False) -> None:
    """Show a table, into the element that is open; the last `numbers` columns are flush right."""
    words = len(columns) - numbers
    with ui.element("div").classes("scroll"), ui.element("table").classes("plain"):
        with ui.element("thead"), ui.element("tr"):
            for k, column in enumerate(columns):
                text(column, "th", "number" if k >= words else "")
        with ui.element("tbody"):
            for place, row in enumerate(rows):
                with ui.element("tr").classes("sum" if last_is_sum and place == len(rows) - 1 else ""):
                    for k, cell in enumerate(row):
                        text(cell, "td", "number" if k >= words else "")
