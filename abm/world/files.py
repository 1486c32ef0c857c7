"""Files that a study names, logs and graphs: which folders they may lie in, and where a results folder keeps them.

A file lies in the study's folder or below it, so that a study of somebody else reads nothing that is not its own.
Folders beside it are allowed by whoever starts the run, for the whole process: `--data DIR`, `abm.load(file, data=…)`.
A results folder keeps files from there too, under a name of their own, by which they are found from the folder alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from abm.core.errors import Refusal, shown

OUTSIDE = "outside"  # folder of the copies of files from other folders, beside a study file
_UP, _ROOT = "up", "root"  # steps of a path that leave a folder, as names in it
_ALLOWED: list[Path] = []


def allow(folders: Iterable[Path | str]) -> None:
    """Let studies of this process name files in these folders too.  Raises Refusal for what is no folder."""
    for folder in folders:
        path = Path(folder).expanduser().resolve()
        if not path.is_dir():
            raise Refusal(f"= {shown(str(folder))} is no folder", place="data")
        if path not in _ALLOWED:
            _ALLOWED.append(path)


def allowed() -> tuple[Path, ...]:
    """Return the folders that were allowed, for `permit` in another process."""
    return tuple(_ALLOWED)


def permit(folders: Iterable[Path]) -> None:
    """Allow what another process allowed; a folder may be missing here."""
    _ALLOWED.extend(folder for folder in folders if folder not in _ALLOWED)


def kept_as(name: str) -> str:
    """Return under which path a file is kept in a folder of copies: its own, or one below OUTSIDE if that leads out."""
    path = Path(name)
    if not path.is_absolute() and ".." not in path.parts:
        return name
    steps = [_ROOT if step == path.anchor else _UP if step == ".." else step for step in path.parts]
    return Path(OUTSIDE, *steps).as_posix()


def located(name: str, folder: Path | None) -> Path:
    """Return the path of a file that a study names: in its folder, among the copies kept there, or in an allowed one.

    folder : of the study; None = the current one

    Raises Refusal, without a place, for a file that lies elsewhere. Whether there is one is not looked up.
    """
    base = (folder or Path.cwd()).resolve()
    path = (base / name).resolve()
    if path.is_relative_to(base):
        return path
    kept = (base / kept_as(name)).resolve()
    if kept.is_relative_to(base) and kept.is_file():
        return kept
    if any(path.is_relative_to(folder) for folder in _ALLOWED):
        return path
    raise Refusal(
        f"= {shown(name)} lies outside the study's folder; allow its own with --data DIR (in Python: abm.load(file, "
        "data=DIR)), or put the file beside the study"
    )
