"""Theories and measures of the user's own that a study file names like shipped ones.

A file holds data and never runs code: who reads it says what its names stand for, by a Python file, a module, or
classes, KPIs and readings themselves.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from abm.core.errors import CONTINUES, Refusal, cut, did_you_mean, shown
from abm.core.toml import check_ordinary
from abm.kpis.measure import Measure
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.policy import Policy
from abm.scenario.firm import Firm
from abm.scenario.measures import BY_NAME
from abm.scenario.scenario import Scenario
from abm.study.plan import checks
from abm.study.provenance.code_files import CodeFile

ADVICE = "; if it is a theory of your own, add --with FILE.py (in Python own=)"
_LATE = ("off", "changes")  # of a scenario: they may name theories, which must be there first


@dataclass(frozen=True)
class Own:
    """What a study file may name besides what is shipped.

    theories : name of the section -> class      measures : name -> KPI or reading, those of the theories included
    files    : that they were read from, for other processes
    digests  : name of a Python file that they stand in -> digest of its text
    """

    theories: Mapping[str, type[Mechanism]] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    files: tuple[CodeFile, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """Put the files first: what is pickled after them is found in their modules."""
        return {"files": self.files, **vars(self)}

    @classmethod
    def of(cls, things: Any) -> Own:
        """Return what is given: a path of a Python file, a module, a theory's class, a KPI or reading, or several.

        Raises Refusal, with file and line, for a file that cannot be run or has nothing of the kind, and for two
        things of one name, one of which may be shipped.
        """
        if isinstance(things, Own):
            return things
        several = things if isinstance(things, list | tuple) else [things]
        found, files, digests = list[Any](), list[CodeFile](), dict[str, str]()
        for thing in several:
            if isinstance(thing, str | Path):
                check_ordinary(Path(thing))
                files.append(CodeFile.read(Path(thing)))
            found += _defined_in(files[-1].module() if isinstance(thing, str | Path) else thing)
        for module in {_module(one): None for one in found}:
            digests |= _digest_of(module, files)
        return cls(_theories(found), _measures(found), tuple(files), digests)

    @property
    def policies(self) -> dict[str, tuple[type[Policy], str]]:
        """What firms may set for the theories: name of the section -> class, name of the theory."""
        kinds = ((kind.policy, name) for name, kind in self.theories.items())
        return {policy.name: (policy, name) for policy, name in kinds if policy is not None}

    @property
    def known(self) -> dict[str, Measure]:
        """Everything that can be measured by name, what is shipped included."""
        return {**BY_NAME, **self.measures}

    def scenario(self, table: Mapping[str, Any], place: str = "") -> Scenario:
        """Build a scenario from its table, in which theories and firms' policies have sections under their names.

        Theories of one's own act within a phase after the shipped ones, in the order of their sections. Raises Refusal.
        """
        names = [name for name in table if name in self.theories]
        unknown(table, Scenario, self.theories, place)
        late = {key: table[key] for key in _LATE if key in table} if names else {}
        rest = {key: value for key, value in table.items() if key not in (*names, *late)}
        firms = table.get("firms")
        if isinstance(firms, list | tuple):
            rest["firms"] = [self._firm(firm, names, f"{place}.firms[{j}]") for j, firm in enumerate(firms)]
        scenario = Scenario.parse(rest, place=place)
        with checks.at(place):
            theories = [self.theories[name].parse(checks.table(name, table[name]), place=name) for name in names]
            return scenario.adding(*theories).replace(late) if names else scenario

    def _firm(self, table: Any, theories: Iterable[str], place: str) -> Any:
        """Return the table of a firm with policies of one's own as they are built."""
        if not isinstance(table, Mapping):
            return table
        unknown(table, Firm, self.policies, place)
        policies = []
        for name in (name for name in table if name in self.policies):
            kind, theory = self.policies[name]
            with checks.at(place):
                if theory not in theories:
                    advice = f"the market has no {theory}; give the scenario a section [scenario.{theory}]"
                    raise Refusal(f"is set, but {advice}", place=name)
                policies.append(kind.parse(checks.table(name, table[name]), place=name))
        rest = {key: value for key, value in table.items() if key not in self.policies}
        return {**rest, "policies": policies} if policies else rest


def unknown(table: Mapping[str, Any], model: type[Scenario | Firm], own: Iterable[str], place: str) -> None:
    """Refuse a section of no theory, with the advice to name the file that a theory of one's own stands in."""
    known = [*model.model_fields, *own]
    for key, value in table.items():
        if isinstance(value, Mapping) and key not in known:
            near = did_you_mean(str(key), known)
            raise Refusal(f"no {model.__name__} parameter {cut(str(key))!r}{near or ADVICE}", place=place)


def _defined_in(thing: Any) -> list[Any]:
    """Return the theories and measures that a module defines, or the one that is given."""
    if not isinstance(thing, ModuleType):
        if not _is_theory(thing) and not isinstance(thing, Measure):
            what = "a Python file, a module, a theory's class, a KPI or a reading"
            raise Refusal(f"{CONTINUES}{shown(thing)} is not {what}", place="own")
        return [thing]
    things = [one for one in vars(thing).values() if _is_theory(one) or isinstance(one, Measure)]
    found = list({id(one): one for one in things if _module(one) == thing.__name__}.values())
    if not found:
        advice = "has no theory, KPI or reading; define a class of abm.Mechanism, or a function with @abm.kpi"
        raise Refusal(advice, source=Path(thing.__file__ or thing.__name__).name)
    return found


def _is_theory(thing: Any) -> bool:
    """Return whether a thing is a theory; one without a name is a base of others."""
    return isinstance(thing, type) and issubclass(thing, Mechanism) and hasattr(thing, "name")


def _module(thing: Any) -> str:
    return str(getattr(thing, "function", thing).__module__)


def _theories(things: Iterable[Any]) -> dict[str, type[Mechanism]]:
    """Return the theories among things by name; refuse a name that cannot be told from another."""
    found: dict[str, type[Mechanism]] = {}
    for kind in (thing for thing in things if not isinstance(thing, Measure)):
        if kind.name in Scenario.model_fields:
            raise _refusal(kind, f"the theory {kind.name!r} has the name of a shipped section of the scenario")
        policy = kind.policy
        if policy is not None and (not policy.name or policy.name in Firm.model_fields):
            what = f"has the name {policy.name!r} of a shipped section of firms" if policy.name else "has no name"
            raise _refusal(policy, f"the policy {policy.__name__} {what}")
        _add(found, kind)
    return found


def _measures(things: Iterable[Any]) -> dict[str, Measure]:
    """Return the measures among things, and those of theories among them, by name."""
    found: dict[str, Measure] = {}
    for thing in things:
        for one in [thing] if isinstance(thing, Measure) else thing.kpis:
            if BY_NAME.get(one.name, one) is not one:
                raise _refusal(one, f"the KPI {one.name!r} has the name of a shipped one")
            _add(found, one)
    return found


def _add(found: dict[str, Any], thing: Any) -> None:
    other = found.setdefault(thing.name, thing)
    if other is not thing:
        word = "KPIs" if isinstance(thing, Measure) else "theories"
        raise _refusal(thing, f"two {word} are called {thing.name!r}, the other in {_place(other)}")


def _refusal(thing: Any, message: str) -> Refusal:
    """Return a refusal that begins with the file and the line in which a thing is defined."""
    return Refusal(f"{message}; give it another name", source=_place(thing))


def _place(thing: Any) -> str:
    code = getattr(thing, "function", thing)
    try:
        return f"{Path(inspect.getfile(code)).name}, line {max(1, inspect.getsourcelines(code)[1])}"
    except (OSError, TypeError):  # typed at a prompt
        return str(code.__qualname__)


def _digest_of(module: str, files: Iterable[CodeFile]) -> dict[str, str]:
    """Return name and digest of the file of a module; nothing for what is in no file, such as a notebook's cells."""
    read = {file.module().__name__: file for file in files}
    if module in read:
        return {read[module].name: read[module].digest}
    place = getattr(sys.modules.get(module), "__file__", None)
    if not place or not Path(place).is_file():
        return {}
    file = CodeFile.read(Path(place))
    return {file.name: file.digest}
