"""Where threads in compiled code wait for each other: a barrier of atomic counters.

A stage of a small market takes some microseconds, which Python's own means of waiting take too. Who waits spins, and
lets others run after a while, as there may be fewer processors than threads.
"""

from __future__ import annotations

import ctypes
import os
import platform
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from abm.core.kernels import routine

_APART = 16  # words between counters, so that each has a cache line to itself
WAITING, ROUND, BROKEN = 0, _APART, 2 * _APART  # places: who wait, meetings so far, whether it is given up
PLACES = 3 * _APART
_SPINS = 2000  # looks, of some nanoseconds each, before others are let run
_WORD = ir.IntType(64)
_PAUSES = {"x86_64": "llvm.x86.sse2.pause", "AMD64": "llvm.x86.sse2.pause"}  # by machine; elsewhere there is none


def _system_function() -> int:
    """Return the address of the system's function that lets another thread run, without arguments."""
    library: Any = ctypes.windll.kernel32 if os.name == "nt" else ctypes.CDLL(None)  # type: ignore[attr-defined]
    function = library.SwitchToThread if os.name == "nt" else library.sched_yield
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


GIVE_WAY = _system_function()


def _place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Return the address of an entry of an array."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


@intrinsic
def _added(typing: Any, array: Any, place: Any, amount: Any) -> Any:
    """Add to a counter that several threads share; return what it was before."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", _place(context, builder, signature, args), args[2], "seq_cst")

    return types.int64(array, types.int64, types.int64), generate


@intrinsic
def _read(typing: Any, array: Any, place: Any) -> Any:
    """Return a counter that several threads share, and all that was written before it was."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_place(context, builder, signature, args), "seq_cst", 8)

    return types.int64(array, types.int64), generate


@intrinsic
def _rest(typing: Any) -> Any:
    """Tell the processor that a loop waits, so that what shares its core gets more of it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        name = _PAUSES.get(platform.machine())
        if name:
            kind = ir.FunctionType(ir.VoidType(), [])
            known = builder.module.globals.get(name)
            builder.call(known or ir.Function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def _call(typing: Any, address: Any) -> Any:
    """Call a system function without arguments."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [])
        return context.get_dummy_value()

    return types.void(types.uint64), generate


@routine
def meet(counters, members, give_way):
    """Wait until all members are here; return whether they have met, False if it was given up.

    counters (PLACES,) int64, 0 at first  [written]      give_way : address of a system function
    """
    now: Any = _read(counters, ROUND)  # type: ignore[call-arg]
    if _added(counters, WAITING, 1) + 1 == members:
        _added(counters, WAITING, -members)
        _added(counters, ROUND, 1)
        return True
    looks = 0
    while _read(counters, ROUND) == now:
        if _read(counters, BROKEN) != 0:
            return False
        looks += 1
        if looks > _SPINS:
            _call(give_way)
        else:
            _rest()
    return True


def counters() -> np.ndarray:
    """Return the counters of a meeting."""
    return np.zeros(PLACES, np.int64)


__all__ = ["BROKEN", "GIVE_WAY", "counters", "meet"]
