"""A scenario: the whole world as one value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import create_model, model_validator

from abm.core.errors import Refusal, did_you_mean, one_of, shown
from abm.core.spec import Spec, param
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.policy import Policy
from abm.mechanisms.shipped import shipped
from abm.scenario import changes as dated
from abm.scenario import plan
from abm.scenario.book import book_columns, visit_columns, with_book
from abm.scenario.changes import Change
from abm.scenario.firm import Firm, kinds_of
from abm.scenario.steps import Step, steps_of
from abm.world.columns import MOST_FIRMS, MOST_OCCASIONS, TILE, Column
from abm.world.layout import entries
from abm.world.network.network import Network
from abm.world.population import Population
from abm.world.world import sizes

SURELY_SMALL = 200_000  # customers x firms and periods: fewer never need a memory worth estimating
MOST_MEMORY = 64 * 2**30  # bytes; a scenario estimated above this is refused before anything is allocated
MOST_IDENTITIES = 2**32  # as long as luck is addressed by 32 bits

_SECTION = re.compile(r"\[scenario\.(\w+)\]")

NEEDED = ("need", "choice", "encounter", "accounts")  # a period without these is not a market


class _World(Spec):
    """Population, network, firms and mechanisms, over a number of periods.

    Each shipped mechanism has a section of its name: a standard one is on unless `off` names it, another is on if its
    section is there.
    """

    unfolded: ClassVar = ("extras",)
    presets: ClassVar = "scenario"

    preset: str = param("retail", unit="name", evidence="assumed", doc="named scenario that other fields start from")
    periods: int = param(104, unit="periods", bounds=(0, 100_000), evidence="assumed", doc="length of a run")
    burn_in: int = param(0, unit="periods", bounds=(0, 100_000), evidence="assumed", doc="periods before measurement")
    periods_per_year: int = param(52, unit="periods", bounds=(1, 366), evidence="assumed", doc="length of a year")
    population: Population = Population()
    network: Network = Network()
    firms: tuple[Firm, ...] = (Firm(name="north"), Firm(name="east"), Firm(name="south"))
    extras: tuple[Mechanism, ...] = ()
    changes: tuple[Change, ...] = ()
    off: tuple[str, ...] = param(
        (), unit="names", evidence="assumed", doc="mechanisms that are switched off: their columns stay as they begin"
    )

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # the sections of the mechanisms

    @model_validator(mode="after")
    def _agrees(self) -> _World:
        names = [firm.name for firm in self.firms]
        if not 1 <= len(names) <= MOST_FIRMS:
            raise Refusal(f"firms has {len(names)} entries; 1 to {MOST_FIRMS} are allowed")
        for name in names:
            if names.count(name) > 1:
                raise Refusal(f"two firms are called {name!r}")
        known = [mechanism.name for mechanism in self.mechanisms() if mechanism.name not in NEEDED]
        for name in self.off:
            if name not in known:
                near = did_you_mean(name, known)
                raise Refusal(f"off names {name!r}, which cannot be switched off{near} (can: {one_of(known)})")
        self._check_parts()
        if self.burn_in > self.periods:
            left = f"leaves no period of the run to measure (periods = {self.periods})"
            raise Refusal(f"= {self.burn_in} {left}", place="burn_in")
        if self.extras:
            plan.check(self.mechanisms(), self.firms)
            self.steps()  # which refuses kernels in phases where they cannot be
        if self.changes:
            dated.check(self)
        large = self.population.customers * len(names) + self.periods > SURELY_SMALL
        if large and self.estimated_bytes() > MOST_MEMORY:
            need, limit = self.estimated_bytes() / 2**30, MOST_MEMORY / 2**30
            raise Refusal(
                f"population.customers = {self.population.customers} with {len(names)} firms would need about "
                f"{need:,.0f} GiB of memory; {limit:.0f} GiB is the limit"
            )
        if self.most_identities > MOST_IDENTITIES:
            raise Refusal(
                f"= {self.renewal.every} makes up to {self.most_identities:,} customers in {self.periods:,} periods, "
                f"but there are {MOST_IDENTITIES:,} identities; make it longer",
                place="renewal.every",
            )
        return self

    def _check_parts(self) -> None:
        """Refuse what parts of the market need of each other, a missing section in the words of Python too."""
        try:
            self._check_segments()
            self._check_ties()
            self._check_policies()
            self._check_needs()
            for mechanism in self.mechanisms():
                mechanism.fits(self)
        except Refusal as refusal:
            message = _SECTION.sub(r"\g<0> (in Python \1={})", refusal.message)
            raise Refusal(message, place=refusal.place, source=refusal.source) from None

    def _check_segments(self) -> None:
        """Refuse ties inside segments where there are none, or but one."""
        index, found = self.network.segment_homophily, len(self.population.segments)
        if index and found < 2:
            has = f"has {found or 'no'} segment{'' if found == 1 else 's'}"
            step = "give it two or more, [[scenario.population.segments]] (in Python segments= of the population)"
            raise Refusal(
                f"= {index:g} needs segments, and the population {has}; {step}", place="network.segment_homophily"
            )

    def _check_ties(self) -> None:
        """Refuse more customers without ties than there are, and more neighbours than a customer can have."""
        there, asked = self.population.customers, self.network
        others = there - asked.isolated - 1
        if asked.isolated > there:
            raise Refusal(
                f"= {asked.isolated:,} is more than the {there:,} customers there are", place="network.isolated"
            )
        if asked.neighbours is not None and asked.neighbours > max(0, others):
            alone = f", {asked.isolated:,} of them without ties" if asked.isolated else ""
            reason = f"is more than each of {there:,} customers can have{alone}; take {max(0, others):,} or fewer"
            raise Refusal(f"= {asked.neighbours:g} {reason}", place="network.neighbours")

    def _check_policies(self) -> None:
        """Refuse a lever of a theory that is not in the market: nothing would come of it."""
        for kind in shipped():
            if kind.policy is not None and getattr(self, kind.name) is None:
                for firm in self.firms:
                    if firm.policy(kind.policy) != _neutral(kind.policy):
                        raise Refusal(
                            f"firm {firm.name!r} sets {kind.policy.name}, but the market has no {kind.name}; "
                            f"give the scenario a section [scenario.{kind.name}]"
                        )

    def _check_needs(self) -> None:
        """Refuse a theory whose needs are not in the market."""
        there = [mechanism.name for mechanism in self.mechanisms() if mechanism.name not in self.off]
        for mechanism in self.mechanisms():
            for name in mechanism.needs if mechanism.name in there else ():
                if name not in there:
                    step = f"give the scenario a section [scenario.{name}]"
                    raise Refusal(f"the market has {mechanism.name}, but no {name} for it to work on; {step}")

    @property
    def most_identities(self) -> int:
        """How many identities a run may need at most: customers, and newcomers who take their places."""
        stretches = (self,) if not self.changes else (still for _, still in self.stretches())
        return max(one.renewal.most_identities(self.population.customers, self.periods) for one in stretches)

    def mechanisms(self) -> tuple[Mechanism, ...]:
        """Return the mechanisms that this scenario has, those that are switched off included."""
        sections = (getattr(self, kind.name) for kind in shipped())
        return (*(section for section in sections if section is not None), *self.extras)

    def steps(self, earlier: Sequence[Firm] = ()) -> tuple[Step, ...]:
        """Return what is done in a period, in the order in which it is done.

        earlier : firms as they stood before; a theory that was at work then stays, as customers still hold what it gave
        """
        return self._done(earlier) if earlier else self._steps

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        return self._done(())

    def _done(self, earlier: Sequence[Firm]) -> tuple[Step, ...]:
        mechanisms, firms = self.mechanisms(), (*self.firms, *earlier)
        silent = (one.name for one in mechanisms if one.trait and one.trait not in self.population.traits)
        return tuple(with_book(steps_of(mechanisms, (*self.off, *silent), firms), visit_columns(mechanisms)))

    def __getstate__(self) -> dict[Any, Any]:
        """Return what a copy in another process is made of: the fields alone, as steps are worked out again there."""
        state = super().__getstate__()
        return {**state, "__dict__": {name: getattr(self, name) for name in type(self).model_fields}}

    def stretches(self) -> tuple[tuple[int, Scenario], ...]:
        """Return the first period of each stretch between two dates, and the scenario that holds in it."""
        return self._stretches if self.changes else dated.stretches(self)

    @cached_property
    def _stretches(self) -> tuple[tuple[int, Scenario], ...]:
        return dated.stretches(self)

    def ever(self) -> tuple[tuple[Mechanism, ...], Sequence[Step]]:
        """Return the mechanisms and the steps of a period that the scenario has at any date, each once."""
        return (self.mechanisms(), self.steps()) if not self.changes else dated.ever(self)

    def adding(self, *mechanisms: Mechanism) -> Self:
        """Return the scenario with further mechanisms of one's own, and in each firm their policies.

        Raises Refusal for what is no mechanism, such as a class in place of one that is built of it.
        """
        for mechanism in mechanisms:
            if not isinstance(mechanism, Mechanism):
                called = mechanism.__name__ if isinstance(mechanism, type) else ""
                step = f"{called} is a class; write adding({called}())" if called else f"{shown(mechanism)} is none"
                raise Refusal(f"adding takes mechanisms, and {step}")
        kinds = [kind for kind in (type(mechanism).policy for mechanism in mechanisms) if kind and not kind.optional]
        firms = tuple(
            firm.replace({"policies": (*firm.policies, *(kind() for kind in kinds if not _has(firm, kind)))})
            for firm in self.firms
        )
        return self.replace({"firms": firms, "extras": (*self.extras, *mechanisms)})

    @property
    def tile(self) -> int:
        """Customers worked on at a time: more where fewer have an occasion, as each kernel's start is paid for once."""
        return TILE if self.need.process == "every_period" or self.population.mean_rate > 0.5 else 2 * TILE

    def policies(self) -> tuple[type[Policy], ...]:
        """Return the policies that its firms may set."""
        return kinds_of(self.mechanisms())

    def axes(self) -> dict[str, int]:
        """Return the length of the axes that mechanisms declare.  Raises Refusal for two lengths of one axis."""
        found: dict[str, int] = {}
        for mechanism in self.mechanisms():
            for axis, length in mechanism.axes().items():
                if found.setdefault(axis, length) != length:
                    raise Refusal(f"axis {axis!r} has {found[axis]} entries, and {length} in {mechanism.name}")
        return found

    def estimated_bytes(self) -> int:
        """Return about how much memory a run needs, in bytes: columns, ties, the book of visits, history."""
        n, m = self.population.customers, len(self.firms)
        mechanisms, found = self.ever()
        scratch = (column for own in plan.needed_scratch(found).values() for column in own)
        length: Mapping[str, int] = sizes(n, m, self.tile) | self.axes()
        state = sum(
            _bytes_of(column, column.axes, length)
            for column in (*plan.needed(self.population, mechanisms, found), *scratch)
        )
        tallies = entries((tally for mechanism in mechanisms for tally in mechanism.counts), length)
        per_customer = {"complete": n - 1.0, "file": 0.0, "ties": 0.0}.get(self.network.kind, self.network.mean_degree)
        ties = 8 * n + 8 * int(n * per_customer)
        kept = book_columns(found, visit_columns(mechanisms)).values()
        visits = n * min(MOST_OCCASIONS, 2.0 * self.population.mean_rate + 0.5)  # of a busy period, cautiously
        book = int(visits * (4 + sum(_bytes_of(column, column.axes[1:], length) for column in kept))) if kept else 0
        return state + ties + book + 8 * self.periods * tallies * (m + 1)


def _bytes_of(column: Column, axes: Sequence[str], length: Mapping[str, int]) -> int:
    """Return the memory that entries of a column over some axes take, in bytes."""
    return np.dtype(column.dtype).itemsize * int(np.prod([length[axis] for axis in axes], dtype=float))


@cache
def _neutral(kind: type[Policy]) -> Policy:
    """Return the policy that sets nothing."""
    return kind()


def _has(firm: Firm, kind: type[Policy]) -> bool:
    return any(isinstance(policy, kind) for policy in firm.policies)


def _sections(kinds: Sequence[type[Mechanism]]) -> dict[str, Any]:
    """Return the section of each mechanism as a field: a standard one with its defaults, another absent."""
    return {kind.name: (kind, kind()) if kind.standard else (kind | None, None) for kind in kinds}


if TYPE_CHECKING:

    class Scenario(_World):
        """Population, network, firms and mechanisms, over a number of periods."""

else:
    Scenario = create_model(
        "Scenario", __base__=_World, __module__=__name__, __doc__=_World.__doc__, **_sections(shipped())
    )
