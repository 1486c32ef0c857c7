"""Specs: frozen, strict classes of parameters.  Valid or not built; the same in Python and in a TOML file."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo

from abm.core import paths, presets
from abm.core.annotations import bare, is_optional, is_union, kind, specs_in
from abm.core.errors import Refusal, shown
from abm.core.explain import first_refusal, validated
from abm.core.given import plain
from abm.core.guidance import NAMES_OF_PYDANTIC, Listed, Signature, docstring
from abm.core.parameters import Parameter, Parameters, check_within, meaning_of, param
from abm.core.shown import in_notebook
from abm.core.toml import read_toml, write_toml

__all__ = ["Parameter", "Spec", "param", "read_toml", "write_toml"]


class Spec(BaseModel, metaclass=Listed):
    """Base of everything a user sets: a frozen set of parameters, checked when it is built.

    A whole number is taken where a number is declared, a list where a tuple is, a table (dict) where a Spec
    is; numpy's numbers count as Python's.  Booleans and text are never taken for numbers, 1e3 never for a whole
    number, nan and inf never at all.  A day, as TOML has it without quotes, counts as its text, 1997-09-30; one with
    a time of day never.  Where a table may name a preset, the name alone stands for it.  Raises Refusal, one plain
    line, for everything else.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        validate_default=True,
        arbitrary_types_allowed=True,
    )

    unfolded: ClassVar[tuple[str, ...]] = ()
    """Tuple fields whose items a path may name directly, and a table has as sections: "habit.growth" for
    "extras.habit.growth"."""

    presets: ClassVar[str | Path] = ""
    """Where the files are that the parameter `preset` may name: in library/presets, or a folder of one's own."""

    presets_of: ClassVar[str] = ""
    """What refusals call such a design ("programme"), where that is not the folder's name."""

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise first_refusal(error, type(self), data) from None

    # Tells pydantic to build the specs inside this one itself, so that one error knows the whole path.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Check the declarations when the class is defined, and say what they are.  Raises Refusal."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.__signature__ = Signature(vars(cls)["__signature__"])  # type: ignore[assignment]
        cls.__doc__ = docstring(cls)
        if cls.presets and presets.KEY not in cls.model_fields:
            raise Refusal(f"{cls.__name__} has presets, but no parameter `preset` to name one")
        if cls.__pydantic_complete__:
            for name, field in cls.model_fields.items():
                _check_declaration(f"{cls.__name__}.{name}", field)

    @classmethod
    def parse(cls, data: Mapping[str, Any], *, place: str = "", source: str = "") -> Self:
        """Build from a table, as read from a file.

        place  : path of the table, the beginning of every place in a refusal ("scenario.firms[0]")
        source : file the table came from ("study.toml")
        Raises Refusal.
        """
        return validated(cls, data, place=place if place or source else None, source=source)

    def replace(self, changes: Mapping[str, Any] | None = None, /, **values: Any) -> Self:
        """Return a copy with other values: {"firms.north.price": 1.1, "word_of_mouth.contact_rate": 0.2}.

        values : parameters of its own by name, `replace(periods=20)`, besides or instead of a table

        A path goes through specs by parameter, tables by key, lists by an item's `name` or index.  All changes
        apply together.  Raises Refusal for a path that leads nowhere, for two changes of the same value and for
        a value that is not allowed.
        """
        if not isinstance(changes, Mapping | None):
            advice = 'write replace({"path.to.value": value}) or replace(name=value)'
            raise Refusal(f"= {shown(changes)} is not a table of changes; {advice}", place="changes")
        for name in values:
            if name in (changes or {}):
                raise Refusal("is changed twice", place=name)
        return paths.replaced(self, {**(changes or {}), **values})

    def value_at(self, path: str) -> Any:
        """Return the value at a path such as "firms.north.price".  Raises Refusal if it leads nowhere."""
        return paths.value_at(self, path)

    def to_dict(self, full: bool = False) -> dict[str, Any]:
        """Return a table for a TOML file, from which `parse` builds an equal spec.

        Tuples become lists; None is left out, and, unless `full`, so is what the defaults say already.  (Only a None
        that stands against a preset is kept, for `write_toml` to refuse.) Items of unfolded fields become sections
        under their names: to read these, their classes have to be known.
        """
        fields = {name: field for name, field in type(self).model_fields.items() if name not in self.unfolded}
        values = {name: getattr(self, name) for name in fields}
        said = {name: full or value != _default(fields[name]) for name, value in values.items()}
        table = {name: _plain(value, full) for name, value in values.items() if said[name] and value is not None}
        sections = {item.name: item.to_dict(full) for name in self.unfolded for item in getattr(self, name)}
        return (table if full else _completed(self, table)) | sections

    @classmethod
    def parameters(cls, prefix: str = "") -> Parameters:
        """Return a row for every parameter, also of the specs inside this one ("firms.*.price")."""
        return Parameters(_rows(cls, prefix, None))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; unlike pydantic's, one with an `update` is checked."""
        return self.replace(update) if update else super().model_copy(deep=deep)

    @model_validator(mode="before")
    @classmethod
    def _as_declared(cls, data: Any) -> Any:
        if isinstance(data, str) and cls.presets:
            data = {presets.KEY: data}
        if not isinstance(data, Mapping):
            return data
        if inspect.isabstract(cls):
            raise Refusal(f"a {cls.__name__} cannot be written in a file; build one in Python and pass it")
        return _as_python(presets.started(cls, data) if cls.presets else data)

    @field_validator("*", mode="after")
    @classmethod
    def _within_bounds(cls, value: Any, info: ValidationInfo) -> Any:
        meaning = meaning_of(cls.model_fields[str(info.field_name)])
        if meaning:
            check_within(meaning, value)
        return value

    _repr_html_ = in_notebook

    def __dir__(self) -> list[str]:
        """Return the names that a user has a use for: without pydantic's, other than its parameters."""
        return sorted({*object.__dir__(self)} - (NAMES_OF_PYDANTIC - {*type(self).model_fields}))

    def __repr_args__(self) -> Any:
        """Print only what differs from the defaults."""
        for name, field in type(self).model_fields.items():
            if getattr(self, name) != _default(field):
                yield name, getattr(self, name)

    if not TYPE_CHECKING:  # a type checker is to see no setter at all

        def __setattr__(self, name: str, value: Any) -> None:
            if name in type(self).model_fields:
                change = f"replace({name}=…) returns a changed copy"
                raise Refusal(f"a {type(self).__name__} is frozen; {change}")
            super().__setattr__(name, value)


def _as_python(value: Any) -> Any:
    """Return the value with tuples for lists, Python's numbers for NumPy's and text for days, all the way down."""
    if type(value) is date:
        return value.isoformat()
    value = plain(value)
    if isinstance(value, Mapping):
        return {key: _as_python(item) for key, item in value.items()}
    return tuple(map(_as_python, value)) if type(value) in (list, tuple) else value


def _completed(spec: Spec, table: dict[str, Any]) -> dict[str, Any]:
    """Return the table with in full what it does not say already.

    Leaving out the defaults is not always enough: where a preset fills in values of its own, a default that
    stands against the preset has to be said.
    """
    # Specs in a list are no matter of presets, and some, mechanisms of one's own, are built in Python only.
    data = {name: getattr(spec, name) if isinstance(value, list) else value for name, value in table.items()}
    try:
        again = type(spec).parse(data | {name: getattr(spec, name) for name in spec.unfolded})
    except Refusal:
        return spec.to_dict(full=True)
    completed = {}
    for name in (name for name in type(spec).model_fields if name not in spec.unfolded):
        value = getattr(spec, name)
        if value != getattr(again, name):
            completed[name] = _plain(value, True)
        elif name in table:
            completed[name] = table[name]
    return completed


def _plain(value: Any, full: bool) -> Any:
    if isinstance(value, Spec):
        return value.to_dict(full)
    if isinstance(value, dict):
        return {key: _plain(item, full) for key, item in value.items()}
    return [_plain(item, full) for item in value] if isinstance(value, tuple) else value


def _default(field: FieldInfo) -> Any:
    return _as_python(field.get_default(call_default_factory=True))


def _rows(spec: type[BaseModel], prefix: str, values: BaseModel | None) -> list[Parameter]:
    rows = []
    for name, field in spec.model_fields.items():
        path = f"{prefix}.{name}" if prefix else name
        default = _default(field) if values is None else getattr(values, name)
        inside = specs_in(field.annotation)
        for steps, inner in inside:
            rows += _rows(inner, path + steps, default if isinstance(default, inner) else None)
        if not inside or is_union(bare(field.annotation)):  # where a word may stand for a table
            rows.append(_row(path, field, default))
    return rows


def _row(path: str, field: FieldInfo, default: Any) -> Parameter:
    meaning, required = meaning_of(field), field.is_required()
    return Parameter(
        path=path,
        type=kind(field.annotation),
        default=None if required else default,
        unit=meaning.unit if meaning else "",
        bounds=meaning.bounds if meaning else None,
        evidence=meaning.evidence if meaning else None,
        source=meaning.source if meaning else None,
        doc=meaning.doc if meaning else "",
        required=required,
    )


def _check_declaration(place: str, field: FieldInfo) -> None:
    parts = list(_parts(field.annotation))
    if list in parts or set in parts:
        raise Refusal("a Spec is frozen: declare a tuple, it takes a list", place=place)
    if any(isinstance(part, int | float) for part in parts):
        # pydantic takes true for a 1 among the options
        raise Refusal("a Literal is a choice among words; for numbers declare int and bounds", place=place)
    default = None if field.is_required() else _default(field)
    if is_optional(field.annotation) and (field.is_required() or default is not None):
        raise Refusal("may be None, so None must be its default: a TOML file cannot say None", place=place)
    meaning = meaning_of(field)
    if meaning:
        check_within(meaning, default, place)


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the annotation and what it is made of: dict[str, Literal["a"]] is dict, str, Literal, "a"."""
    yield get_origin(annotation) or annotation
    for argument in get_args(annotation):
        yield from _parts(argument)
