"""Bits of Markdown for generated pages: tables, and the words of docstrings without shapes and units."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any

_ASIDE = re.compile(r"(?<=[.\d])  ")  # what follows two blanks are shapes and units
_DECLARES = "[written]"


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"


def first_sentence(docstring: str) -> str:
    """Return a docstring's first sentence; what follows it on its line, after two blanks, are shapes and units."""
    paragraph = inspect.cleandoc(docstring).partition("\n\n")[0]
    return " ".join(_ASIDE.split(paragraph)[0].split())


def prose(docstring: str) -> str:
    """Return a docstring's first sentence and those later paragraphs that do not say what is written, on one line."""
    _, _, rest = inspect.cleandoc(docstring).partition("\n\n")
    further = [" ".join(paragraph.split()) for paragraph in rest.split("\n\n") if _DECLARES not in paragraph]
    return " ".join(filter(None, [first_sentence(docstring), *further]))
