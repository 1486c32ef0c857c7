"""The manifest of a results folder: which experiment its runs belong to, and what made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abm.core.errors import Refusal
from abm.core.spec import read_toml, write_toml
from abm.core.streams import SCHEME
from abm.study.experiment import Experiment
from abm.study.files import write_whole
from abm.study.sheet import Sheet
from abm.study.versions import versions

FORMAT = 1
FILE = "manifest.toml"


@dataclass(frozen=True)
class Manifest:
    """What a results folder says of itself.

    sheet      : the runs and their ids       experiment : table of the whole experiment, as in a study file
    scheme     : of random numbers            versions   : of Python and the libraries, at the last run
    """

    sheet: Sheet
    experiment: Mapping[str, Any]
    scheme: str
    versions: Mapping[str, str]

    @classmethod
    def of(cls, experiment: Experiment) -> Manifest:
        """Return the manifest of an experiment run here and now."""
        return cls(experiment.sheet, experiment.to_dict(full=True), SCHEME, versions())

    def write(self, folder: Path) -> None:
        """Write the manifest, whole or not at all; it says nothing of the machine or the day."""
        table = {
            "format": FORMAT,
            "scheme": self.scheme,
            "versions": dict(self.versions),
            "sheet": self.sheet.to_dict(),
            "experiment": dict(self.experiment),
        }
        data = write_toml(table).encode()
        path = folder / FILE
        if not path.exists() or path.read_bytes() != data:
            write_whole(path, data)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a results folder; raise Refusal if there is none or it cannot be understood."""
    place = str(folder)
    if not folder.is_dir():
        raise Refusal("there is no such folder", place=place)
    if not (folder / FILE).is_file():
        raise Refusal(f"is not a results folder: it has no {FILE}", place=place)
    table = read_toml(folder / FILE)
    found = table.get("format")
    if found != FORMAT:
        raise Refusal(f"format = {found!r} is not {FORMAT}; read it with the version that wrote it", place=place)
    try:
        sheet = Sheet.from_dict(table["sheet"])
        return Manifest(sheet, table["experiment"], table["scheme"], table["versions"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(f"{FILE} is not as it was written ({error}); run the study again", place=place) from None
