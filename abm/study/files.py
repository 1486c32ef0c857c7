"""Files that are whole or not there: write under a passing name, flush to the disk, rename."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path

_PART = ".part"
_ABANDONED = 3600.0  # seconds after which an unfinished file belongs to no living process


def write_whole(target: Path, data: bytes) -> None:
    """Write `data` to `target` so that a reader, a crash or a power cut finds all of it or nothing.

    Raises OSError when the disk is full or the folder cannot be written; nothing is left behind then.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}{_PART}")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    _flush_folder(target.parent)


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
