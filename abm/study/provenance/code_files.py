"""Python files of theories and measures of the user's own: read once, and the same module in every process.

What is run is the text, which is sent along to worker processes, and never what may lie on their disk by then. The
module's name holds the digest of the text, so that an edited file is another module and classes of before stay as they
were.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
import traceback
from dataclasses import dataclass
from importlib.abc import InspectLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from pydantic.errors import PydanticUserError

from abm.core.errors import Refusal, one_line
from abm.study.provenance.digest import digest
from abm.study.provenance.files import write_whole

_BARE = re.compile(r"A non-annotated attribute was detected: `(\w+) = ")  # pydantic, of a class's attribute
_ALONE = "; such a file stands alone: it may import what is installed, but no file beside it"


@dataclass(frozen=True)
class CodeFile:
    """A Python file as it was read.

    name : of the file, without its folder      text : what is in it      folder : where it lay
    """

    name: str
    text: str
    folder: str

    @classmethod
    def read(cls, path: Path) -> CodeFile:
        """Read a file.  Raises Refusal if there is none, or no text in it."""
        try:
            text = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise Refusal(f"there is no such file in {path.parent}", source=path.name) from None
        except UnicodeDecodeError:
            raise Refusal("is not UTF-8 text; save it as UTF-8", source=path.name) from None
        except OSError as error:
            raise Refusal(f"cannot be read: {error.strerror}", source=path.name) from None
        return cls(path.name, text, str(path.resolve().parent))

    def __reduce__(self) -> Any:
        """Pickle so that the module is there wherever the file is: classes and KPIs are found in it by name."""
        return _as_module, (self.name, self.text, self.folder)

    @property
    def digest(self) -> str:
        """Digest of the text, hexadecimal."""
        return digest(self.text.encode()).hex()

    def module(self) -> ModuleType:
        """Return the file as a module, run when it is first asked for.  Raises Refusal for what cannot be run."""
        called = f"patronage_own_{Path(self.name).stem}_{self.digest}"
        if called not in sys.modules:
            spec = importlib.util.spec_from_loader(called, _Text(self), origin=str(self._copy()))
            assert spec is not None
            module = importlib.util.module_from_spec(spec)
            module.__file__ = spec.origin
            sys.modules[called] = module  # before it is run, as an import does
            try:
                self._run(spec.loader, module)  # type: ignore[arg-type]
            except BaseException:
                del sys.modules[called]
                raise
        return sys.modules[called]

    def _run(self, loader: InspectLoader, module: ModuleType) -> None:
        try:
            loader.exec_module(module)
        except SyntaxError as error:
            inside = error.filename == module.__file__
            line = error.lineno if inside else _line(error, module)
            raise Refusal(f"line {line}: {error.msg}", source=self.name) from None
        except (Exception, SystemExit) as error:
            alone = _ALONE if isinstance(error, ImportError) else ""
            words = str(error) if isinstance(error, Refusal) else _said(error)
            raise Refusal(f"line {_line(error, module)}: {words}{alone}", source=self.name) from None

    def _copy(self) -> Path:
        """Return where a copy of the text lies that nobody edits, if the folder can be written.

        Python finds the source of classes and functions there, and numba the machine code of their kernels.
        """
        cache = Path(self.folder, "__pycache__")
        copy = cache / f"{Path(self.name).stem}-{self.digest}" / self.name
        with contextlib.suppress(OSError):
            if Path(self.folder).is_dir() and not _holds(copy, self.text):
                copy.parent.mkdir(parents=True, exist_ok=True)
                write_whole(copy, self.text.encode())
        return copy


def _as_module(name: str, text: str, folder: str) -> CodeFile:
    file = CodeFile(name, text, folder)
    file.module()
    return file


class _Text(InspectLoader):
    """Loads a module from the text of a file."""

    def __init__(self, file: CodeFile) -> None:
        self._file = file

    def get_source(self, fullname: str) -> str:
        """Return the text, which Python asks for where it finds no copy."""
        return self._file.text

    def get_code(self, fullname: str) -> CodeType:
        """Compile the text under the place of its copy."""
        return self.source_to_code(self._file.text, sys.modules[fullname].__file__ or self._file.name)


def _line(error: BaseException, module: ModuleType) -> int:
    """Return the last line of the module that an error passed."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == module.__file__]
    return (lines or [1])[-1] or 1


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _said(error: BaseException) -> str:
    """Return in a line what code of the user's own raised; of a class that pydantic cannot read, what to write."""
    bare = _BARE.match(str(error)) if isinstance(error, PydanticUserError) else None
    if bare is None:
        return one_line(f"{type(error).__name__}: {error}")
    name = bare[1]
    return (
        f"'{name}' of the class has no type; write {name}: ClassVar = … for a constant, or "
        f"{name}: float = abm.param(…) for a parameter"
    )
