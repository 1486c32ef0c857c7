"""Figures of verdicts: the race of the arms, and what each arm loses over the space of what nobody can know."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.core.errors import counted
from abm.study.comparison.question import Question
from abm.study.comparison.robust import Robustness
from abm.study.comparison.verdict import Verdict
from abm.view import labels, plots
from abm.view.drawn import Drawn, figure_of


def race(verdict: Verdict, ax: Axes | None = None) -> Axes:
    """Draw each arm minus the best of the others, with its interval and the indifference zone; the leader is on top."""
    q, rows, leader = verdict.question, verdict.table.to_dict("records"), verdict.contenders[0]
    called = verdict.experiment.sheet.called
    palette = plots.colours(
        list(verdict.experiment.arms), verdict.experiment.sheet.baseline, [row["arm"] for row in rows]
    )
    behind = [abs(row["difference"]) for row in rows if row["arm"] != leader and np.isfinite(row["difference"])]
    lead = (1 if q.largest else -1) * min(behind, default=np.nan)
    with plots.style():
        ax = ax or plots.axes(plots.effects_height(len(rows)))
        ax.axvspan(-q.zone, q.zone, color="0.93", zorder=0)
        ax.axvline(0, color=plots.GREY, linewidth=1.2, zorder=0.5)
        for y, row in enumerate(rows):
            colour, left = palette[row["arm"]], row["arm"] in verdict.contenders
            if np.isfinite(row["high"] - row["low"]):
                ax.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=2.4, solid_capstyle="round")
            at = lead if row["arm"] == leader else row["difference"]
            ax.plot(at, y, "o", color=colour, markerfacecolor=colour if left else "white", markersize=7)
            said = counted(row["runs"], "run") if left else f"out after {row['eliminated_at']:,}"
            ax.annotate(
                said, (1.0, y), xycoords=("axes fraction", "data"), xytext=(8, 0),
                textcoords="offset points", va="center", fontsize=8.5,
            )  # fmt: skip
        plots.arms_on_y(ax, [called(row["arm"]) for row in rows])
        ax.set_xlabel(f"minus the best of the others{_unit(q)}")
        ax.set_title(f"{plots.label(q.kpi.name)} of {q.whose}: {_found(verdict)}", wrap=True)
    return ax


def regrets(found: Robustness, ax: Axes | None = None) -> Axes:
    """Draw what each arm loses at each point against the arm that leads there; a line marks the mean over the space."""
    q, arms = found.question, list(found.arms["arm"])
    experiment = found.verdicts[0].experiment
    palette = plots.colours(list(experiment.arms), experiment.sheet.baseline, arms)
    with plots.style():
        ax = ax or plots.axes(plots.effects_height(len(arms)))
        ax.axvspan(0, q.zone, color="0.93", zorder=0)
        for y, row in enumerate(found.arms.to_dict("records")):
            own = found.table.loc[found.table["arm"] == row["arm"], "regret"].to_numpy(float)
            ax.plot(own, np.full(len(own), y), "o", color=palette[row["arm"]], markersize=5.5, alpha=0.6)
            ax.plot(row["mean_regret"], y, "|", color=plots.INK, markersize=16, markeredgewidth=1.6)
            ax.annotate(
                f"best at {row['share']:.0%}", (1.0, y), xycoords=("axes fraction", "data"), xytext=(8, 0),
                textcoords="offset points", va="center", fontsize=8.5,
            )  # fmt: skip
        plots.arms_on_y(ax, [experiment.sheet.called(arm) for arm in arms])
        ax.set_xlabel(f"regret{_unit(q)}")
        ax.set_title(f"{plots.label(q.kpi.name)} of {q.whose}: what choosing the arm everywhere costs", wrap=True)
    return ax


def draw(found: Verdict | Robustness) -> Drawn:
    """Draw the figure of a verdict, or of many over a space."""
    q = found.question
    if isinstance(found, Verdict):
        name = "verdict"
        note = f"Line: interval, all together at {q.confidence:.6g} confidence. Filled dot: not out of the race."
    else:
        name, note = "robust", "A dot: the regret at a point. A stroke: the mean over the space."
    note = f"{note} Grey: differences within {q.amount}, which do not matter."

    def one(figure: Figure) -> None:
        ax = figure.subplots()
        figure.set_size_inches(plots.WIDTH, plots.effects_height(found.table["arm"].nunique()) + 0.3)
        race(found, ax) if isinstance(found, Verdict) else regrets(found, ax)

    of = "_".join([q.kpi.name, q.firm, *([q.group] if q.group else [])])
    study = found.experiment if isinstance(found, Verdict) else found.verdicts[0].experiment
    return figure_of(f"{name}_{of}.png", f"{labels.said(found.statement, study.labels)}.", note, one)


def _found(verdict: Verdict) -> str:
    if verdict.best is None:
        return "not decided"
    return f"{verdict.experiment.sheet.called(verdict.best)} is best, or as good"


def _unit(question: Question) -> str:
    return f" ({plots.in_words(question.kpi.unit)})" if question.kpi.unit else ""
