"""Machine code on the disk: numba's cache, which costs time when it fails and never a run.

What is damaged, of another user or does not fit on the disk is compiled anew, and that is said once for all processes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import warnings
from collections.abc import Callable
from types import FunctionType
from typing import Any

from numba.core.caching import FunctionCache, IndexDataCacheFile

_SAID = "PATRONAGE_CACHE_SAID"  # in the environment, which worker processes inherit
_DIGEST_BYTES = 16
_ADVICE = "set NUMBA_CACHE_DIR to a folder that can be written"


def attach(compiled: Any, stamp: Callable[[FunctionType], str]) -> None:
    """Give a function that numba compiles a place for its machine code, if there is one.

    stamp : returns a digest of all that is compiled into a function, now
    """
    try:
        compiled._cache = Cache(compiled.py_func, stamp)
    except RuntimeError:  # numba's word for source that is in no file, and for no folder that can be written
        if os.path.isfile(compiled.py_func.__code__.co_filename):
            _say("no-place", f"there is no place for compiled code, so each process compiles the model anew; {_ADVICE}")


class Cache(FunctionCache):
    """numba's cache of one function, renewed when anything changes that is compiled into it, not only its own page."""

    def __init__(self, function: FunctionType, stamp: Callable[[FunctionType], str]) -> None:
        super().__init__(function)
        self._stamp = stamp
        self._source_stamp = self._cache_file._source_stamp

    def refresh(self) -> None:
        """Turn to the file for what the function is made of now."""
        self._cache_file = _File(
            cache_path=self._cache_path,
            filename_base=f"{self._impl.filename_base}-{self._stamp(self._py_func)}",
            source_stamp=self._source_stamp,
        )

    def has_code(self) -> bool:
        """Return whether there is machine code of the function as it is now."""
        self.refresh()
        try:
            return bool(self._cache_file._load_index())
        except Exception:  # damaged: as good as none
            return False

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what is stored of a signature; None if there is nothing, or nothing that can be used."""
        self.refresh()
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # whatever bytes that are not numba's make of it
            _say("damaged", f"compiled code in {self._cache_path} cannot be used ({_reason(error)}); it is made anew")
            with contextlib.suppress(Exception):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Store what was compiled for a signature, if that can be done."""
        try:
            super().save_overload(sig, data)
        except Exception as error:
            _say("full", f"compiled code cannot be kept in {self._cache_path} ({_reason(error)}); {_ADVICE}")


class _File(IndexDataCacheFile):
    """A file of machine code that begins with the digest of the rest: what is damaged would end the process."""

    def _save_data(self, name: str, data: Any) -> None:
        data = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(_digest(data) + data)

    def _load_data(self, name: str) -> Any:
        with open(self._data_path(name), "rb") as file:
            said, data = file.read(_DIGEST_BYTES), file.read()
        if _digest(data) != said:
            raise ValueError("its bytes have changed since they were written")
        return pickle.loads(data)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _say(what: str, message: str) -> None:
    """Warn, if neither this process nor the one that started it has said so before."""
    said = os.environ.get(_SAID, "").split()
    if what not in said:
        os.environ[_SAID] = " ".join([*said, what])
        warnings.warn(message, RuntimeWarning, stacklevel=2)
