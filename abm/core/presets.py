"""Presets: named designs that a spec may start from, each a TOML file.

    about = "a stamp a visit, a reward for a full card"
    source = "NUNES_DREZE_2006"                             # a key of sources.py, or "assumed"
    [values]
    goal = 10.0

A Spec that says where its presets are, `presets: ClassVar = "program"`, and has a parameter `preset` starts from the
file that it names: values given go before those of the file. The default of `preset` stands for the other defaults. A
folder is listed, and a file read and checked, when it is first asked for, once in a process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from abm.core.annotations import section
from abm.core.errors import CONTINUES, Refusal, below, cut, did_you_mean, one_of, shown
from abm.core.explain import first_refusal, suggestion
from abm.core.sources import catalogue
from abm.core.toml import read_toml

if TYPE_CHECKING:
    from abm.core.spec import Spec

KEY = "preset"  # the parameter that names one
_KEYS = ("about", "source", "values")


@dataclass(frozen=True)
class Preset:
    """A named design: a line about it, the key of the source that it follows or "assumed", and the values it sets."""

    name: str
    about: str
    source: str
    values: Mapping[str, Any]


def started(model: type[Spec], data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data of a spec, completed by the preset that they name.  Raises Refusal for an unknown one."""
    default = model.model_fields[KEY].default
    name = data.get(KEY, default)
    if not isinstance(name, str) or name == default:  # what is no text is refused with the other parameters
        return data
    known = listed(model)
    if name not in known:
        allowed = f"presets: {one_of(known)}" if known else f"there is none in {model.presets}"
        raise Refusal(f"no {word(model)} preset {cut(name)!r}{did_you_mean(name, known)} ({allowed})")
    return _merged(model, _read(model, known[name]).values, data)


def presets(model: type[Spec]) -> list[Preset]:
    """Return the presets of a spec by name.  Raises Refusal for a file that is not one."""
    return [_read(model, path) for path in listed(model).values()]


@cache
def listed(model: type[Spec]) -> dict[str, Path]:
    """Return the files of a spec's presets, by name; none for a spec without presets."""
    folder = Path(str(files("abm")), "library", "presets", model.presets)
    return {path.stem: path for path in sorted(folder.glob("*.toml"))} if model.presets else {}


def word(model: type[Spec]) -> str:
    """Return what the presets of a spec are called: "programme"."""
    return model.presets_of or Path(model.presets).name


def _merged(model: type[BaseModel], under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `under` with what `over` says; tables of parameters are merged, any other value is one whole."""
    found = {**under, **over}
    for key in under.keys() & over.keys():
        inside = section(model, key, under[key], over[key])
        found[key] = _merged(inside, under[key], over[key]) if inside else over[key]
    return found


@cache
def _read(model: type[Spec], path: Path) -> Preset:
    table = read_toml(path)
    if unknown := [key for key in table if key not in _KEYS]:
        raise Refusal(f"no key {cut(unknown[0])!r} in a preset{suggestion(unknown[0], _KEYS)}", source=path.name)
    about, source, values = (table.get(key, "") for key in _KEYS)
    if not isinstance(about, str) or not about.strip():
        raise Refusal(f"{CONTINUES}{shown(about)} is not a line of words", place="about", source=path.name)
    if source not in ("assumed", *catalogue()):
        message = f'{CONTINUES}{shown(source)} is neither "assumed" nor a key of abm/core/sources.py'
        raise Refusal(message + did_you_mean(str(source), catalogue()), place="source", source=path.name)
    if not isinstance(values, Mapping):
        raise Refusal("the table [values] is missing", source=path.name)
    if KEY in values:
        raise Refusal("a preset cannot start from another", place="values.preset", source=path.name)
    if values and path.stem == model.model_fields[KEY].default:
        raise Refusal(f"{path.stem!r} stands for the defaults, so that [values] must be empty", source=path.name)
    _check(model, values, "values", path.name)
    return Preset(path.stem, about, source, values)


def _check(model: type[BaseModel], values: Mapping[str, Any], place: str, source: str) -> None:
    sections = {key: inside for key, value in values.items() if (inside := section(model, key, value))}
    if len(sections) == len(values):  # checked one by one, as building a whole scenario takes milliseconds
        for key, inside in sections.items():
            _check(inside, values[key], below(place, key), source)
        return
    try:
        model.model_validate(values)
    except ValidationError as error:
        # A preset may leave to its user what is required.
        wrong: list[Any] = [one for one in error.errors(include_url=False) if one["type"] != "missing"]
        if wrong:
            told = ValidationError.from_exception_data(error.title, wrong)
            raise first_refusal(told, model, values, place=place, source=source) from None
