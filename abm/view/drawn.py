"""A figure as people get it: a PNG file, and the same as SVG inside a page, with its words beside it."""

from __future__ import annotations

import logging
import re
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html import escape
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.text import Text

from abm.study.provenance.files import write_whole
from abm.view import plots

_NOTHING = {"Date": None, "Creator": None, "Format": None, "Type": None}  # equal figures are equal bytes
_FONTS = "'DejaVu Sans', Verdana, 'Segoe UI', sans-serif"  # none is wider than the first, by which words were placed

_LINE = 80  # letters of a title that fit on one line


@dataclass(frozen=True)
class Drawn:
    """A figure.

    file    : name of its PNG file                    caption : what it shows
    note    : how to read it; stands inside the PNG   image   : the PNG
    svg     : an <svg> element without title and note, which the page writes beside it
    topic   : under which a report shows it
    """

    file: str
    caption: str
    note: str
    image: bytes
    svg: str
    topic: str = ""

    @property
    def words(self) -> str:
        """What those are told who cannot see it."""
        return f"{self.caption} {self.note}".strip()


def figure_of(file: str, caption: str, note: str, draw_on: Callable[[Figure], Any], topic: str = "") -> Drawn:
    """Draw on a new figure, once for each form, and return both; equal figures are equal bytes.

    draw_on : draws on an empty figure what there is to see, with its title
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it would speak of its fonts and folders
    with plots.style():
        figure, page = plots.blank(), plots.blank()
        for one in (figure, page):
            draw_on(one)
        if note:
            plots.footnote(figure, note)
        plots.untitle(page)
        for one in (figure, page):
            _wrap_dollars(one)
        with _missing_letters_said_once():
            return Drawn(file, caption, note, _png(figure), _svg(page, file), topic)


@contextmanager
def _missing_letters_said_once() -> Iterator[None]:
    """Say in one line that a font lacks letters, which matplotlib says of each letter and each time."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield
    others = [one for one in said if not str(one.message).startswith("Glyph ")]
    for one in others:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if len(others) < len(said):
        _say_that_letters_are_missing()


@cache
def _say_that_letters_are_missing() -> None:
    warnings.warn(
        f"figures are written in {plots.FONT}, which lacks letters of some names: PNG files show boxes in their place, "
        "report.html shows them; with a font for them, such as Noto Sans CJK SC, PNG files do too",
        stacklevel=2,
    )


def _wrap_dollars(figure: Figure) -> None:
    """Break lines with dollars, which matplotlib cannot: to measure them, it reads them as formulas all the same."""
    for text in figure.findobj(Text):
        if isinstance(text, Text) and text.get_wrap() and "$" in text.get_text():
            text.set(text=textwrap.fill(text.get_text(), _LINE), wrap=False)


def write_figures(folder: Path, figures: Sequence[Drawn], files: Iterable[str]) -> None:
    """Write figures into a folder, and remove those of `files` that are not among them: they show something else."""
    for figure in figures:
        write_whole(folder / figure.file, figure.image)
    for file in set(files) - {figure.file for figure in figures}:
        (folder / file).unlink(missing_ok=True)


def _png(figure: Figure) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png", dpi=plots.DOTS, metadata={"Software": None})
    return file.getvalue()


def _svg(figure: Figure, salt: str) -> str:
    """Return a figure as an <svg> element that stands in a page: its words are text, its ids are its own."""
    file = StringIO()
    with matplotlib.style.context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(file, format="svg", metadata=_NOTHING)
    return inline(file.getvalue())


def inline(document: str) -> str:
    """Return an SVG document of matplotlib as an element of a page: no declarations, no size but its own proportions.

    Names of groups, which nothing refers to, would stand in a page more than once; hundredths of a point do.
    """
    element = document[document.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", element, flags=re.DOTALL)
    element = re.sub(r'<g id="[^"]*"', "<g", element)
    element = re.sub(r' (?:xmlns(?::xlink)?|version|width="[\d.]+pt" height)="[^"]*"', "", element, count=4)
    element = element.replace("'DejaVu Sans'", escape(_FONTS, quote=False))
    element = re.sub(r' (?:d|points)="[^"]*"', lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), element)
    return re.sub(r"\n\s*", "\n", element).strip()
