"""The bar of running: go on, stop, one step, to the end, from the beginning; how far it is, and what is wrong."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from abm.view.page import parts
from abm.view.page.desk import Desk

_PACES = {1: "1 period", **{many: f"{many} periods" for many in (2, 4, 13, 26, 52)}}


class RunBar:
    """The buttons, and the line that says what is going on."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._shown = desk, None
        x = desk.exploration
        with ui.element("div").classes("bar"):
            self._run = parts.button("Run", self._run_or_pause, main=True).style("min-width: 5.2rem")
            parts.button("Step", x.step)
            parts.button("To the end", x.to_the_end)
            parts.button("Reset", x.reset)
            parts.choice(_PACES, x.pace, x.set_pace, "a step is", "9rem")
            luck = ui.number("luck", value=x.replication, min=0, step=1, precision=0).props("dense outlined")
            luck.style("width: 5.2rem").on("blur", self._live).on("keydown.enter", self._live)
            luck.tooltip("Another number is another draw of luck, the same for both arms (replication).")
            self._luck = luck
            self._period = parts.text("", "span", "period")
            self._status = parts.text("", "span", "status").props('role="status" aria-live="polite"')

    def refresh(self) -> None:
        """Draw what has changed."""
        x = self._desk.exploration
        shown: Any = x.playing, x.done, x.periods, x.status, x.problem
        if shown == self._shown:
            return
        self._shown = shown
        self._run.text = "Pause" if x.playing else "Run"
        self._period.text = f"period {x.done:,} of {x.periods:,}"
        self._status.text = x.problem or x.status
        self._status.classes(add="problem") if x.problem else self._status.classes(remove="problem")

    def _run_or_pause(self) -> None:
        x = self._desk.exploration
        x.pause() if x.playing else x.run()

    def _live(self) -> None:
        with parts.said():
            self._desk.exploration.set_luck(int(self._luck.value or 0))
