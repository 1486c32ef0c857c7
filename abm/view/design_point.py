"""How a figure says at which point of a design its runs were made."""

from __future__ import annotations

from abm.study.plan.design import Design
from abm.view import tables

MOST_NAMED = 4  # factors with their values; a reader of a caption keeps no more apart
_LONGEST = 40  # letters of a value


def said(design: Design) -> str:
    """Return the first point of a design in words: with the values of its factors, or of the first of many."""
    values = design.point(0)
    named = ", ".join(f"{path} = {_short(tables.written(values[path]))}" for path in list(values)[:MOST_NAMED])
    rest = len(values) - MOST_NAMED
    more = f" and {rest} more factor{'s' if rest > 1 else ''}" if rest > 0 else ""
    return f"the first point of the design, at {named}{more}"


def _short(value: str) -> str:
    """Return a value that is long, such as a table of settings, without its end."""
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 2]} …"
