"""Files that are whole or not there: write under a passing name, flush to the disk, rename."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from abm.core.errors import Refusal
from abm.study.provenance.digest import DIGEST_BYTES

_PART = ".part"
_ABANDONED = 3600.0  # seconds after which an unfinished file belongs to no living process


def write_whole(target: Path, data: bytes) -> None:
    """Write `data` to `target` so that a reader, a crash or a power cut finds all of it or nothing.

    Raises OSError when the disk is full or the folder cannot be written; nothing is left behind then.
    """
    _write(target.parent, target.name, lambda file: file.write(data), lambda: target.name)


def check_can_be_made(folder: Path, place: str = "out") -> None:
    """Refuse, at a place, a folder that is not there and cannot be made where it is to be."""
    there = next(one for one in folder.absolute().parents if one.exists())
    _try_in(there, f"= {folder} cannot be made in {there}", place)


def check_can_be_written(folder: Path, place: str = "out") -> None:
    """Refuse, at a place, a file, a folder in which nothing can be written, and one that cannot be made."""
    if not folder.exists():
        check_can_be_made(folder, place)
    elif not folder.is_dir():
        raise Refusal(f"= {folder} is a file; give a folder, which is made if need be", place=place)
    else:
        _try_in(folder, f"= {folder} cannot be written", place)


def _try_in(folder: Path, what: str, place: str) -> None:
    """Refuse a folder in which nothing can be made."""
    try:
        with tempfile.TemporaryDirectory(dir=folder):  # the only sure way to find out
            pass
    except OSError as error:
        raise Refusal(f"{what}: {error.strerror}; give a folder elsewhere", place=place) from None


def write_named(folder: Path, suffix: str, fill: Callable[[Hashing], object]) -> str:
    """Write a file that is named by the digest of its bytes, whole or not at all; return the digest (hex).

    fill : writes the bytes, little by little

    Raises OSError like `write_whole`.
    """
    made: list[Hashing] = []

    def filled(file: BinaryIO) -> None:
        made.append(Hashing(file))
        fill(made[0])

    _write(folder, suffix, filled, lambda: f"{made[0].digest}{suffix}")
    return made[0].digest


def digest_of(path: Path) -> str:
    """Return the digest (hex) of a file's bytes, read little by little."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES)).hexdigest()


class Hashing:
    """A file that keeps the digest of what is written to it."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._hash = file, hashlib.blake2b(digest_size=DIGEST_BYTES)

    def write(self, data: bytes) -> int:
        """Write bytes; return how many."""
        self._hash.update(data)
        return self._file.write(data)

    def tell(self) -> int:
        """Return how many bytes are written."""
        return self._file.tell()

    def flush(self) -> None:
        """Pass on what is buffered."""
        self._file.flush()

    def close(self) -> None:
        """Leave the file to whoever opened it."""

    @property
    def digest(self) -> str:
        """The digest so far (hex)."""
        return self._hash.hexdigest()


def _write(folder: Path, name: str, fill: Callable[[BinaryIO], object], named: Callable[[], str]) -> None:
    """Fill a file of a passing name, flush it to the disk, and then give it its name."""
    part = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}{_PART}"
    try:
        with part.open("xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / named())
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    _flush_folder(folder)


def remove_abandoned(folder: Path) -> None:
    """Remove unfinished files that a killed process left in `folder` long ago."""
    for part in folder.glob(f".*{_PART}"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink()


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut; Windows cannot open a folder and does not need to."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
