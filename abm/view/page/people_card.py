"""The people: their word-of-mouth network, painted, and the history of one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
from nicegui import ui

from abm.view import words
from abm.view.page import charts, paint, parts, theme
from abm.view.page.course import KEPT, Sight
from abm.view.page.desk import Desk, Look

_VISITS = "visits"  # what is shown of the column `encounters`
_COLUMNS = [_VISITS if name == "encounters" else name for name in KEPT if name not in ("provider", "story")]


class PeopleCard:
    """The network of one arm, and whoever is chosen in it."""

    def __init__(self, desk: Desk, look: Look, changed: Callable[[], None]) -> None:
        self._desk, self._look, self._changed, self._shown = desk, look, changed, None
        self._laying = False
        with parts.card("Customers and who talks to whom", "later"):
            with ui.element("div").classes("row"):
                self._arm = parts.choice(
                    dict(enumerate(charts.names(desk.exploration))), look.arm, self._set_arm, "arm", "11rem"
                )
                parts.choice(list(paint.PAINTS), look.paint, lambda v: self._set("paint", v), "coloured by", "11rem")
            self._about = parts.text("", "p", "quiet").style("margin: .4rem 0; min-height: 1.4em")
            self._key = parts.Words("key")
            with ui.element("div").classes("net"):
                self._chart = ui.echart({"series": []}).classes("chart")
                self._chart.on("componentClick", self._clicked, ["dataType", "dataIndex"])
                with ui.element("div"):
                    self._person()

    def _person(self) -> None:
        with ui.element("div").classes("row"):
            self._number = (
                ui.number("customer", min=0, step=1, precision=0).props("dense outlined").style("width: 7rem")
            )
            self._number.on("blur", self._asked).on("keydown.enter", self._asked)
            choices = {name: words.label(name) for name in _COLUMNS}
            parts.choice(choices, self._look.column, lambda v: self._set("column", v), "history of", "12rem")
        self._told = parts.text("", "p", "quiet")
        self._told.style("min-height: 3em; margin: .5rem 0")
        self._firms = parts.Words("key")
        self._history = ui.echart({"series": []}).classes("chart small")

    def refresh(self) -> None:
        """Draw what has changed, as soon as the network is laid out."""
        x, look = self._desk.exploration, self._look
        sight = x.sights[look.arm]
        if sight is None or self._laying:
            return
        if not sight.sample.laid_out:
            self._about.text = "laying out the network …"
            self._laying = True
            asyncio.get_running_loop().run_in_executor(None, self._lay_out, sight)
            return
        shown: Any = sight, look.arm, look.paint, look.firm, look.customer, look.column
        if shown == self._shown:
            return
        self._shown = shown
        names = dict(enumerate(charts.names(x)))
        if self._arm.options != names:
            self._arm.set_options(names, value=look.arm)
        self._draw(sight)
        self._draw_person(sight)

    def _lay_out(self, sight: Sight) -> None:
        try:
            sight.sample.places()
        finally:
            self._laying = False

    def _draw(self, sight: Sight) -> None:
        look, sample = self._look, sight.sample
        painted = paint.PAINTS[look.paint](sight, sight.record.firms.index(look.firm))
        self._chart.options.update(charts.network(sight, painted, look.customer))
        self._chart.update()
        of = "" if look.paint == "provider" else f" {'with' if look.paint == 'satisfaction' else 'about'} {look.firm}"
        whom = f"all {sample.customers:,} customers" if len(sample.rows) == sample.customers else (
            f"customer {sample.rows[0]} and the {len(sample.rows) - 1:,} nearest by ties, of {sample.customers:,}"
        )  # fmt: skip
        self._about.text = f"{whom[:1].upper()}{whom[1:]}, by {look.paint}{of}, after period {sight.periods:,}."
        self._key.show(parts.colour_key(zip(painted.colours, painted.words, strict=True)))

    def _draw_person(self, sight: Sight) -> None:
        look = self._look
        table, firms = sight.history(look.customer), sight.record.firms
        self._number.value = int(sight.sample.rows[look.customer])
        self._told.text = _in_words(sight, look.customer)
        self._history.options.update(charts.history(table, look.column, firms, sight.scenario.periods))
        self._history.update()
        self._firms.show(parts.colour_key((theme.of_firm(j), firm) for j, firm in enumerate(firms)))

    def _clicked(self, event: Any) -> None:
        if event.args["dataType"] == "node":
            self._set("customer", int(event.args["dataIndex"]))

    def _asked(self) -> None:
        sight = self._desk.exploration.sights[self._look.arm]
        if sight is None or self._number.value is None:
            return
        found = np.flatnonzero(sight.sample.rows == int(self._number.value))
        if found.size:
            self._set("customer", int(found[0]))
        else:
            parts.say(f"customer {int(self._number.value)} is not among those who are drawn")

    def _set_arm(self, value: Any) -> None:
        self._set("arm", value)

    def _set(self, name: str, value: Any) -> None:
        if value is not None and value != getattr(self._look, name):
            setattr(self._look, name, value)
            self._changed()


def _in_words(sight: Sight, place: int) -> str:
    """Return who a customer is at the moment, in a sentence or two."""
    firms, t = sight.record.firms, sight.periods
    row = int(sight.sample.rows[place])
    provider = sight.people.get("provider")
    own = -1 if provider is None else int(provider[t, place])
    bought = "has bought nowhere yet" if own < 0 else f"bought last at {firms[own]}"
    visits = sight.people.get("encounters")
    counts = [] if visits is None else [f"{firm} {int(visits[t, j, place])}" for j, firm in enumerate(firms)]
    ties = int((sight.sample.links == place).sum())
    return (
        f"Customer {row} {bought}. Visits so far: {', '.join(counts) or 'not counted'}. {ties} of her ties are drawn."
    )
