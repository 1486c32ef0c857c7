"""The levers of both arms, side by side, by whose they are; what has been moved, and how to take it back."""

from __future__ import annotations

from functools import partial
from typing import Any

from nicegui import ui

from abm.study.plan.arms import LABEL
from abm.view.page import charts, levers, parts, theme
from abm.view.page.arms import Arm, arm_of
from abm.view.page.controls import Control, described
from abm.view.page.desk import Desk, Look
from abm.view.page.levers import SHARED, THEORIES, Section

_MOST_OPEN = 2  # sections that a search opens by itself


class LeverPanel:
    """Built anew when the study changes or a theory comes or goes; else only its values move."""

    def __init__(self, desk: Desk, look: Look) -> None:
        self._desk, self._look = desk, look
        self._controls: list[Control] = []
        self._built: tuple[Any, Any] = (None, None)
        self._shown: Any = None
        self._open: set[str] = set()  # paths of the sections that are open
        with parts.card("Levers", "levers"):
            self._head = ui.element("div")
            self._moved = ui.element("div").classes("moved")
            self._body = ui.element("div")

    def refresh(self) -> None:
        """Draw what has changed."""
        x, look = self._desk.exploration, self._look
        shown = x.study, x.arms, look.owner, look.words, look.dated, x.target if look.dated else 0
        if shown == self._shown:
            return
        self._shown = shown
        head = x.study, x.firms, charts.names(x)
        if head != self._built[0]:
            self._build_head()
        sections = [one for one in self._sections() if one.owner == look.owner or look.words]
        body = head, look.owner, look.words, [(one.path, one.state) for one in sections]
        if body != self._built[1]:
            self._build_body(levers.matching(sections, look.words))
        self._built = head, body
        for control in self._controls:
            control.follow()
        self._build_moved()

    def _sections(self) -> list[Section]:
        """Return the sections of both arms, each once; one that is on in an arm is on."""
        first, second = (levers.sections(arm.scenario) for arm in self._desk.exploration.arms)
        on = {one.path: one for one in first if one.state != "off"}
        known = {one.path for one in second}
        both = [on.get(one.path, one) if one.state == "off" else one for one in second]
        return [*both, *(one for one in first if one.path not in known)]

    def _build_body(self, found: list[Section]) -> None:
        self._controls = []
        self._body.clear()
        with self._body:
            for place, one in enumerate(found):
                few = _MOST_OPEN if self._look.words else 1
                self._section(one, place < few or one.path in self._open)
            if not found:
                parts.text("no lever is called so", "p", "quiet")

    def _build_head(self) -> None:
        x, look = self._desk.exploration, self._look
        owners = [*x.firms, THEORIES, SHARED]
        look.owner = look.owner if look.owner in owners else owners[0]
        self._head.clear()
        with self._head:
            self._arms()
            self._which(owners)

    def _arms(self) -> None:
        x = self._desk.exploration
        for k, name in enumerate(charts.names(x)):
            with ui.element("div").classes("arm"):
                ui.element("span").classes("dot").style(f"background: {theme.ARMS[k]}")
                own = x.arms[k].name
                options = {arm: str(x.study.arms[arm].get(LABEL, arm)) for arm in x.study.arms}
                options.setdefault(own, name)
                parts.choice(options, own, partial(self._take, k), f"arm {'AB'[k]}", "auto")

    def _which(self, owners: list[str]) -> None:
        look = self._look
        with ui.element("div").classes("row").style("margin: .5rem 0"):
            parts.choice(owners, look.owner, partial(self._set, "owner"), "levers of", "9.5rem")
            search = ui.input("find a lever", value=look.words).props("dense outlined clearable")
            search.style("flex: 1 1 8rem")
            search.on("update:model-value", partial(self._find, search), throttle=0.4, leading_events=False)
        holds = {False: "from the first period on", True: "from the present period on"}
        parts.choice(holds, look.dated, partial(self._set, "dated"), "what is moved holds", "100%")

    def _section(self, one: Section, opened: bool) -> None:
        there = f"{one.title} (off)" if one.state == "off" else one.title
        with ui.expansion(there, value=opened).classes("w-full").props("dense") as fold:
            inside = ui.element("div")
        done: list[bool] = []

        def build() -> None:
            if not done:
                done.append(True)
                with inside:
                    self._inside(one)

        if opened:
            build()
        fold.on("before-show", build)
        fold.on("show", lambda: self._open.add(one.path))
        fold.on("hide", lambda: self._open.discard(one.path))

    def _inside(self, one: Section) -> None:
        parts.text(one.about, "p", "quiet")
        x = self._desk.exploration
        if one.state != "always":
            for k, name in enumerate(charts.names(x)):
                with ui.element("div").classes("one"):
                    ui.element("span").classes("dot").style(f"background: {theme.ARMS[k]}")
                    on = self._is_on(one, k)
                    switch = ui.switch(f"on in {name}", value=on).classes("wide").props("dense")
                    switch.on("update:model-value", partial(self._switch, one, k, switch))
        for lever in one.levers if one.state != "off" else ():
            with ui.element("div").classes("lever"):
                described(lever)
                self._lever(one, lever)

    def _is_on(self, one: Section, k: int) -> bool:
        states = {s.path: s.state for s in levers.sections(self._desk.exploration.arms[k].scenario)}
        return states.get(one.path, "off") != "off"

    def _lever(self, one: Section, lever: levers.Lever) -> None:
        x = self._desk.exploration
        if one.owner == SHARED:
            read = partial(self._shared, lever)
            self._controls.append(Control(lever, "both arms", "#ffffff", read, partial(x.change_market, lever.path)))
            return
        for k, name in enumerate(charts.names(x)):
            read = partial(self._value, k, lever)
            self._controls.append(Control(lever, name, theme.ARMS[k], read, partial(self._move, k, lever.path)))

    def _shared(self, lever: levers.Lever) -> Any:
        return levers.value(self._desk.exploration.base, lever)

    def _value(self, k: int, lever: levers.Lever) -> Any:
        x = self._desk.exploration
        arm = x.arms[k]
        return levers.value(arm.standing(x.target) if self._look.dated else arm.scenario, lever)

    def _move(self, k: int, path: str, value: Any) -> None:
        x = self._desk.exploration
        since = x.target if self._look.dated else 0
        x.change(k, lambda arm: arm.setting(path, value, since))

    def _switch(self, one: Section, k: int, switch: ui.switch) -> None:
        with parts.said():
            self._desk.exploration.change(k, lambda arm: arm.switched(one, switch.value))
        switch.value = self._is_on(one, k)

    def _take(self, k: int, name: str) -> None:
        x = self._desk.exploration
        if name != x.arms[k].name and name in x.study.arms:
            with parts.said():
                x.change(k, lambda arm: arm_of(x.study, name).on(arm.base))

    def _find(self, search: ui.input) -> None:
        self._set("words", search.value or "")

    def _set(self, name: str, value: Any) -> None:
        setattr(self._look, name, value)
        self.refresh()

    def _build_moved(self) -> None:
        self._moved.clear()
        with self._moved:
            for k, arm in enumerate(self._desk.exploration.arms):
                for entry in arm.said():
                    self._entry(k, arm, *entry)
                if arm.open_value:
                    words = f"{arm.open_value} is found by trial runs of patronage run; here it stands as it begins"
                    parts.text(words, "div", "quiet")

    def _entry(self, k: int, arm: Arm, path: str, since: int | None, value: str) -> None:
        dated = "" if since is None else f"from period {since}: "
        with ui.element("div").classes("entry"):
            ui.element("span").classes("dot").style(f"background: {theme.ARMS[k]}")
            parts.text(f"{dated}{path} = {value}", "span")
            back = ui.button(icon="close", on_click=partial(self._take_back, k, path, since))
            back.props("flat dense round size=xs color=grey-8")
            parts.called(back, f"take back {path}, {arm.name}")

    def _take_back(self, k: int, path: str, since: int | None) -> None:
        def back(arm: Arm) -> Arm:
            return arm.without(path) if since is None else arm.undated(path, since)

        with parts.said():
            self._desk.exploration.change(k, back)
