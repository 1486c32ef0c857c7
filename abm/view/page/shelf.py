"""The shelf: which studies can be opened, from one folder and the shipped presets; studies in and out as TOML."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from abm.core.errors import Refusal, shown
from abm.core.presets import listed, presets
from abm.core.spec import read_toml, write_toml
from abm.scenario.changes import differences
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment, load
from abm.view.page.arms import SECOND, Arm, as_written
from abm.view.page.inline import inline

LARGEST_FILE = 2_000_000  # bytes of a study that is loaded
_FIRST = "baseline"
_SEED = 2026
_ENDING = " (preset)"


class Shelf:
    """Studies that can be opened.

    folder : whose study files are offered, and in which those that are loaded may name logs and graphs
    own    : files of theories of one's own, as of `load`
    """

    def __init__(self, folder: Path, own: Sequence[Path] = ()) -> None:
        self.folder, self.own = folder.resolve(), own

    def names(self) -> list[str]:
        """Return what can be opened: the folder's study files, then the presets."""
        return [*(path.name for path in self._files()), *(f"{name}{_ENDING}" for name in listed(Scenario))]

    def open(self, name: str) -> Experiment:
        """Return a study of the shelf.  Raises Refusal for a name that is not on it, and a file that is none."""
        if name.endswith(_ENDING) and name in self.names():
            return of_preset(name.removesuffix(_ENDING))
        path = next((path for path in self._files() if path.name == name), None)
        if path is None:
            raise Refusal(f"there is no study {shown(name)} in this folder")
        return load(path, self.own)

    def read(self, name: str, content: bytes) -> Experiment:
        """Return the study in a file that somebody loads.  Raises Refusal, beginning with the file's name."""
        name = Path(name).name or "study.toml"
        if len(content) > LARGEST_FILE:
            raise Refusal(f"has more than {LARGEST_FILE:,} bytes, which no study needs", source=name)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "study.toml")
            path.write_bytes(content)
            try:
                table = read_toml(path)
            except Refusal as refusal:
                raise Refusal(refusal.message, place=refusal.place, source=name) from None
        return Experiment.from_dict(table, name=Path(name).stem, source=name, folder=self.folder, own=self.own)

    def _files(self) -> list[Path]:
        inside = (path for path in sorted(self.folder.glob("*.toml")) if path.resolve().is_relative_to(self.folder))
        return [path for path in inside if path.is_file()]


def of_preset(name: str) -> Experiment:
    """Return a study of a preset with two arms, which are equal at first."""
    about = next(one.about for one in presets(Scenario) if one.name == name)
    arms: dict[str, dict[str, Any]] = {_FIRST: {}, SECOND: {}}
    return Experiment(name=name, question=about, scenario=Scenario(preset=name), arms=arms, seed=_SEED)


def written(study: Experiment) -> str:
    """Return a study as the text of a study file."""
    return write_toml(study.to_dict())


def command(filed: Experiment, arms: Sequence[Arm], seed: int, file: str, own: Sequence[Path] = ()) -> str:
    """Return the command that runs a study with the arms as they are; "" if it takes the study to be saved first.

    filed : as the file has it        own : files of theories of one's own
    """
    words = ["patronage", "run", file, *(part for path in own for part in ("--with", path.name))]
    words += ["--seed", str(seed)] if seed != filed.seed else []
    for path, value in differences(filed.scenario, arms[0].base):
        words += ["--set", f"{path}={inline(value)}"]
    for arm in arms:
        there = as_written(filed.arms.get(arm.name))
        if there is None or not there.keys() <= arm.settings.keys():
            return ""  # no option takes a setting out of an arm
        for path, value in arm.settings.items():
            if there.get(path) != value:
                words += ["--set", f"arms.{arm.name}.{path}={inline(value)}"]
    return shlex.join(words)
