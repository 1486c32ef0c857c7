"""The jit door: theories know numba through this file.

A theory is written as scalar *equations* and as *kernels*, loops over arrays. Two rules make them quick and
reproducible:

* A float literal means a float32 number, as in NumPy 2 (numba alone would widen every expression to float64).
* Arrays given to one kernel never overlap, so the compiler may vectorise without asking.

A kernel's parameters are named after what they are: columns, firm levers, fields of its mechanism, and the trailing
``lo, hi, t`` (rows of the tile, period). Rows are unsigned, or the compiler would have to allow for indices from the
end and could not vectorise; write ``np.int64(i) + 1`` where a row is calculated with. `abm.core.programs`
fixes all but those three and runs kernels from compiled code.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Sequence
from functools import cache, cached_property, lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any, Literal, TypeVar

import numba
import numpy as np

from abm.core import disk_cache
from abm.core.collector import uncollected
from abm.core.dependence import compiled_within, dependence, is_shipped
from abm.core.inlined import Equation
from abm.core.lowering import CLOCK, KernelCompiler, KernelTarget, call_entry, entry_name, words_of

COMPILED: bool = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]
F = TypeVar("F", bound=Callable[..., Any])
Per = Literal["tile", "share", "market", "firm"]


def _core_digest() -> str:
    """Digest of core's source: equations of core are compiled into kernels of other files, whose stamp misses them."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


_CORE = _core_digest() if COMPILED else ""


_IMPORT = re.compile(rf"^from ({__name__.partition('.')[0]}(?:\.\w+)+) import", re.MULTILINE)


@lru_cache(maxsize=256)
def _page_digest(file: str) -> str:
    """Digest of the pages of this package that a page imports, those of core apart, and of all that they import.

    Equations and constants of such pages are compiled into the page's kernels.
    """
    root, found, waiting = Path(__file__).parents[1], {Path(file)}, [Path(file)]
    digest = hashlib.blake2b(digest_size=6)
    while waiting:
        try:
            text = waiting.pop().read_text("utf-8")
        except OSError:  # a notebook's cell is in no file
            continue
        for name in sorted(set(_IMPORT.findall(text))):
            page = root.joinpath(*name.split(".")[1:]).with_suffix(".py")
            if page not in found and page.parent != Path(__file__).parent and page.exists():
                found.add(page)
                waiting.append(page)
    for page in sorted(found - {Path(file)}):
        digest.update(page.read_bytes())
    return digest.hexdigest()


@cache
def _package_digest() -> str:
    """Digest of all pages of this package, of whose equations and constants a kernel of the user's own may be made."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def stamp(function: FunctionType) -> str:
    """Return a digest of all that is compiled into a kernel, beside its own page if it is a shipped one."""
    if is_shipped(function):
        return _CORE + _page_digest(inspect.getfile(function))
    return _package_digest() + dependence(function)


def _single(function: FunctionType) -> FunctionType:
    """Return the function with float literals as float32, which is what NumPy 2 does with them."""
    code = function.__code__
    constants = tuple(np.float32(c) if type(c) is float else c for c in code.co_consts)
    narrowed = FunctionType(
        code.replace(co_consts=constants),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    narrowed.__dict__.update(function.__dict__)
    narrowed.__doc__, narrowed.__module__ = function.__doc__, function.__module__
    narrowed.__qualname__, narrowed.__annotations__ = function.__qualname__, function.__annotations__
    return narrowed


def equation(function: F | None = None, *, double: bool = False) -> Any:
    """Compile a scalar function that kernels call; it is inlined into their loops.

    double : keep float literals at float64 (for the few equations that need it)
    """
    if function is None:
        return lambda f: equation(f, double=double)
    scalar = function if double or not COMPILED else _single(function)  # type: ignore[arg-type]
    return Equation(scalar) if COMPILED else scalar


def routine(function: F) -> Any:
    """Compile a part of a course of events that has its arrays in a named tuple; it is inlined into what calls it.

    Float literals stay float64. References to arrays are not counted, so nothing in it may be allocated: counting them
    makes a service day 4 to 8 times slower (50 servers and patience; one server).
    """
    return Equation(function, counted=False) if COMPILED else function


class Kernel:
    """A compiled loop over arrays; called directly in tests, bound to a world's columns in a run."""

    def __init__(self, function: FunctionType, per: Per, double: bool) -> None:
        self.function, self.per, self.double = function, per, double
        self.name, self.__doc__ = function.__name__, function.__doc__
        self.parameters = tuple(inspect.signature(function).parameters)
        self.arguments = tuple(p for p in self.parameters if p not in CLOCK)
        self.clock = tuple(p for p in self.parameters if p in CLOCK)
        self._kinds = tuple(CLOCK.get(p, plain) for p in self.parameters)
        if self.parameters != self.arguments + self.clock:
            raise TypeError(f"kernel {self.name}: {', '.join(CLOCK)} come last")
        self._entries = dict[Any, int]()  # addresses by types of arguments
        self._made_of = ""
        self._outdated = list[Any]()  # their machine code may still be running

    @cached_property
    def _compiled(self) -> Any:
        """The function as numba compiles it for the types it is called with, or as it is; most are in no run's plan."""
        if not COMPILED:
            return self.function
        scalar = self.function if self.double else _single(self.function)
        compiled: Any = numba.njit(nogil=True, error_model="numpy", pipeline_class=KernelCompiler)(scalar)
        compiled._compiler.targetdescr = KernelTarget("cpu")
        disk_cache.attach(compiled, stamp)
        return compiled

    def made_of(self) -> str:
        """Return a digest of what is compiled into a kernel of the user's own; let go of machine code made of others.

        A notebook's cell may have changed a constant, or an equation, that stands in another cell than the kernel.
        """
        if is_shipped(self.function):
            return ""
        now = dependence(self.function)
        if self._made_of not in ("", now):
            for function in compiled_within(self.function):
                function.forget()
            self._outdated.append(self._compiled)
            del self._compiled
            self._entries.clear()
        self._made_of = now
        return now

    def __repr__(self) -> str:
        return f"<kernel {self.name}({', '.join(self.parameters)})>"

    def __call__(self, *arguments: Any) -> None:
        """Run once, now, on these arrays and numbers."""
        values = [kind(a) for kind, a in zip(self._kinds, arguments, strict=True)]
        if not COMPILED:
            self.function(*values)
            return
        given = values[: len(self.arguments)]
        words = np.array([word for value in given for word in words_of(value)], np.uint64)
        clock = dict(zip(self.clock, values[len(given) :], strict=True))
        call_entry(self.entry(given), words.ctypes.data, *(clock.get(c, 0) for c in CLOCK))

    def entry(self, arguments: Sequence[Any]) -> int:
        """Compile for these argument types, if need be; return the address of the entry that programs call."""
        kinds = tuple(map(_kind, arguments))
        found = self._entries.get(kinds)
        if found is None:
            signature = tuple(map(numba.typeof, (*arguments, *(CLOCK[c](0) for c in self.clock))))
            with uncollected():
                self._compiled.compile(signature)
            result = self._compiled.overloads[signature]
            found = self._entries[kinds] = result.library.get_pointer_to_function(entry_name(result.fndesc))
        return found

    def is_cached(self) -> bool:
        """Return whether machine code of the present source is on the disk."""
        stored = getattr(self._compiled, "_cache", None)
        return not COMPILED or (isinstance(stored, disk_cache.Cache) and stored.has_code())

    def assembly(self) -> str:
        """Machine code of every version compiled so far (for tests of vectorisation)."""
        return "\n".join(self._compiled.inspect_asm().values())


def kernel(function: F | None = None, *, per: Per = "tile", double: bool = False) -> Any:
    """Compile a loop over arrays.

    per    : "tile", run for each tile of customers; "share", once for the rows that a thread has a share in;
             "market", once on all rows; "firm", once for some firms, where lo..hi are firms
    double : keep float literals at float64
    """
    if function is None:
        return lambda f: Kernel(f, per, double)
    return Kernel(function, per, double)  # type: ignore[arg-type]


def _kind(value: Any) -> Any:
    """Return what numba's type of an array or a number follows from, in a tenth of the time that the type takes."""
    return (value.dtype, value.ndim, value.flags.num) if value.__class__ is np.ndarray else value.__class__


def plain(value: Any) -> Any:
    """Give a number the type that kernels are compiled for: float32, int64 or uint64."""
    kind = value.__class__
    if kind is np.ndarray or kind is np.float32:
        return value
    if isinstance(value, bool | np.bool_ | int) and not isinstance(value, np.unsignedinteger):
        return np.int64(value)
    return np.float32(value) if isinstance(value, float) else value


def versions() -> dict[str, str]:
    """Versions that decide the bits of a result."""
    return {"numba": numba.__version__, "numpy": np.__version__}


__all__ = ["CLOCK", "COMPILED", "Kernel", "Per", "equation", "kernel", "plain", "stamp", "versions"]
