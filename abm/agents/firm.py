"""Firms as Mesa knows them: few, ordinary registered agents over the levers of a world."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

import mesa
import numpy as np

from abm.agents.agent_set import CustomerSet
from abm.core.errors import Refusal, did_you_mean
from abm.core.parameters import Parameter
from abm.kpis.measure import Measure
from abm.scenario.firm import Firm as FirmSpec
from abm.scenario.scenario import Scenario
from abm.world.columns import Tally

if TYPE_CHECKING:
    from abm.agents.model import CustomerModel


_KEPT = ("model", "j", "pos", "unique_id")  # of an agent
_ONCE = ("model", "j")


class Firm(mesa.Agent):
    """A firm of the scenario: a registered agent.

    Its levers are attributes (`firm.price`, `firm.quality`, `firm.earn_rate`); what is written takes effect in the next
    period. So are the counts of the latest period (`firm.revenue`, `firm.visits`), which cannot be written. What else a
    firm offers is changed by `change`; another attribute cannot be set but by a class of one's own that has it.

    j    : index of the firm          spec : what it offers now
    """

    def __init__(self, model: CustomerModel, j: int) -> None:
        # Not through Mesa's constructor: that of 3.3 enters the model in a table of the class, which keeps it for ever
        self.model, self.j, self.pos = model, j, None
        self.unique_id = j
        model.register_agent(self)

    @property
    def spec(self) -> FirmSpec:
        """What the firm offers now."""
        return self.model.engine.levers.firms[self.j]

    @property
    def name(self) -> str:
        """Name of the firm."""
        return self.spec.name

    @property
    def customers(self) -> CustomerSet:
        """The customers whose provider the firm is."""
        everybody = self.model.agents
        return everybody.select(where=everybody.values("provider") == self.j)

    def kpi(self, kpi: str | Measure, over: Literal["period", "run"] = "period") -> float:
        """Return a KPI or reading of the firm; see CustomerModel.kpi."""
        return float(self.model.kpi(kpi, self.name, over))

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change what the firm offers: {"service.quality": 0.85, "program": points_program()}.

        Every cost that hangs on a lever changes with it. Raises Refusal for a value that is not allowed.
        """
        spec = self.spec.replace(changes)
        if spec.name != self.name:
            raise Refusal(f"{self.name} keeps its name for the whole run")
        self.model.engine.set_firm(self.j, spec)

    def remove(self) -> None:
        """Refuse: the firms are part of the scenario."""
        raise Refusal("a firm cannot be removed; leave it out of the scenario's firms")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def __setattr__(self, name: str, value: Any) -> None:
        held = getattr(type(self), name, None)
        lever_or_count = hasattr(held, "__set__")
        of_a_subclass = held is not None and not callable(held)
        if name in _KEPT or name.startswith("_") or lever_or_count or of_a_subclass:
            if name in _ONCE and name in self.__dict__:
                raise AttributeError(f"{name} of a {type(self).__name__} cannot be set")
            super().__setattr__(name, value)
        elif name in FirmSpec.model_fields:
            raise AttributeError(f"{name} is no lever by itself; write firm.change({{{name!r}: …}})")
        else:
            near = did_you_mean(name, [lever.rpartition(".")[2] for lever in LEVERS])
            raise AttributeError(f"a {type(self).__name__} has no lever {name!r}{near}")

    def __getattr__(self, name: str) -> Any:
        # Only counts of a mechanism of one's own come here: the others are attributes of the class
        model = self.__dict__.get("model")
        if model is None or name not in model.world.tallies:
            raise AttributeError(f"a {type(self).__name__} has no {name!r}")
        return _of_firm(model.tallies[name], self.j)


def _of_firm(counts: np.ndarray, j: int) -> Any:
    """Return the count of a firm out of (*axes, m + 1): a number, or an array if there are further axes."""
    return counts.item(j) if counts.ndim == 1 else counts[..., j]


class Lever:
    """A lever as an attribute of `Firm`, under the name of its parameter."""

    def __init__(self, parameter: Parameter) -> None:
        self.path, self.name = parameter.path, parameter.path.rpartition(".")[2]
        self.__doc__ = f"{parameter.doc[:1].upper()}{parameter.doc[1:]} ({parameter.unit})."

    def __get__(self, firm: Firm | None, owner: type | None = None) -> Any:
        """Return the value in force: as it was said, or as a mechanism has set it since."""
        if firm is None:
            return self
        held = firm.model.world.firms[self.name][firm.j]
        try:
            said = attrgetter(self.path)(firm.spec)
        except AttributeError:  # no programme
            said = None
        return said if said is not None and held == held.dtype.type(said) else held.item()

    def __set__(self, firm: Firm, value: Any) -> None:
        """Write the lever and the costs that hang on it."""
        firm.change({self.path: value})
        firm.model.world.firms[self.name][firm.j] = value


class Count:
    """A tally of the latest period as an attribute of `Firm`."""

    def __init__(self, tally: Tally) -> None:
        self.name = tally.name
        self.__doc__ = f"{tally.meaning[:1].upper()}{tally.meaning[1:]}, in the latest period ({tally.unit})."

    def __get__(self, firm: Firm | None, owner: type | None = None) -> Any:
        """Return the count; 0 before the first period."""
        return self if firm is None else _of_firm(firm.model.tallies[self.name], firm.j)

    def __set__(self, firm: Firm, value: Any) -> None:
        """Refuse."""
        raise AttributeError(f"{self.name} is counted by the model; it cannot be set")


LEVERS = (
    "price", "promise", "exit_fee", "joining_fee", "integration", "unit_cost",
    "service.quality", "service.failure_rate", "service.transparency", "service.richness",
    "program.hassle", "program.earn_rate", "program.earn_per_visit", "program.goal", "program.reward",
    "program.redemption", "program.expiry", "program.tier_window",
)  # fmt: skip

for _parameter in FirmSpec.parameters():
    if _parameter.path in LEVERS:
        setattr(Firm, _parameter.path.rpartition(".")[2], Lever(_parameter))
for _mechanism in Scenario().mechanisms():
    for _tally in _mechanism.counts:
        setattr(Firm, _tally.name, Count(_tally))
