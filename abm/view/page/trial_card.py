"""The comparison: a few replications of both arms behind the page, and the verdict in words."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from abm.view import markup, words
from abm.view.page import parts
from abm.view.page.desk import Desk, Look
from abm.view.page.trial import State

_FEW = 10  # replications, unless something else is asked for


class TrialCard:
    """What is asked, how far it is, and what came out."""

    def __init__(self, desk: Desk, look: Look) -> None:
        self._desk, self._look, self._shown = desk, look, State()
        with parts.card("Compare the two arms", "later"):
            parts.text(
                "One run of each arm is one draw of luck. A comparison repeats both arms with other draws, each pair "
                "with the same luck, and says what can be told.",
                "p",
                "quiet",
            ).style("margin: 0 0 .5rem")
            with ui.element("div").classes("row"):
                self._number = ui.number("replications", value=_FEW, min=2, max=1000, step=1, precision=0)
                self._number.props("dense outlined").style("width: 8rem")
                self._go = parts.button("Compare", self._compare, main=True)
                self._cancel = parts.button("Cancel", desk.exploration.cancel_trial)
                self._cancel.disable()
            self._bar = (
                ui.linear_progress(0.0, show_value=False).props("instant-feedback").style("margin: .6rem 0 .2rem")
            )
            self._far = (
                parts.text("", "div", "quiet").style("min-height: 1.4em").props('role="status" aria-live="polite"')
            )
            self._verdict = parts.Words()

    def refresh(self) -> None:
        """Draw what has changed."""
        trial = self._desk.exploration.trial
        state = trial.state if trial is not None else State()
        if state is self._shown:
            return
        self._shown = state
        running = state.stage == "running"
        self._cancel.set_enabled(running)
        self._bar.value = state.share
        self._far.text = state.said
        found = markup.paragraphs(state.verdict, "verdict") if state.verdict else ""
        if state.effects is not None:
            found += _effects(state.effects, state.baseline)
        self._verdict.show(found)

    def _compare(self) -> None:
        with parts.said():
            self._desk.exploration.compare(int(self._number.value or _FEW), self._look.kpi, self._look.firm)


def _effects(table: Any, baseline: str) -> str:
    """Return what the arms differ by in every KPI, as a table."""
    rows = []
    for row in table[table["arm"] != baseline].to_dict("records"):
        digits = row["decimals"]
        low, high = (f"{row[end]:+,.{digits}f}" for end in ("low", "high"))
        numbers = [f"{row['mean']:,.{digits}f}", f"{row['difference']:+,.{digits}f}", f"[{low}, {high}]"]
        rows.append([words.label(row["kpi"]), words.in_words(row["unit"]), *numbers])
    arm = next((str(name) for name in table["arm"].unique() if name != baseline), "")
    columns = ["measure", "unit", arm, f"minus {baseline}", "95 % interval"]
    return markup.table(columns, rows, columns[2:])
