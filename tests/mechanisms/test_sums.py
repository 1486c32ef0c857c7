"""Open sums: whole, without the terms of one theory, and of that theory alone."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.mechanisms.sums import has_term, sum_meant
from abm.world.columns import Column


@abm.kernel
def copy_parts(whole, rest, part, absent, utility, utility_without_taste, utility_of_taste, utility_of_fashion, lo, hi):
    """Keep a sum and its parts.  whole, rest, part, absent (m, n)  logit units  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            whole[j, i] = utility[j, i - lo]
            rest[j, i] = utility_without_taste[j, i - lo]
            part[j, i] = utility_of_taste[j, i - lo]
            absent[j, i] = utility_of_fashion[j, i - lo]


class Parts(abm.Mechanism):
    """Keeps a sum and its parts."""

    name = "parts"
    owns: ClassVar = tuple(
        Column(name, ("firm", "customer"), 0, "logit units", "by hand") for name in ("whole", "rest", "part", "absent")
    )

    def schedule(self, policies):
        """Return the copy."""
        return ((abm.Phase.CHOICE, copy_parts),)


def test_a_sum_is_its_parts():
    """Where a theory is not in the market, or adds nothing, its part is the start of the sum."""
    scenario = abm.Scenario(periods=3, population=abm.Population(customers=100)).adding(Parts())
    engine = Engine(scenario, 1)
    engine.run(3)
    c = engine.world.customers
    np.testing.assert_array_equal(c.part, c.taste)
    np.testing.assert_allclose(c.rest + c.part, c.whole, atol=1e-5)
    assert np.abs(c.rest).max() > 0
    assert not c.absent.any()


@abm.kernel
def lift(utility, by, lo, hi):
    """Add to utility.  utility (m, tile)  logit units  [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += by[i]


class Fashion(abm.Mechanism):
    """Adds to utility what is held in a column that the kernel calls otherwise."""

    name = "fashion"
    owns: ClassVar = (Column("fashionable", ("customer",), 0.75, "logit units", "by hand"),)

    def schedule(self, policies):
        """Return the term, one of whose parameters stands for something of another name."""
        return ((abm.Phase.VALUATION, lift, {"by": "fashionable"}),)


def test_what_stands_for_a_parameter_does_so_in_parts_too():
    scenario = abm.Scenario(periods=1, population=abm.Population(customers=100)).adding(Fashion(), Parts())
    engine = Engine(scenario, 1)
    engine.run(1)
    np.testing.assert_array_equal(engine.world.customers.absent, 0.75)


def test_parts_of_sums_are_sound():
    abm.check_kernels(abm.Scenario().adding(Parts()))


@pytest.mark.parametrize(
    ("name", "meant", "trust", "taste"),
    [
        ("utility", "utility", True, True),
        ("utility_without_trust", "utility", False, True),
        ("utility_of_trust", "utility", True, False),
        ("utility_without_kind_of_trust", "utility", True, True),
    ],
)
def test_names(name, meant, trust, taste):
    assert sum_meant(name) == meant
    assert (has_term(name, "trust"), has_term(name, "taste")) == (trust, taste)


@abm.kernel
def lift_and_count(utility, lifted, lo, hi):
    """Add to utility, and count.  utility (m, tile)  logit units, lifted  tally [written]"""
    for j in range(utility.shape[0]):
        for i in range(lo, hi):
            utility[j, i - lo] += np.float32(0.1)
            lifted[j] += 1


class Counting(abm.Mechanism):
    """A term that also counts."""

    name = "counting"
    counts: ClassVar = (abm.Tally("lifted", "customers", "who were lifted"),)

    def schedule(self, policies):
        """Return the term."""
        return ((abm.Phase.VALUATION, lift_and_count),)


def test_a_term_that_also_counts_is_refused():
    """It would count once more for each part of its sum that somebody takes."""
    with pytest.raises(Refusal, match="adds to utility and writes 'lifted', which is kept"):
        abm.Scenario(periods=3, population=abm.Population(customers=10)).adding(Counting()).steps()
