"""The page: its parts, and how they are kept up to date.

Each browser page that is open has parts of its own, which look every few hundredths of a second whether the
exploration has changed, and then send what has.
"""

from __future__ import annotations

from typing import Any

from nicegui import ui

from abm.view.page import theme
from abm.view.page.books_card import BooksCard
from abm.view.page.desk import Desk, Look
from abm.view.page.lever_panel import LeverPanel
from abm.view.page.people_card import PeopleCard
from abm.view.page.run_bar import RunBar
from abm.view.page.study_bar import StudyBar
from abm.view.page.style import STYLE
from abm.view.page.trial_card import TrialCard
from abm.view.page.watch_card import WatchCard

TITLE = "Patronage"
_LOOK = 0.04  # seconds between two looks at the exploration
_LATER = 0.3  # the same of what takes browsers longer to draw, so that the chart does not wait for it


def declare(desk: Desk) -> None:
    """Declare the page at the root of the server."""

    @ui.page("/", title=TITLE)
    def page() -> None:
        Page(desk)


class Page:
    """One browser page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        x = desk.exploration
        ui.add_css(STYLE)
        ui.colors(primary=theme.SECOND, negative="#9b2c00", positive="#02735a")
        self._look = Look(kpi=x.study.judge_by or x.kpis[0], firm=x.firms[0])
        look = self._look
        bars = [StudyBar(desk, self.refresh), RunBar(desk)]
        with ui.element("main").classes("page"):
            panel = LeverPanel(desk, look)
            with ui.element("div").classes("seen"):
                cards = [
                    WatchCard(desk, look, self.refresh), PeopleCard(desk, look, self.refresh), BooksCard(desk, look),
                    TrialCard(desk, look),
                ]  # fmt: skip
        chart, *later = cards
        self._at_once: list[Any] = [chart, *bars]
        self._later: list[Any] = [panel, *later]
        self.refresh()
        ui.context.client.on_connect(x.start)  # not before, as compiling would keep the page waiting
        ui.timer(_LOOK, lambda: self._draw(self._at_once))
        ui.timer(_LATER, lambda: self._draw(self._later))

    def refresh(self) -> None:
        """Draw what has changed in all parts."""
        self._draw([*self._at_once, *self._later])

    def _draw(self, parts: list[Any]) -> None:
        self._look.fit(self._desk.exploration)
        for part in parts:
            part.refresh()
