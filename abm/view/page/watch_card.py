"""What is watched: a KPI over time in both arms, with the runs before in grey."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from abm.scenario.measures import BY_NAME
from abm.view import words
from abm.view.page import charts, export, parts, theme
from abm.view.page.desk import Desk, Look

_TOGETHER = {1: "each period", 4: "mean of 4", 13: "mean of 13", 52: "mean of 52"}


class WatchCard:
    """The chart, what is chosen for it, and its files."""

    def __init__(self, desk: Desk, look: Look, changed: Callable[[], None]) -> None:
        self._desk, self._look, self._changed = desk, look, changed
        self._shown: Any = None
        self._seen: Any = None
        x = desk.exploration
        with parts.card("Over time", "first"):
            with ui.element("div").classes("row"):
                self._kpi = parts.choice(_labels(x.kpis), look.kpi, lambda v: self._set("kpi", v), "watch", "15rem")
                self._firm = parts.choice(x.firms, look.firm, lambda v: self._set("firm", v), "of", "8rem")
                parts.choice(_TOGETHER, look.together, lambda v: self._set("together", v), "drawn", "10.5rem")
            self._about = parts.text("", "p", "quiet").style("margin: .4rem 0; min-height: 2.5em")
            self._key = parts.Words("key")
            self._chart = ui.echart(charts.courses(x, look.kpi, look.firm)).classes("chart")
            with ui.element("div").classes("row"):
                parts.button("PNG", lambda: self._figure("png"), label="save the figure as PNG")
                parts.button("SVG", lambda: self._figure("svg"), label="save the figure as SVG")
                parts.button("CSV", self._csv, label="save the table as CSV")
                parts.button("Clear grey", x.clear_earlier, label="forget the runs before")

    def refresh(self) -> None:
        """Draw what has changed."""
        x, look = self._desk.exploration, self._look
        shown: Any = x.version, look.kpi, look.firm, look.together
        if shown == self._shown or (x.sights is self._seen and x.behind):  # what is wanted will be drawn with the rest
            return
        self._shown, self._seen = shown, x.sights
        for select, options, value in (
            (self._kpi, _labels(x.kpis), look.kpi),
            (self._firm, {firm: firm for firm in x.firms}, look.firm),
        ):
            if select.options != options or select.value != value:
                select.set_options(options, value=value)
        self._about.text = BY_NAME[look.kpi].definition if look.kpi in BY_NAME else ""
        self._chart.options.update(charts.courses(x, look.kpi, look.firm, look.together))
        self._chart.update()
        entries = [*zip(theme.ARMS, charts.names(x), strict=True)]
        entries += [(theme.EARLIER, "runs before")] if x.earlier else []
        self._key.show(parts.colour_key(entries))

    def _set(self, name: str, value: Any) -> None:
        if value is not None and value != getattr(self._look, name):
            setattr(self._look, name, value)
            self._changed()

    def _figure(self, kind: str) -> None:
        x, look = self._desk.exploration, self._look
        ui.download.content(export.figure(x, look.kpi, look.firm, kind), f"{x.study.name}_{look.kpi}.{kind}")

    def _csv(self) -> None:
        x, look = self._desk.exploration, self._look
        ui.download.content(export.csv(x, look.kpi), f"{x.study.name}_{look.kpi}.csv")


def _labels(kpis: list[str]) -> dict[str, str]:
    return {kpi: words.label(kpi) for kpi in kpis}
