"""The jit door: the only file that imports numba.

A theory is written as scalar *equations* and as *kernels*, loops over arrays. Two rules make them quick and
reproducible:

* A float literal means a float32 number, as in NumPy 2 (numba alone would widen every expression to float64).
* Arrays given to one kernel never overlap, so the compiler may vectorise without asking.

A kernel's parameters are named after what they are: columns, firm levers, fields of its mechanism, and the trailing
``lo, hi, t`` (rows of the tile, period). Rows are unsigned, or the compiler would have to allow for indices from the
end and could not vectorise; write ``np.int64(i) + 1`` where a row is calculated with. A `Call` fixes all but those
three; a `Program` runs calls from compiled code, so that a period of a small market does not pay for Python dispatch.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any, Literal, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.compiler_lock import global_compiler_lock
from numba.core.cpu import CPUTargetOptions
from numba.core.registry import CPUTarget, cpu_target
from numba.extending import intrinsic

COMPILED: bool = not numba.config.DISABLE_JIT  # type: ignore[attr-defined]
CLOCK: dict[str, type] = {"lo": np.uint64, "hi": np.uint64, "t": np.int64}  # what a program hands to a kernel
F = TypeVar("F", bound=Callable[..., Any])


class _SeparateArrays(CPUTargetOptions):
    """Compiler options of a kernel: its arrays never overlap."""

    def finalize(self, flags: Any, options: Any) -> None:
        super().finalize(flags, options)
        flags.noalias = True


class _KernelTarget(CPUTarget):
    """numba's CPU target with kernels' options, sharing its typing and code generation contexts."""

    options = _SeparateArrays

    @property
    def _toplevel_target_context(self) -> Any:
        return cpu_target._toplevel_target_context

    @property
    def _toplevel_typing_context(self) -> Any:
        return cpu_target._toplevel_typing_context


def _core_digest() -> str:
    """Digest of core's source: equations of core are compiled into kernels of other files, whose stamp misses them."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


_CORE = _core_digest() if COMPILED else ""


class _Cache(FunctionCache):
    """numba's disk cache, renewed when a file of core changes and not only the kernel's own."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = IndexDataCacheFile(
            cache_path=self._cache_path,
            filename_base=f"{self._impl.filename_base}-{_CORE}",
            source_stamp=self._impl.locator.get_source_stamp(),
        )


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
    return numba.njit(nogil=True, error_model="numpy", forceinline=True)(scalar)


class Kernel:
    """A compiled loop over arrays; called directly in tests, bound to a world's columns in a run."""

    def __init__(self, function: FunctionType, per: Literal["tile", "period"], double: bool) -> None:
        self.function, self.per = function, per
        self.name, self.__doc__ = function.__name__, function.__doc__
        self.parameters = tuple(inspect.signature(function).parameters)
        self.arguments = tuple(p for p in self.parameters if p not in CLOCK)
        self.clock = tuple(p for p in self.parameters if p in CLOCK)
        if self.parameters != self.arguments + self.clock:
            raise TypeError(f"kernel {self.name}: {', '.join(CLOCK)} come last")
        self._compiled: Any = function
        if COMPILED:
            scalar = function if double else _single(function)
            self._compiled = numba.njit(nogil=True, error_model="numpy")(scalar)
            self._compiled._compiler.targetdescr = _KernelTarget("cpu")
            with contextlib.suppress(RuntimeError):  # numba's word for source that is in no file: not cached then
                self._compiled._cache = _Cache(self._compiled.py_func)

    def __repr__(self) -> str:
        return f"<kernel {self.name}({', '.join(self.parameters)})>"

    def __call__(self, *arguments: Any) -> None:
        """Run once, now, on these arrays and numbers."""
        self._compiled(*(CLOCK.get(p, _plain)(a) for p, a in zip(self.parameters, arguments, strict=True)))

    def native(self, arguments: Sequence[Any]) -> tuple[Any, int]:
        """Compile for these argument types; return the signature and the address of the C entry."""
        signature = tuple(numba.typeof(a) for a in arguments) + tuple(numba.typeof(CLOCK[c](0)) for c in self.clock)
        self._compiled.compile(signature)
        result = self._compiled.overloads[signature]
        return result, result.library.get_pointer_to_function(result.fndesc.llvm_cfunc_wrapper_name)

    def is_cached(self) -> bool:
        """Return whether machine code of the present source is on the disk."""
        cache = getattr(self._compiled, "_cache", None)
        return not COMPILED or (isinstance(cache, _Cache) and bool(cache._cache_file._load_index()))

    def assembly(self) -> str:
        """Machine code of every version compiled so far (for tests of vectorisation)."""
        return "\n".join(self._compiled.inspect_asm().values())


def kernel(function: F | None = None, *, per: Literal["tile", "period"] = "tile", double: bool = False) -> Any:
    """Compile a loop over arrays.

    per    : "tile", run for each tile of customers; "period", run once a period between tiles on whole columns
    double : keep float literals at float64
    """
    if function is None:
        return lambda f: Kernel(f, per, double)
    return Kernel(function, per, double)  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    """Give a number the type that kernels are compiled for: float32, int64 or uint64."""
    if isinstance(value, bool | np.bool_ | int) and not isinstance(value, np.unsignedinteger):
        return np.int64(value)
    return np.float32(value) if isinstance(value, float) else value


class Call:
    """A kernel with its arrays and numbers fixed; arrays are shared, never copied."""

    def __init__(self, kernel: Kernel, arguments: Iterable[Any]) -> None:
        self.kernel = kernel
        self.arguments = tuple(_plain(a) for a in arguments)
        for name, value in zip(kernel.arguments, self.arguments, strict=True):
            if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
                raise TypeError(f"kernel {kernel.name}: array {name} is not contiguous")

    def __call__(self, lo: int, hi: int, t: int) -> None:
        """Run for rows lo..hi of period t through Python."""
        clock = {"lo": lo, "hi": hi, "t": t}
        self.kernel._compiled(*self.arguments, *(CLOCK[c](clock[c]) for c in self.kernel.clock))

    def words(self, known: dict[int, list[int]]) -> np.ndarray:
        """Lay the arguments out as 8-byte words, in the compiler's order for an array descriptor.

        known : words of arrays met before, by their id; filled
        """
        out: list[int] = []
        for value in self.arguments:
            if isinstance(value, np.ndarray):
                words = known.get(id(value))
                if words is None:
                    place = value.__array_interface__["data"][0]
                    words = [0, 0, value.size, value.itemsize, place, *value.shape, *value.strides]
                    known[id(value)] = words
                out += words
            elif isinstance(value, np.float32):
                out.append(int(value.view(np.uint32)))
            else:
                out.append(int(np.uint64(value) if isinstance(value, np.uint64) else np.int64(value).view(np.uint64)))
        return np.array(out, np.uint64)


_entries: dict[Any, int] = {}


def _entry(call: Call) -> int:
    """Return the address of a C function (words, lo, hi, t) that calls the kernel with unpacked words."""
    kinds = (call.kernel, *((a.dtype.num, a.ndim) if isinstance(a, np.ndarray) else type(a) for a in call.arguments))
    if kinds not in _entries:
        result, address = call.kernel.native(call.arguments)
        _entries[kinds] = _build_entry(result, address, call.kernel.clock)
    return _entries[kinds]


@global_compiler_lock
def _build_entry(result: Any, address: int, clock: tuple[str, ...]) -> int:
    context = cpu_target.target_context
    i64, pointer = ir.IntType(64), ir.IntType(8).as_pointer()
    library = context.codegen().create_library("entry")
    module = library.create_ir_module("entry")
    name = f"entry_{address:x}"
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer, i64, i64, i64]), name)
    builder = ir.IRBuilder(function.append_basic_block())
    words = builder.bitcast(function.args[0], i64.as_pointer())
    values, offset = [], 0
    for kind in result.fndesc.argtypes[: len(result.fndesc.argtypes) - len(clock)]:
        form = context.get_value_type(kind)
        here = builder.gep(words, [ir.Constant(i64, offset)])
        values.append(builder.load(builder.bitcast(here, form.as_pointer()), align=8))
        offset += 5 + 2 * kind.ndim if isinstance(kind, types.Array) else 1
    values += [function.args[1 + list(CLOCK).index(c)] for c in clock]
    returned = context.get_value_type(result.fndesc.restype)
    callee_type = ir.FunctionType(returned, [v.type for v in values])
    callee = builder.inttoptr(ir.Constant(i64, address), callee_type.as_pointer())
    builder.call(callee, values)
    builder.ret_void()
    library.add_ir_module(module)
    library.finalize()
    _keep.append(library)
    return library.get_pointer_to_function(name)


_keep: list[Any] = []  # machine code lives as long as the process


@intrinsic
def _invoke(typing: Any, address: Any, words: Any, lo: Any, hi: Any, t: Any) -> Any:
    """Call the C function at an address with (words, lo, hi, t)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        i64, pointer = ir.IntType(64), ir.IntType(8).as_pointer()
        form = ir.FunctionType(ir.VoidType(), [pointer, i64, i64, i64])
        callee = builder.inttoptr(args[0], form.as_pointer())
        builder.call(callee, [builder.inttoptr(args[1], pointer), *args[2:]])
        return context.get_dummy_value()

    u, i = types.uint64, types.int64
    return types.void(u, u, i, i, i), generate


def _run_periods(entries, words, stops, tiled, first, last, tile, t, end):
    """Run all stages for periods t..end on rows first..last; a tiled stage goes tile by tile."""
    for period in range(t, end):
        start = 0
        for stage in range(stops.shape[0]):
            step = tile if tiled[stage] else last - first
            lo = first
            while lo < last:
                hi = min(last, lo + step)
                for c in range(start, stops[stage]):
                    _invoke(entries[c], words[c], lo, hi, period)  # type: ignore[call-arg]
                lo = hi
            start = stops[stage]


if COMPILED:
    _run_periods = numba.njit(nogil=True, cache=True, error_model="numpy")(_run_periods)


class Program:
    """Bound calls in stages, run from compiled code.

    stages : consecutive groups of calls; a tiled stage runs all its calls on one tile before the next tile
    """

    def __init__(self, stages: Sequence[tuple[bool, Sequence[Call]]]) -> None:
        self.stages = [(tiled, list(calls)) for tiled, calls in stages]
        if COMPILED:
            calls = [call for _, group in self.stages for call in group]
            known: dict[int, list[int]] = {}
            self._words = [call.words(known) for call in calls]
            self._entries = np.array([_entry(call) for call in calls], np.uint64)
            self._addresses = np.array([w.__array_interface__["data"][0] for w in self._words], np.uint64)
            self._stops = np.cumsum([len(group) for _, group in self.stages]).astype(np.int64)
            self._tiled = np.array([tiled for tiled, _ in self.stages], np.bool_)

    def __reduce__(self) -> Any:
        raise TypeError("a program holds addresses of this process; it cannot be copied or pickled")

    def run(self, first: int, last: int, tile: int, t: int, end: int) -> None:
        """Run periods t..end on rows first..last, tile rows at a time where a stage is tiled."""
        if COMPILED:
            _run_periods(self._entries, self._addresses, self._stops, self._tiled, first, last, tile, t, end)
            return
        for period in range(t, end):
            for tiled, calls in self.stages:
                for lo in range(first, last, tile if tiled else max(last - first, 1)):
                    for call in calls:
                        call(lo, min(last, lo + tile) if tiled else last, period)


def versions() -> dict[str, str]:
    """Versions that decide the bits of a result."""
    return {"numba": numba.__version__, "numpy": np.__version__}


__all__ = ["COMPILED", "Call", "Kernel", "Program", "equation", "kernel", "versions"]
