"""What help(), `?` and completion show of a spec: a short signature, a line per parameter, and no names of pydantic."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from abm.core.annotations import kind
from abm.core.parameters import interval, meaning_of

LONGEST_DEFAULT = 40  # characters of a default that a signature shows
NAMES_OF_PYDANTIC = frozenset(name for name in dir(BaseModel) if not name.startswith("_"))
_HEADING = "\n\nParameters:\n\n"
_MODULE = re.compile(r"\b(?:[^\W\d]\w*\.)+(?=[^\W\d])")  # before the name of a type


class _AsWritten(str):
    """Words that a signature shows as they are."""

    __slots__ = ()
    __repr__ = str.__str__


class Signature:
    """The signature of a spec, as pydantic works it out, with short defaults; made when it is asked for."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole

    def __get__(self, instance: Any, owner: type) -> inspect.Signature:
        return shortened(self._whole.__get__(instance, owner))


if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass as Listed
else:

    class Listed(type(BaseModel)):
        """The kind of a spec's class: what completes `abm.Firm.` leaves out pydantic's names; nothing else differs.

        It makes no classes itself: pydantic looks up types where the class stands, a fixed number of calls away.
        """

        def __dir__(cls) -> list[str]:
            return sorted({*super().__dir__()} - NAMES_OF_PYDANTIC)


def shortened(signature: inspect.Signature) -> inspect.Signature:
    """Return a signature with "…" for long defaults, and types by their names alone."""
    return signature.replace(
        parameters=[
            one.replace(default=_default(one.default), annotation=_annotation(one.annotation))
            for one in signature.parameters.values()
        ]
    )


def _default(default: Any) -> Any:
    if default is inspect.Parameter.empty or len(repr(default)) <= LONGEST_DEFAULT:
        return default
    return _AsWritten("…")


def _annotation(annotation: Any) -> Any:
    if annotation is inspect.Parameter.empty:
        return annotation
    words = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return _AsWritten(_MODULE.sub("", words))


def docstring(spec: type[BaseModel]) -> str:
    """Return the words of a spec's class, or of the spec it is made from, and a line or two for each parameter."""
    words = inspect.cleandoc(inspect.getdoc(spec) or "").partition(_HEADING)[0]
    return words + (_HEADING + "\n".join(_parameters(spec)) if spec.model_fields else "")


def _parameters(spec: type[BaseModel]) -> Iterator[str]:
    """Yield lines about the parameters: type = default, unit, bounds and evidence; below, what each means."""
    for name, field in spec.model_fields.items():
        yield f"{name} : {kind(field.annotation)}{_set_to(field)}"
        meaning = meaning_of(field)
        if meaning is not None:
            evidence = f"{meaning.evidence} ({meaning.source})" if meaning.source else meaning.evidence
            about = [meaning.doc, meaning.unit, interval(meaning.bounds) if meaning.bounds else "", evidence]
            yield f"    {'; '.join(filter(None, about))}"


def _set_to(field: FieldInfo) -> str:
    if field.is_required():
        return ", required"
    return f" = {_default(field.get_default(call_default_factory=True))!r}"
