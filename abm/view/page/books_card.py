"""The books: what the firm has earned and spent so far, in both arms."""

from __future__ import annotations

from typing import Any

from abm.view import markup
from abm.view.page import charts, parts
from abm.view.page.accounts import accounts
from abm.view.page.desk import Desk, Look


class BooksCard:
    """A table of the accounts of the firm that is watched."""

    def __init__(self, desk: Desk, look: Look) -> None:
        self._desk, self._look, self._shown = desk, look, None
        with parts.card("Accounts", "later"):
            self._about = parts.text("", "p", "quiet").style("margin: 0 0 .4rem")
            self._table = parts.Words("books")

    def refresh(self) -> None:
        """Draw what has changed."""
        x, look = self._desk.exploration, self._look
        sights = [(name, sight) for name, sight in zip(charts.names(x), x.sights, strict=True) if sight is not None]
        shown: Any = sights, look.firm
        if len(sights) < len(x.sights) or shown == self._shown:
            return
        self._shown = shown
        table = accounts(sights, look.firm)
        self._about.text = f"Of {look.firm}, in cu, all periods so far added up."
        first, second = (name for name, _ in sights)
        columns = ["account", "item", first, second, "difference"]
        rows = [
            [
                row["account"],
                row["item"],
                *(f"{value:,.0f}" for value in (row[first], row[second], row[second] - row[first])),
            ]
            for row in table.to_dict("records")
        ]
        self._table.show(markup.table(columns, rows, columns[2:]))
