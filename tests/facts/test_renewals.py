"""Renewals are told one by one, and each as what it was."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.facts.card import usual_market
from abm.facts.laboratory import Laboratory
from abm.facts.renewals import renewals


def watched(**changes):
    market = usual_market("contract").replace({"population.customers": 300, **changes})
    return next(renewals(Laboratory(market, 1, seed=3)))


def test_a_renewal_is_due_when_a_contract_ends():
    engine, found = watched()
    term = engine.scenario.choice.term
    assert found.period.size > 100
    assert found.period.min() >= term
    assert set(np.unique(found.nth)) == {1, 2}
    assert ((found.chance >= 0) & (found.chance <= 1)).all()
    order = np.lexsort((found.period, found.customer))
    same = np.diff(found.customer[order].astype(np.int64)) == 0
    assert (np.diff(found.period[order])[same] >= term).all()


def test_who_stayed_has_another_renewal_and_who_left_begins_anew():
    _, found = watched()
    for customer in np.unique(found.customer):
        mine = np.flatnonzero(found.customer == customer)
        for one, other in pairwise(mine):
            if found.stayed[one]:
                assert found.firm[other] == found.firm[one]
                assert found.nth[other] == found.nth[one] + 1
            else:
                assert found.nth[other] == 1


def test_everybody_stays_where_leaving_costs_too_much_and_nobody_is_touched():
    _, found = watched(**{"switching_cost.switching_weight": 50.0})
    assert found.stayed.all()
    assert not found.touched.any()


def test_neighbours_who_left_are_seen():
    _, found = watched(**{"switching_cost.switching_weight": 0.0})
    assert found.touched.any()
    first = found.period.min()
    assert not found.touched[found.period == first].any()


def test_a_market_without_contracts_has_none():
    with pytest.raises(Refusal, match="no contracts"):
        next(renewals(Laboratory(usual_market(), 1, seed=3)))
