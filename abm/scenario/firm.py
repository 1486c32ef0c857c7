"""Firms: put together from the policies of all theories, and their levers as arrays over firms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import create_model

from abm.core.collector import uncollected
from abm.core.errors import Refusal
from abm.core.spec import Spec, param
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.policy import Held, Policy, by_tier
from abm.mechanisms.shipped import shipped

Kinds = Sequence[type[Policy]]


class _Named(Spec):
    """A firm: what it sets for each theory.

    policies : for mechanisms of one's own, each under its name: "firms.north.recovery.compensation"
    """

    unfolded: ClassVar = ("policies",)
    presets: ClassVar = "strategy"
    name: str = param(..., unit="name", evidence="assumed", doc="how arms, tables and figures call it")
    preset: str = param("custom", unit="name", evidence="assumed", doc="named strategy that other fields start from")
    policies: tuple[Policy, ...] = ()

    def __init__(self, name: str | None = None, /, **data: Any) -> None:
        """Build a firm: `Firm("north", price=1.1)`, or with its name as a keyword too."""
        if name is not None and "name" in data:
            raise Refusal("is given twice", place="Firm.name")
        super().__init__(**({} if name is None else {"name": name}), **data)

    # Tells pydantic to build the specs inside this one itself, as of Spec.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # policies, and levers of those without a name

    def policy(self, kind: type[Policy]) -> Policy | None:
        """Return what the firm sets for a theory; None if it does without."""
        if kind in _SHIPPED:
            if kind.name:
                return getattr(self, kind.name)
            return kind.model_construct(**{field: getattr(self, field) for field in kind.model_fields})
        own = [policy for policy in self.policies if type(policy) is kind]
        return own[0] if own else None if kind.optional else kind()


def _sections(kinds: Kinds) -> dict[str, Any]:
    """Return the fields of a firm: the parameters of policies without a name, a section for every other."""
    found: dict[str, Any] = {}
    for kind in kinds:
        if not kind.name:
            found |= {name: (field.annotation, field) for name, field in kind.model_fields.items()}
        else:
            found[kind.name] = (kind | None, None) if kind.optional else (kind, kind())
    return found


with uncollected():  # the collector would look at all theories again and again while they are loaded
    _SHIPPED: tuple[type[Policy], ...] = tuple(kind.policy for kind in shipped() if kind.policy is not None)

if TYPE_CHECKING:

    class Firm(_Named):
        """A firm: what it sets for each theory."""

else:
    Firm = create_model("Firm", __base__=_Named, __module__=__name__, __doc__=_Named.__doc__, **_sections(_SHIPPED))


def kinds_of(mechanisms: Iterable[Mechanism]) -> tuple[type[Policy], ...]:
    """Return the policies that firms may set: those of all shipped theories, and of the mechanisms of one's own."""
    own = (type(mechanism).policy for mechanism in mechanisms)
    return tuple(dict.fromkeys([*_SHIPPED, *(kind for kind in own if kind is not None)]))


def values(firm: Firm, kinds: Kinds) -> dict[str, tuple[Held, Any]]:
    """Return every lever of a firm: name -> how it is held, value."""
    found: dict[str, tuple[Held, Any]] = {}
    for kind in kinds:
        found |= (firm.policy(kind) or _absent(kind)).values(firm)
    return found


@cache
def _absent(kind: type[Policy]) -> Policy:
    return kind.absent()


def levers(firms: Sequence[Firm], kinds: Kinds = _SHIPPED) -> dict[str, np.ndarray]:
    """Return every lever as an array over firms: (m,), or (5, m) by tier, as its policy holds it.

    A firm without a policy has the levers of one that does nothing.
    """
    found = [values(firm, kinds) for firm in firms]
    by_tiers = {name for of_firm in found for name, (_, value) in of_firm.items() if isinstance(value, tuple)}
    arrays = {
        name: np.ascontiguousarray(np.stack([as_held(*of_firm[name]) for of_firm in found], axis=-1))
        for name in by_tiers
    }
    # Hundreds of small arrays made one by one take a quarter of the time in which an engine is built.
    of_type: dict[str, list[str]] = {}
    for name, (held, _) in found[0].items():
        if name not in by_tiers:
            of_type.setdefault(held.dtype, []).append(name)
    for dtype, names in of_type.items():
        rows = [[held.into(value) for held, value in (of_firm[name] for of_firm in found)] for name in names]
        arrays |= zip(names, np.array(rows, dtype), strict=True)
    return {name: arrays[name] for name in found[0]}


def as_held(held: Held, value: Any) -> np.ndarray:
    """Return a lever of one firm as it is held: () or (5,)."""
    return by_tier(value, held) if isinstance(value, tuple) else np.array(held.into(value), held.dtype)
