"""Identity: what of a scenario decides numbers, said so that what does not is left out.

A value that stands at its default is not said, nor is a theory that is not there: a new parameter that changes nothing
by itself, or a new theory that nobody has asked for, leaves the ids of stored runs as they are. A default that moves is
an edited source, which revisions.py notices.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from abm.core.dependence import is_shipped
from abm.core.spec import Spec
from abm.mechanisms.shipped import shipped
from abm.scenario.scenario import Scenario
from abm.study.provenance.digest import canonical, plain
from abm.study.provenance.revisions import revisions
from abm.study.provenance.sources import KPIS, MARKET

_SAID = ("periods", "burn_in", "periods_per_year", "firms")  # of a scenario, also at their defaults
_PRESET = "preset"
_STEP = re.compile(r"[.\[]")  # what parts the steps of a path


def identity(value: Any, *, named: bool = False, apart: Collection[str] = ()) -> Any:
    """Return what tells a value from others: of a shipped spec its class and what is not at its default.

    named : whether the name of a preset counts, besides the values that it gives
    apart : fields of the spec that are left out

    Specs of the user's own are said in full, since only the text of their class tells their defaults.
    """
    if isinstance(value, Spec):
        kind = type(value)
        fields = [name for name in kind.model_fields if name not in apart]
        if is_shipped(kind):
            fields = [name for name in fields if _counts(value, name, named)]
        return {"": kind.__qualname__, **{name: identity(getattr(value, name), named=named) for name in fields}}
    if isinstance(value, Mapping):
        return {str(key): identity(item, named=named) for key, item in value.items()}
    return [identity(item, named=named) for item in value] if isinstance(value, list | tuple) else plain(value)


def _counts(spec: Spec, name: str, named: bool) -> bool:
    field = type(spec).model_fields[name]
    if name == _PRESET and not named:
        return False
    if field.is_required() or (isinstance(spec, Scenario) and name in _SAID):
        return True
    value, default = getattr(spec, name), field.get_default(call_default_factory=True)
    if value is default or (type(value) is type(default) and isinstance(value, int | str)):
        return value != default
    if isinstance(value, float) and isinstance(default, float):
        return value.hex() != default.hex()  # 0.0 and -0.0 are two values
    return _text(value, named) != _default(type(spec), name, named)


@cache
def _default(kind: type[Spec], name: str, named: bool) -> str:
    return _text(kind.model_fields[name].get_default(call_default_factory=True), named)


def _text(value: Any, named: bool) -> str:
    return canonical(identity(value, named=named))


def of_market(scenario: Scenario, varied: Collection[str] = ()) -> dict[str, Any]:
    """Return what of a scenario, and of the shipped code that it uses, decides its numbers.

    varied : paths that the points of a design change. What such a change may switch on counts, and where it may start
             from another preset the name of the present one does
    """
    steps = [[step.strip('"') for step in _STEP.split(path)] for path in varied]
    roots = {path[0] for path in steps}
    theories = {kind.name for kind in shipped()}
    there = {mechanism.name for mechanism in scenario.ever()[0]}
    # Levers, and the costs that follow from them, stand in a theory's file and act also where the theory is off.
    policies = {kind.name for kind in shipped() if kind.policy is not None}
    off = (
        set() if roots & {"off", _PRESET} else set.intersection(*({*w.off} for _, w in scenario.stretches())) - policies
    )
    on = theories & ((there - off) | (theories if _PRESET in roots else roots))
    named = any(path[-1] == _PRESET for path in steps)
    stretches = [
        (t, identity(still, named=named, apart={*(theories - on), "off"}), sorted(still.off))
        for t, still in scenario.stretches()
    ]
    (_, said, without), *later = stretches
    dated = {"later": later} if later else {}
    return {"scenario": said, "off": without, "revisions": revisions((MARKET, KPIS, *sorted(on))), **dated}
