"""Figures of money: what arms spend, what they bring, and where a difference comes from.   Table in, Axes out."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from abm.core.errors import Refusal, did_you_mean
from abm.mechanisms.shipped import shipped
from abm.study.statistics.paired import interval
from abm.view import plots, summary, tables
from abm.view.plots import Colours
from abm.view.snapshot import SIGNS

MOST_ITEMS = 8  # of a waterfall by themselves; smaller ones are taken together
_SMALL = 0.01  # of the largest item: what is less is not worth a bar
_GAIN, _LOSS, _TOTAL = "#0173b2", "#d55e00", "0.35"  # told apart by the colour-blind too
_WORDS = {"revenue": "revenue", "goods": "cost of goods", "fixed": "fixed cost", "service": "cost of service"}


def spend_and_profit(
    table: pd.DataFrame,
    baseline: str,
    spend: str = "lever_cost",
    earn: str = "profit",
    ax: Axes | None = None,
    palette: Colours | None = None,
) -> Axes:
    """Draw each arm's difference from the baseline in profit over that in spend, with both intervals; a dot an arm.

    On the dashed line the money has changed nothing: profit is lower by what is spent.

    table : as of summary.effects        spend, earn : KPIs in the same unit

    Raises Refusal for a KPI that is not in the table.
    """
    known = list(table["kpi"].unique())
    for kpi in (spend, earn):
        if kpi not in known:
            raise Refusal(f"no KPI {kpi!r} in the results{did_you_mean(kpi, known)}; name it in kpis")
    palette = palette or plots.colours(list(table["arm"].unique()), baseline)
    x, y = (table[(table["kpi"] == kpi) & (table["arm"] != baseline)].set_index("arm") for kpi in (spend, earn))
    arms = [arm for arm in y.index if np.isfinite(x["difference"][arm] + y["difference"][arm])]
    with plots.style():
        ax = ax or plots.axes(4.2)
        for arm in arms:
            at = x["difference"][arm], y["difference"][arm]
            for rows, of_x in ((x, True), (y, False)):
                low, high = rows["low"][arm], rows["high"][arm]
                if np.isfinite(high - low):
                    ends = ([low, high], [at[1]] * 2) if of_x else ([at[0]] * 2, [low, high])
                    ax.plot(*ends, color=palette[arm], linewidth=1.6, alpha=0.8)
            ax.plot(*at, "o", color=palette[arm], markersize=8)
        ax.plot(0, 0, "o", color=palette[baseline], markersize=8)
        ax.margins(0.08)
        ax.axhline(0, color=plots.GREY, linewidth=1.2, zorder=0.5)
        _no_effect(ax)
        ranked = sorted([*arms, baseline], key=lambda arm: -y["difference"].get(arm, 0.0))
        plots.legend(ax, ranked, palette)
        unit = plots.in_words(summary.unit(earn))
        ax.set_xlabel(f"{plots.label(spend)}, minus {baseline} ({plots.in_words(summary.unit(spend))})")
        ax.set_ylabel(f"{plots.label(earn)}, minus {baseline}\n({unit})")
        ax.set_title(f"Spend and profit{plots.of_firm(table)}: each arm minus {baseline}", wrap=True)
    return ax


def _no_effect(ax: Axes) -> None:
    """Draw the line on which profit is lower by what is spent."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    ax.plot([left, right], [-left, -right], color=plots.GREY, linewidth=1, linestyle=(0, (4, 3)), zorder=0.5)
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)


def steps(accounts: pd.DataFrame, arm: str, baseline: str) -> pd.DataFrame:
    """Return by how much each item of the books moves profit from the baseline to an arm: item, amount, low, high.

    The largest items come one by one, revenue first; the smaller ones are added up. The sum is the difference in
    profit; low and high are the 95 % interval over the replications.

    accounts : as of a Snapshot
    """
    wide = accounts.pivot_table(index=["account", "item"], columns=["arm", "replication"], values="amount", sort=False)
    wide = wide.fillna(0.0)  # an item of a theory that one of the arms has not
    gaps = (wide[arm] - wide[baseline]).reindex([*SIGNS], level="account")
    gaps.index = pd.Index([words(item) for _, item in gaps.index], name="item")
    sizes = gaps.mean(axis=1).abs().sort_values(ascending=False, kind="stable")
    shown = set(sizes[sizes > _SMALL * sizes.max()].index[:MOST_ITEMS])
    few = gaps.loc[[item for item in gaps.index if item in shown]]
    rest = gaps.loc[[item for item in gaps.index if item not in shown]].sum()
    if rest.abs().max() > 0:
        few.loc["other items"] = rest
    found = [
        (item, *interval(row, summary.CONFIDENCE)[:3]) for item, row in zip(few.index, few.to_numpy(float), strict=True)
    ]
    return pd.DataFrame(found, columns=["item", "amount", "low", "high"])


def waterfall(
    table: pd.DataFrame,
    arm: str,
    baseline: str,
    unit: str = "cu/customer/year",
    ax: Axes | None = None,
    firm: str = "",
    least_digits: int = 0,
) -> Axes:
    """Draw where an arm's difference in profit comes from: a bar for each item of the books, one behind the other.

    table : as of `steps`        unit : of the amounts        least_digits : decimals at least
    """
    amounts = table["amount"].to_numpy(float)
    ends = np.concatenate([[0.0], np.cumsum(amounts)])
    names = [*table["item"], "profit"]
    with plots.style():
        ax = ax or plots.axes(height(len(names)))
        for y, (start, amount) in enumerate(zip(ends, amounts, strict=False)):
            ax.barh(y, amount, left=start, height=0.62, color=_GAIN if amount >= 0 else _LOSS)
            ax.plot([start + amount] * 2, [y, y + 1], color=plots.GREY, linewidth=0.8, zorder=0.6)
        ax.barh(len(amounts), ends[-1], height=0.62, color=_TOTAL)
        digits = max(least_digits, _digits(ends[-1]))
        for y, (start, amount) in enumerate([*zip(ends, amounts, strict=False), (0.0, ends[-1])]):
            right = max(start, start + amount)
            said = tables.number(amount, digits, sign=True).replace("-", "−")
            ax.annotate(
                said, (right, y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8.5,
                fontweight="bold" if y == len(amounts) else "normal",
            )  # fmt: skip
        ax.axvline(0, color=plots.GREY, linewidth=1.2, zorder=0.5)
        plots.arms_on_y(ax, names)
        ax.margins(x=0.14)
        ax.set_xlabel(plots.in_words(unit))
        of = f" of {firm}" if firm else ""
        ax.set_title(f"Profit{of}, item by item: {arm} minus {baseline}", wrap=True)
    return ax


def height(bars: int) -> float:
    """Return the height in inches that a waterfall of so many bars needs."""
    return 1.1 + 0.36 * bars


def _digits(total: float) -> int:
    """Return the decimals that show two digits of the sum."""
    return min(max(1 - int(np.floor(np.log10(abs(total)))), 0), 4) if total else 2


def words(item: str) -> str:
    """Return what an item of the books is called where people read of it."""
    return _WORDS.get(item) or _meanings().get(item, item.replace("_", " "))


def _meanings() -> dict[str, str]:
    return {tally.name: tally.meaning for kind in shipped() for tally in kind.counts if tally.account}
