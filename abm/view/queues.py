"""Figures of queues: the line over time, who served whom, and how long people waited.   Trace in, Axes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from abm.core.errors import Refusal, counted
from abm.queues.formula import wait_exceeds
from abm.queues.served import Served
from abm.view import plots, tables
from abm.view.drawn import Drawn, figure_of

_SHOWN, _SERVICES = 200, 60  # customers of a window that nobody has chosen: of a trace, of a chart of servers
_MOST_SERVERS, _BINS = 24, 40
_ENDS = ("served", "balked", "abandoned", "denied", "contained", "no-show")


FILES = ("trace.png", "servers.png", "waits.png")


class QueuePlots:
    """Figures of a queue by name, as `served.plot.trace()`."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def trace(
        self,
        start: float | None = None,
        minutes: float | None = None,
        replication: int = 0,
        figure: Figure | None = None,
    ) -> list[Axes]:
        """Draw how many wait over time, and how long each customer waited who came then.

        start, minutes : of the window; left out = the first 200 customers who are counted
        """
        table, window = self._window(start, minutes, replication, _SHOWN)
        return trace(table, window, figure)

    def servers(
        self,
        start: float | None = None,
        minutes: float | None = None,
        replication: int = 0,
        ax: Axes | None = None,
        figure: Figure | None = None,
    ) -> Axes:
        """Draw when each server served whom: a bar a service, of its kind's colour.

        start, minutes : of the window; left out = the first 60 customers who are counted
        """
        table, window = self._window(start, minutes, replication, _SERVICES)
        return servers(table, window, ax, figure)

    def waits(self, ax: Axes | None = None, figure: Figure | None = None) -> Axes:
        """Draw how long the counted waited, who did not wait apart, and what the formula says, if there is one."""
        table = self._served.customers
        inside = table["counted"] & table["outcome"].isin(["served", "abandoned"])
        waited = table.loc[inside, "waited"].to_numpy(float)
        return waits(waited, wait_exceeds(self._served.queue), ax, figure)

    def _window(
        self, start: float | None, minutes: float | None, replication: int, customers: int
    ) -> tuple[pd.DataFrame, tuple[float, float]]:
        table = self._served.customers
        table = table[table["replication"] == replication]
        if table.empty:
            raise Refusal(f"= {replication} is none of {len(self._served.traces)}, from 0", place="replication")
        counted_ones = table.loc[table["counted"], "arrival"].to_numpy()
        first = float(counted_ones[0]) if start is None else float(start)
        later = table.loc[table["arrival"] >= first, "arrival"].to_numpy()
        if len(later) == 0:
            raise Refusal(f"= {first:g} is after the last arrival; take an earlier time", place="start")
        last = float(later[min(customers, len(later)) - 1]) if minutes is None else first + float(minutes)
        return table, (first, max(last, first + 1e-9))


def pictures(served: Served) -> list[Drawn]:
    """Return the figures of a queue as files; without those for which there is nobody to be shown."""
    own, found = QueuePlots(served), []
    said = ("The line over time, and the waits", "When servers are busy", "How long people waited")
    for file, words, draw in zip(FILES, said, (own.trace, own.servers, own.waits), strict=True):
        try:
            found.append(figure_of(file, words, "", lambda figure, draw=draw: draw(figure=figure)))  # type: ignore[misc]
        except Refusal:  # nobody joined the line, or was served
            continue
    return found


def line_over_time(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return when the number who wait changes, and how many wait from then on, of the last line of those who stayed."""
    joined = table[table["joined"].notna() & table["outcome"].isin(["served", "abandoned"])]
    leaves = joined["began"].where(joined["outcome"] == "served", joined["left"]).to_numpy(float)
    at = np.concatenate((joined["joined"].to_numpy(float), leaves))
    step = np.repeat([1, -1], len(joined))
    order = np.lexsort((step, at))
    return at[order], np.cumsum(step[order])


def trace(table: pd.DataFrame, window: tuple[float, float], figure: Figure | None = None) -> list[Axes]:
    """Draw the line over time above the waits of who came.

    table : as of Served.customers, of one replication      window : first and last minute
    """
    at, waiting = line_over_time(table)
    inside = (at >= window[0]) & (at <= window[1])
    before = int(waiting[at < window[0]][-1]) if (at < window[0]).any() else 0
    shown = table[(table["arrival"] >= window[0]) & (table["arrival"] <= window[1])]
    with plots.style():
        figure = plots.sized(figure, 5.0)
        above, below = figure.subplots(2, 1, sharex=True)
        x = np.concatenate(([window[0]], at[inside], [window[1]]))
        y = np.concatenate(([before], waiting[inside], [waiting[inside][-1] if inside.any() else before]))
        above.fill_between(x, y, step="post", color=plots.GREY, alpha=0.25, linewidth=0)
        above.step(x, y, where="post", color=plots.GREY, linewidth=1.2)
        above.set_ylabel("customers who wait")
        above.set_ylim(bottom=0)
        above.yaxis.get_major_locator().set_params(integer=True)
        above.set_title("How many wait over time, and how long each customer waits", wrap=True)
        _sticks(below, shown)
        below.set_ylabel("minutes waited")
        below.set_xlabel("minutes; the wait of a customer stands at the time at which she came")
        below.set_xlim(*window)
        below.set_ylim(bottom=min(0.0, -0.03 * below.get_ylim()[1]))
    return [above, below]


def _sticks(ax: Axes, shown: pd.DataFrame) -> None:
    """Draw a customer's wait over her arrival, in a colour for each way in which a coming ends."""
    palette = plots.colours(_ENDS, "served")
    there = [end for end in _ENDS if (shown["outcome"] == end).any()]
    for end in there:
        own = shown[shown["outcome"] == end]
        ax.vlines(own["arrival"], 0, own["waited"], color=palette[end], linewidth=1.0, alpha=0.6)
        ax.plot(own["arrival"], own["waited"], "o", color=palette[end], markersize=3.2)
    if len(there) > 1:
        plots.legend(ax, there, palette)


def servers(
    table: pd.DataFrame, window: tuple[float, float], ax: Axes | None = None, figure: Figure | None = None
) -> Axes:
    """Draw a chart of servers: a row each, a bar for each service; hers alone who was served last by it.

    table : as of Served.customers, of one replication      window : first and last minute
    Raises Refusal if nobody was served in the window.
    """
    done = table[(table["server"] > 0) & (table["left"] >= window[0]) & (table["began"] <= window[1])]
    if done.empty:
        raise Refusal("nobody was served in this time; take another", place="start")
    rows = sorted({*zip(done["pool"].astype(str), done["server"].astype(int), strict=True)})
    shown, kinds = rows[:_MOST_SERVERS], list(table["kind"].cat.categories)
    palette = plots.colours(kinds, "")
    pools = len({pool for pool, _ in rows}) > 1
    with plots.style():
        ax = ax or plots.sized(figure, plots.effects_height(len(shown)) + 0.2).subplots()
        for y, (pool, number) in enumerate(shown):
            own = done[(done["pool"] == pool) & (done["server"] == number)]
            bars = list(zip(own["began"], own["left"] - own["began"], strict=True))
            colours = [palette[str(kind)] for kind in own["kind"]]
            ax.broken_barh(bars, (y - 0.36, 0.72), facecolors=colours, edgecolor="white", linewidth=0.8)
        plots.arms_on_y(ax, [f"{pool} {number}" if pools else str(number) for pool, number in shown])
        ax.set_xlim(*window)
        ax.set_xlabel("minutes")
        ax.set_ylabel("" if pools else "server")
        more = f": the first {len(shown)} of {len(rows)} servers" if len(rows) > len(shown) else ""
        ax.set_title(f"When servers are busy{more}", wrap=True)
        if len(kinds) > 1:
            plots.legend(ax, kinds, palette)
    return ax


def waits(
    waited: np.ndarray,
    known: tuple[str, Callable[[Any], Any]] | None = None,
    ax: Axes | None = None,
    figure: Figure | None = None,
) -> Axes:
    """Draw a histogram of waits above 0; a share each of all, so that with those who did not wait they add to 1.

    waited : (n,) minutes      known : name of a formula, and its P(W > t)
    Raises Refusal if nobody came in.
    """
    if len(waited) == 0:
        raise Refusal("nobody joined the line, so that there are no waits", place="waits")
    above = waited[waited > 0]
    high = float(np.quantile(above, 0.995)) if len(above) else 1.0
    edges = np.linspace(0.0, high, _BINS + 1)
    shares = np.histogram(above, edges)[0] / len(waited)
    beyond = np.count_nonzero(above > high) / len(waited)
    with plots.style():
        ax = ax or plots.sized(figure, 3.6).subplots()
        ax.bar(edges[:-1], shares, np.diff(edges), align="edge", color="#a9b8c6", edgecolor="white", linewidth=0.6)
        if known is not None:
            expected = -np.diff(np.asarray(known[1](edges), float))
            middle = 0.5 * (edges[1:] + edges[:-1])
            ax.plot(middle, expected, color=plots.INK, linewidth=1.6, label=known[0])
            ax.legend(frameon=False, loc="upper right")
        ax.set_xlim(0, high)
        ax.yaxis.set_major_formatter("{x:.1%}")
        ax.set_xlabel("minutes waited")
        ax.set_ylabel("share of customers")
        none = tables.number(100 * np.mean(waited == 0), 1)
        more = f", {tables.number(100 * beyond, 1)} % waited longer than shown" if beyond else ""
        ax.set_title(f"Waits of {counted(len(waited), 'customer')}\n{none} % did not wait{more}", wrap=True)
    return ax
