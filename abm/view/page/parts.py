"""Parts that the page is made of several times: cards, tables, keys of colours, and how a refusal is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from abm.core.errors import Refusal
from abm.view import markup

_SHOWN = {"negative": 9000, "info": 5000, "positive": 2500}  # milliseconds that a line stays


@contextmanager
def said() -> Iterator[None]:
    """Say a refusal on the page, in its one line, instead of raising it."""
    try:
        yield
    except Refusal as refusal:
        say(str(refusal), "negative")


def say(words: str, kind: str = "info") -> None:
    """Show a line for some seconds."""
    ui.notify(words, type=kind, position="bottom", timeout=_SHOWN[kind], multi_line=True, close_button="close")


@contextmanager
def card(title: str, kind: str = "") -> Iterator[Any]:
    """A card with a heading."""
    with called(ui.element("section"), title).classes(f"card {kind}") as made:
        text(title, "h2")
        yield made


def text(words: str, tag: str = "div", kind: str = "") -> ui.label:
    """Return plain words in an element, escaped."""
    made = ui.label(words).classes(kind)
    made.tag = tag
    return made


def called(element: Any, words: str) -> Any:
    """Return an element that screen readers call so.

    The words may be anybody's: they are set as they are, and not written among other properties.
    """
    element.props["aria-label"] = words
    return element


def button(words: str, act: Callable[[], Any], *, main: bool = False, label: str = "") -> ui.button:
    """Return a button.   label : what a screen reader says, left out = the words"""
    made = ui.button(words, on_click=act).props("unelevated dense no-caps padding='6px 12px'")
    made.props("color=primary" if main else "outline color=grey-9")
    return called(made, label) if label else made


def choice(options: Any, value: Any, act: Callable[[Any], None], label: str, width: str) -> ui.select:
    """Return a list to choose from; `act` gets what is chosen."""
    made = ui.select(options, value=value, label=label, on_change=lambda event: act(event.value))
    return made.props("dense outlined options-dense").style(f"width: {width}")


class Words:
    """A place for tables, keys of colours and sentences: HTML of our own, in which all words are escaped."""

    def __init__(self, kind: str = "") -> None:
        self._place = ui.html("", sanitize=False).classes(kind)
        self.text = ""

    def show(self, html: str) -> None:
        """Show something else."""
        if html != self.text:
            self.text = html
            self._place.content = html


def colour_key(entries: Iterable[tuple[str, str]]) -> str:
    """Return what colours mean, as HTML.   entries : colour, words"""
    return "".join(
        f'<span><span class="dot" style="background: {markup.text(colour)}"></span>{markup.text(words)}</span>'
        for colour, words in entries
    )
