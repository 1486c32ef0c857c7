"""How an equation becomes part of the kernels that call it.

numba makes machine code of whatever it compiles, and of a wrapper by which Python calls it. An equation's code never
runs by itself, since each kernel takes it in as LLVM's text and is optimised as a whole. So no machine code is made of
it; an equation that Python does call, as tests and set-up do, is compiled a second time, then.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering

_OPTIONS: dict[str, Any] = {"nopython": True, "nogil": True, "boundscheck": None, "error_model": "numpy"}
_WITHIN: dict[str, Any] = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


class _Text(JITCodeLibrary):
    """LLVM's text of an equation and of what that calls, to be linked into others; never optimised by itself."""

    @global_compiler_lock
    def finalize(self) -> None:
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _EquationLowering(NativeLowering):
    _name = "equation_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _Text(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        made = state["cr"]
        name = made.fndesc.mangled_name  # by which numba finds what to link, as there is no address
        state.targetctx.insert_user_function(name, made.fndesc, [state.library])
        state["cr"] = made._replace(cfunc=name)
        return True


class _EquationCompiler(CompilerBase):
    """numba's compiler, up to LLVM's text."""

    def define_pipelines(self) -> list[Any]:
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        k = next(k for k, (kind, _) in enumerate(manager.passes) if kind is NativeLowering)
        manager.passes[k] = (_EquationLowering, manager.passes[k][1])
        manager.finalize()
        return [manager]


class Equation(CPUDispatcher):
    """A scalar function that kernels take in.

    counted : whether references to arrays are counted in it, as must be where it allocates or Python calls it
    """

    def __init__(self, function: Any, counted: bool = True) -> None:
        options = _OPTIONS | _WITHIN | ({} if counted else {"_nrt": False})
        super().__init__(function, targetoptions=options, pipeline_class=_EquationCompiler)

    def add_overload(self, result: Any) -> None:
        """Keep what was compiled for some types of arguments; numba would also let Python call it."""
        self.overloads[tuple(result.signature.args)] = result

    @cached_property
    def _by_itself(self) -> Any:
        return numba.njit(nogil=True, error_model="numpy")(self.py_func)

    def __call__(self, *arguments: Any) -> Any:
        """Calculate one value, from Python."""
        return self._by_itself(*arguments)

    def forget(self) -> None:
        """Let go of what was compiled, as something that it is made of has changed."""
        self.overloads.clear()
        self.__dict__.pop("_by_itself", None)


__all__ = ["Equation"]
