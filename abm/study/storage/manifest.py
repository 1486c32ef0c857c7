"""The manifest of a results folder: which experiment its runs belong to, and what made them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from abm.core.errors import Refusal, shown
from abm.core.spec import read_toml, write_toml
from abm.core.streams import SCHEME
from abm.study.plan.experiment import Experiment
from abm.study.plan.own import Own
from abm.study.plan.sheet import Sheet
from abm.study.provenance import inputs
from abm.study.provenance.digest import digest
from abm.study.provenance.files import write_whole
from abm.study.provenance.versions import FORMAT, versions

FILE = "manifest.toml"
SEGMENTS = "segments"  # the folder of stored runs, beside the manifest
_OF_A_SEGMENT = re.compile(r"[0-9a-f]{32}\.|\.")  # names of segments, and of what is not wholly written
_MOST_NAMED = 8


@dataclass(frozen=True)
class Manifest:
    """What a results folder says of itself.

    sheet      : the runs and their ids       experiment : table of the whole experiment, as in a study file
    command    : that asked for the runs, without what belongs to one machine
    scheme     : of random numbers            versions   : of Python and the libraries, at the last run
    own        : Python files of theories and measures of the user's own, name -> digest
    matched    : a table for each arm that was matched (matches.py)
    """

    sheet: Sheet
    experiment: Mapping[str, Any]
    command: str
    scheme: str
    versions: Mapping[str, str]
    own: Mapping[str, str] = field(default_factory=dict)
    matched: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, experiment: Experiment, command: str = "abm.run") -> Manifest:
        """Return the manifest of an experiment run here and now."""
        own, matched = experiment.own.digests, [arm.to_dict() for arm in experiment.matched]
        return cls(experiment.sheet, experiment.to_dict(full=True), command, SCHEME, versions(), own, matched)

    def study(self, folder: Path, own: Any = ()) -> Experiment:
        """Build the experiment again.

        folder : of the results        own : theories and measures of the user's own, as of `load`

        Raises Refusal if they are needed, and for what else cannot be built again; changes of code do not count.
        """
        own = self.with_own(folder, own)
        return Experiment.from_dict(self.experiment, folder=folder / inputs.FOLDER, own=own)

    def with_own(self, folder: Path, own: Any) -> Own:
        """Return theories and measures of the user's own.  Raises Refusal if a file that the study needs is not given.

        A file that was given another name is known by its text.
        """
        given = Own.of(own)
        if not self.own.keys() <= given.digests.keys() and not {*self.own.values()} <= {*given.digests.values()}:
            options = " ".join(f"--with {name}" for name in self.own)
            names = shown([*self.own] if len(self.own) > 1 else next(iter(self.own)))
            step = f"add {options} (in Python own={names})"
            raise Refusal(f"its study has theories or measures of your own; {step}", place=str(folder))
        return given

    def edited(self, own: Own) -> tuple[str, ...]:
        """Return the files of the user's own that are not as they were: "habits.py 5f2c81d0 (now 9a04be77)"."""
        pairs = ((name, before, own.digests.get(name, before)) for name, before in self.own.items())
        return tuple(f"{name} {before[:8]} (now {now[:8]})" for name, before, now in pairs if now != before)

    def write(self, folder: Path) -> None:
        """Write the manifest, whole or not at all; it says nothing of the machine or the day."""
        table = {
            "format": FORMAT,
            "command": self.command,
            "scheme": self.scheme,
            "versions": dict(self.versions),
            **({"own": dict(self.own)} if self.own else {}),
            "sheet": self.sheet.to_dict(),
            "experiment": dict(self.experiment),
            **({"matched": [dict(arm) for arm in self.matched]} if self.matched else {}),
        }
        text = write_toml(table)
        data = f"{_digest_line(text)}\n{text}".encode()
        path = folder / FILE
        if not path.exists() or path.read_bytes() != data:
            write_whole(path, data)

    def says_the_same(self, folder: Path) -> bool:
        """Return whether the manifest in a folder is of the same runs, whoever made them with whatever versions."""
        try:
            there = read_manifest(folder)
        except Refusal:
            return False
        mine, other = ((one.sheet, one.experiment, one.scheme, one.own, one.matched) for one in (self, there))
        return mine == other


def check_format(folder: Path) -> None:
    """Refuse a folder whose results another version wrote in a format of its own, which are not to be written over."""
    try:
        table = read_toml(folder / FILE)
    except Refusal:  # what is no manifest is not one of another version
        return
    if _is_foreign(table, folder):
        what = f"has results in format {shown(table.get('format'))}, and this version writes {FORMAT}; they stay as is"
        raise Refusal(f"{what}: choose another folder, or use the version that wrote them", place=str(folder))


def check_nothing_is_lost(folder: Path, place: str, also: Iterable[str] = ()) -> None:
    """Refuse a folder that is not one of results and has something that results would be written over.

    place : that a refusal names        also : patterns of what is written there besides manifest and input files
    """
    if folder.is_dir() and not is_results_folder(folder):
        refuse_losses(folder, place, "results folder", (FILE, inputs.FOLDER, *also))


def refuse_losses(folder: Path, place: str, kind: str, patterns: Sequence[str]) -> None:
    """Refuse a folder, which is none of a kind, if a name in it has one of the patterns of what is written there."""
    names = sorted(path.name for path in folder.iterdir())
    lost = next((name for name in names if any(fnmatch(name, pattern) for pattern in patterns)), None)
    if lost is not None:
        what = f"= {folder} is no {kind}, and its {lost} would be written over"
        raise Refusal(f"{what}; give another folder, or move that away", place=place)


def is_results_folder(folder: Path) -> bool:
    """Return whether results are kept in a folder: it has a manifest, in whatever state, or runs.

    Trial runs are stored before there is a manifest.
    """
    segments = folder / SEGMENTS
    if segments.is_dir() and all(_OF_A_SEGMENT.match(path.name) for path in segments.iterdir()):
        return True
    try:
        first, _, text = (folder / FILE).read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return False
    return first.startswith(("digest = ", "format = ")) or text.startswith("format = ")


def _is_foreign(table: Mapping[str, Any], folder: Path) -> bool:
    """Return whether a manifest is as some other version wrote it, and not one of this version that was changed."""
    first, _, text = (folder / FILE).read_text(encoding="utf-8").partition("\n")
    return table.get("format") != FORMAT and (table.get("digest") is None or first == _digest_line(text))


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a results folder; raise Refusal if there is none or it is not as it was written."""
    place = str(folder)
    if folder.is_file():
        there = folder.parent / "results" / folder.stem
        advice = f"; its results are in {there}" if (there / FILE).is_file() else ""
        raise Refusal(f"is a file, not a results folder{advice}", place=place)
    if not folder.is_dir():
        raise Refusal("there is no such folder", place=place)
    if not (folder / FILE).is_file():
        inside = sorted(path.parent.name for path in folder.glob(f"*/{FILE}"))
        hint = f"; those in it are {', '.join(inside[:_MOST_NAMED])}" if inside else ""
        raise Refusal(f"is not a results folder: it has no {FILE}{hint}", place=place)
    table = read_toml(folder / FILE)
    first, _, text = (folder / FILE).read_text(encoding="utf-8").partition("\n")
    if _is_foreign(table, folder):
        found = table.get("format")
        raise Refusal(f"format = {found!r} is not {FORMAT}; read it with the version that wrote it", place=place)
    if first != _digest_line(text):
        raise Refusal(f"{FILE} is not as it was written; run the study again", place=place)
    try:
        sheet = Sheet.from_dict(table["sheet"])
        parts = (table["experiment"], table["command"], table["scheme"], table["versions"])
        return Manifest(sheet, *parts, table.get("own", {}), table.get("matched", []))
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(f"{FILE} is not as it was written ({error}); run the study again", place=place) from None


def _digest_line(text: str) -> str:
    """Return the first line of a manifest, by which a change of what follows is noticed."""
    return f'digest = "{digest(text.encode()).hex()}"'
