"""A population beside the log it was fitted to: a table of repeat purchases, and the tracking curve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

from abm.core.errors import Refusal
from abm.engine.cohort import against_log
from abm.logs.tracking import Tracking
from abm.scenario.scenario import Scenario
from abm.view import markup, plots
from abm.view.drawn import Drawn, figure_of

TITLE = "Observed against simulated"


def section(scenario: Scenario, folder: Path | None) -> Iterator[str]:
    """Yield the section of a report that holds simulated customers against the log they were fitted to.

    Yields nothing for a population without a log, and for a log that is no longer there.
    """
    if scenario.population.log is None:
        return
    try:
        found = against_log(scenario.population, folder=folder)
    except Refusal:
        return
    names = [*map(str, found.counts.index[:-1]), f"{found.counts.index[-1]} and more"]
    counts = found.counts[["observed", "simulated"]].to_numpy()
    rows = [(name, f"{seen:,.0f}", f"{made:,.0f}") for name, (seen, made) in zip(names, counts, strict=True)]
    columns = ("repeat purchases", "customers of the log", "simulated")
    note = markup.element("p", markup.text(_words(found)), "caption")
    yield markup.section(
        TITLE, markup.table(columns, rows, columns[1:]), note, markup.figure(_drawn(found, scenario.population.log))
    )


def _words(found: Tracking) -> str:
    fitted = found.weeks.index[found.weeks["fitted"]].max()
    last = found.weeks.index.max()
    later = ""
    if last > fitted:
        later = f", and by {found.error(last, since=fitted):+.0%} in the weeks after it, which were not fitted"
    return (
        f"Until week {fitted}, the end of what was fitted: chi-square {found.chi_square:.1f}, p = {found.p_value:.2f}. "
        f"Repeat purchases are off by {found.error(fitted):+.0%} until then{later}."
    )


def _drawn(found: Tracking, log: str) -> Drawn:
    fitted = found.weeks.index[found.weeks["fitted"]].max()

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        figure.set_size_inches(plots.WIDTH, 3.4)
        ax.plot(found.weeks.index, found.weeks["observed"], color="0.2", label=f"log {log}")
        ax.plot(found.weeks.index, found.weeks["simulated"], color="C0", linestyle="--", label="simulated")
        if fitted < found.weeks.index.max():
            ax.axvline(fitted, color="0.6", linewidth=0.8)
            ax.annotate("fitted until here", (fitted, 0), xytext=(4, 4), textcoords="offset points", fontsize=8)
        ax.set(xlabel="week since the log begins", ylabel="repeat purchases so far")
        ax.legend(frameon=False)

    caption = "Repeat purchases of the log's customers and of simulated ones."
    return figure_of("against_log.png", caption, "", draw)
