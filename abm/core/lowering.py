"""How a kernel becomes machine code: what numba is told beyond its own options.

* Its arrays never overlap, so that loops vectorise without asking.
* Vectors are as wide as the processor has them; LLVM alone prefers half of that.
* Programs and Python call it through an *entry*, ``void(words, lo, hi, t)``, which reads all other arguments from
  8-byte words. It lies in the same library, so that numba's cache keeps both; there is no other wrapper.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.cpu import CPUTargetOptions
from numba.core.lowering import Lower
from numba.core.registry import CPUTarget, cpu_target
from numba.core.typed_passes import NativeLowering
from numba.extending import intrinsic

CLOCK: dict[str, type] = {"lo": np.uint64, "hi": np.uint64, "t": np.int64}  # what a program hands to a kernel
_WORD, _POINTER = ir.IntType(64), ir.IntType(8).as_pointer()
_CALLED = ctypes.CFUNCTYPE(None, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int64)
_ENTRY = ir.FunctionType(ir.VoidType(), [_POINTER, _WORD, _WORD, _WORD])
_WIDE = '"prefer-vector-width"="512"'


class _Options(CPUTargetOptions):
    """Compiler options of a kernel."""

    def finalize(self, flags: Any, options: Any) -> None:
        super().finalize(flags, options)
        flags.noalias = True
        flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True  # the entry is there instead


class KernelTarget(CPUTarget):
    """numba's CPU target with kernels' options, sharing its typing and code generation contexts."""

    options = _Options

    @property
    def _toplevel_target_context(self) -> Any:
        return cpu_target._toplevel_target_context

    @property
    def _toplevel_typing_context(self) -> Any:
        return cpu_target._toplevel_typing_context


class _Lower(Lower):
    """Lowering of a kernel to LLVM."""

    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        set.add(self.function.attributes, _WIDE)  # llvmlite's own `add` knows few names
        self.function.attributes.add("noinline")  # inlined into what calls it, it would get narrow vectors

    def lower_normal_function(self, fndesc: Any) -> None:
        super().lower_normal_function(fndesc)
        self._add_entry(fndesc)

    def _add_entry(self, fndesc: Any) -> None:
        """Write the entry, which unpacks words and calls the kernel; what the kernel returns is nothing."""
        entry = ir.Function(self.module, _ENTRY, entry_name(fndesc))
        builder = ir.IRBuilder(entry.append_basic_block())
        words = builder.bitcast(entry.args[0], _WORD.as_pointer())
        values, offset = [], 0
        for name, kind in zip(fndesc.args, fndesc.argtypes, strict=True):
            if name in CLOCK:
                values.append(entry.args[1 + list(CLOCK).index(name)])
                continue
            place = builder.gep(words, [ir.Constant(_WORD, offset)])
            stored = self.context.get_value_type(kind)
            values.append(builder.load(builder.bitcast(place, stored.as_pointer()), align=8))
            offset += 5 + 2 * kind.ndim if isinstance(kind, types.Array) else 1
        self.call_conv.call_function(builder, self.function, fndesc.restype, fndesc.argtypes, values)
        builder.ret_void()


@register_pass(mutates_CFG=True, analysis_only=False)
class _KernelLowering(NativeLowering):
    _name = "kernel_lowering"

    @property
    def lowering_class(self) -> Any:
        return _Lower


class KernelCompiler(CompilerBase):
    """numba's compiler with the lowering of kernels."""

    def define_pipelines(self) -> list[Any]:
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        k = next(k for k, (kind, _) in enumerate(manager.passes) if kind is NativeLowering)
        manager.passes[k] = (_KernelLowering, manager.passes[k][1])
        manager.finalize()
        return [manager]


@intrinsic
def invoke(typing: Any, address: Any, words: Any, lo: Any, hi: Any, t: Any) -> Any:
    """Call the entry at an address with (words, lo, hi, t)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        callee = builder.inttoptr(args[0], _ENTRY.as_pointer())
        builder.call(callee, [builder.inttoptr(args[1], _POINTER), *args[2:]])
        return context.get_dummy_value()

    u, i = types.uint64, types.int64
    return types.void(u, u, i, i, i), generate


def words_of(value: Any) -> list[int]:
    """Return an argument as 8-byte words, an array in the compiler's order: what an entry reads."""
    if value.__class__ is np.ndarray:
        place = value.__array_interface__["data"][0]
        return [0, 0, value.size, value.itemsize, place, *value.shape, *value.strides]
    if value.__class__ is np.float32:
        return [int.from_bytes(value.tobytes(), sys.byteorder)]
    return [int(value) & 0xFFFFFFFFFFFFFFFF]


def call_entry(address: int, words: int, lo: int, hi: int, t: int) -> None:
    """Call the entry at an address, from Python, with the address of its words."""
    _CALLED(address)(words, lo, hi, t)


def entry_name(fndesc: Any) -> str:
    """Return the symbol of a kernel's entry."""
    return f"entry.{fndesc.mangled_name}"


__all__ = [
    "CLOCK",
    "KernelCompiler",
    "KernelTarget",
    "call_entry",
    "entry_name",
    "invoke",
    "words_of",
]
