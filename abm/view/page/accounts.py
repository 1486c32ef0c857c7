"""Accounts: what a firm has earned and spent so far, by what it was for."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from abm.view.page.course import Sight

_TITLES = {
    "revenue": "Revenue",
    "goods": "Cost of goods",
    "lever": "Cost of levers",
    "fixed": "Fixed cost",
    "forgone": "Forgone, for information",
}
_SIGNS = {"revenue": 1.0, "goods": -1.0, "lever": -1.0, "fixed": -1.0, "forgone": 0.0}
PROFIT = "profit"


def accounts(sights: Sequence[tuple[str, Sight]], firm: str) -> pd.DataFrame:
    """Return the books of a firm, in cu over all periods done: a row per tally of money, the profit last.

    sights : arms by name
    Columns: account, item, and one for each arm. An item that is 0 in all arms is left out, but for the revenue.
    """
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for arm, sight in sights:
        totals, j = sight.record.tallies.totals(0), sight.record.firms.index(firm)
        profit = 0.0
        for name, account in sight.record.tallies.accounts.items():
            amount = float(totals[name][..., j].sum())
            rows.setdefault((account, name), {})[arm] = amount
            profit += _SIGNS[account] * amount
        rows.setdefault((PROFIT, PROFIT), {})[arm] = profit
    order = [*_TITLES, PROFIT]
    table = [
        {"account": _TITLES.get(account, "Profit"), "item": "" if item == PROFIT else item.replace("_", " "), **amounts}
        for (account, item), amounts in sorted(rows.items(), key=lambda row: order.index(row[0][0]))
        if any(amounts.values()) or item in ("revenue", PROFIT)
    ]
    return pd.DataFrame(table, columns=["account", "item", *(arm for arm, _ in sights)]).fillna(0.0)
