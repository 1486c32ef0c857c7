"""Controls: a lever as something that can be moved, made from what its spec says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from abm.core.errors import Refusal, cut
from abm.core.parameters import interval
from abm.study.plan.overrides import parsed
from abm.view.page import theme
from abm.view.page.inline import inline
from abm.view.page.levers import Lever
from abm.view.page.parts import called, said, text

_QUASAR = {theme.FIRST: "grey-7", theme.SECOND: "primary"}  # what Quasar calls the colours of the arms
_DENSE = "dense outlined hide-bottom-space"


class _Slider(ui.slider):
    """A slider that goes where it is moved at once, rather than when the server has heard of it."""

    LOOPBACK = False


class Control:
    """The controls of one lever for one owner of a value.

    read : returns the value as it is        move : called with one that was typed or slid to; raises Refusal
    """

    def __init__(
        self, lever: Lever, whose: str, colour: str, read: Callable[[], Any], move: Callable[[Any], None]
    ) -> None:
        self._lever, self._read, self._move = lever, read, move
        self._colour = _QUASAR.get(colour, "grey-9")
        self._slider: ui.slider | None = None
        with ui.element("div").classes("one"):
            ui.element("span").classes("dot").style(f"background: {colour}")
            self._field = called(self._made(), f"{lever.label}, {whose}")
            if self._slider is not None:
                called(self._slider, f"{lever.label}, {whose}")
        self._known = read()
        self._show_field()
        self._show_slider()

    def follow(self) -> None:
        """Show the value, if something else than this control has changed it.

        What this control has set it shows already; to show it again could take back what is slid to meanwhile.
        """
        if not _same(now := self._read(), self._known):
            self._known = now
            self._show_field()
            self._show_slider()

    def _show_field(self) -> None:
        value = self._known
        if self._lever.kind == "text" and not isinstance(value, str):
            value = "" if value is None else inline(value)
        self._field.value = value

    def _show_slider(self) -> None:
        low, high = self._lever.low, self._lever.high
        if self._slider is not None:
            self._slider.value = low if self._known is None else min(max(self._known, low), high)

    def _made(self) -> Any:
        lever = self._lever
        if lever.kind == "switch":
            made: Any = ui.switch().classes("wide").props("dense")
            return made.on("update:model-value", self._typed)
        if lever.kind == "word":
            made = ui.select(list(lever.words)).classes("wide").props(f"{_DENSE} options-dense")
            return made.on("update:model-value", self._typed)
        if lever.kind == "text":
            made = ui.input().classes("wide").props(_DENSE)
            return made.on("keydown.enter", self._typed).on("blur", self._typed)
        self._slider = _Slider(min=lever.low, max=lever.high, step=lever.step)
        self._slider.props(f"dense color={self._colour}").on("change", lambda event: self._moved(event.args, slid=True))
        made = ui.number(step=lever.step).props(_DENSE)
        return made.on("keydown.enter", self._typed).on("blur", self._typed)

    def _typed(self) -> None:
        value = self._field.value
        if value is not None and value != "":
            self._moved(_of_text(self._lever, value) if self._lever.kind == "text" else value)

    def _moved(self, value: Any, slid: bool = False) -> None:
        if self._lever.kind == "whole number" and float(value).is_integer():
            value = int(value)
        elif self._lever.kind == "number":
            value = float(f"{value:.12g}")  # a slider counts in steps, whose sums are not round
        if _same(value, self._known):
            return
        with said():
            self._move(value)
        self._known = self._read()
        self._show_field()
        if not slid or not _same(value, self._known):
            self._show_slider()


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _of_text(lever: Lever, written: str) -> Any:
    """Return a value that is written as in a study file; what is text needs no quotes."""
    if (lever.kind == "text" and not lever.default) or not isinstance(lever.default, str):
        try:
            return parsed(f"value={written}")[1]
        except Refusal:
            return written
    return written


def described(lever: Lever) -> None:
    """Write what a lever is, into the element that is open: name, unit, meaning, default, bounds, evidence."""
    with ui.element("div").classes("name"):
        text(lever.label, "span")
        unit = "" if lever.unit == "name" else lever.unit
        if unit:
            text(f"  {unit}", "span", "unit")
    if lever.doc:
        text(lever.doc, "div", "doc")
    default = "none" if lever.default is None else cut(inline(lever.default))
    facts = [f"default {default}", interval(lever.bounds) if lever.bounds else "", lever.evidence, lever.source]
    text(" · ".join(filter(None, facts)), "div", "facts")
