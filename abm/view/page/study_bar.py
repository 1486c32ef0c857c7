"""The study: which one is looked at, in and out as a file, and the command that repeats what is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from abm.view.page import parts
from abm.view.page.desk import Desk
from abm.view.page.shelf import LARGEST_FILE, written


class StudyBar:
    """The head of the page."""

    def __init__(self, desk: Desk, changed: Callable[[], None]) -> None:
        self._desk, self._changed, self._shown = desk, changed, None
        with ui.element("header").classes("top"):
            parts.text("Patronage", "h1")
            self._study = parts.choice(desk.shelf.names(), desk.opened or None, self._open, "study", "100%").classes(
                "study"
            )
            upload = ui.upload(on_upload=self._read, auto_upload=True, max_file_size=LARGEST_FILE, max_files=None)
            upload.props('accept=".toml"').style("display: none")
            parts.button("Load", lambda: upload.run_method("pickFiles"), label="load a study from a file")
            parts.button("Save", self._save, label="save both arms as a study file")
            parts.button("Command", self._command, label="the command that repeats this")
        self._question = parts.text("", "p", "quiet").style("margin: 0; padding: 0 1rem .5rem")
        with ui.dialog() as self._dialog, ui.card().style("max-width: min(92vw, 44rem)"):
            parts.text("The same on the command line", "h2")
            self._line = parts.text("", "div", "command")
            self._note = parts.text("", "p", "quiet")
            with ui.element("div").classes("row"):
                parts.button("Copy", lambda: ui.clipboard.write(self._line.text), main=True)
                parts.button("Close", self._dialog.close)

    def refresh(self) -> None:
        """Draw what has changed."""
        study = self._desk.exploration.study
        shown: Any = study, self._desk.opened
        if shown != self._shown:
            self._shown = shown
            names = self._desk.shelf.names()
            self._study.set_options(names, value=self._desk.opened if self._desk.opened in names else None)
            self._question.text = study.question or study.name

    def _open(self, name: str | None) -> None:
        if name and name != self._desk.opened:
            with parts.said():
                self._desk.open(name)
            self._changed()

    async def _read(self, event: Any) -> None:
        content = await event.file.read()
        with parts.said():
            self._desk.read(event.file.name, content)
            parts.say(f"{event.file.name} is open", "positive")
        event.sender.reset()
        self._changed()

    def _save(self) -> None:
        with parts.said():
            study = self._desk.exploration.as_study()
            ui.download.content(written(study).encode(), f"{study.name}.toml")

    def _command(self) -> None:
        line = self._desk.command()
        name = self._desk.exploration.study.name
        self._line.text = line or f"patronage run {name}.toml"
        self._note.text = (
            "Run it in the folder of the study."
            if line
            else "Save the study first; the command is for the saved file, in the folder that it is in."
        )
        self._dialog.open()
