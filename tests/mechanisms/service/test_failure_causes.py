"""Failure causes: every failure has one, in its proportion, and care prevents its own kind alone."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine.recording import record
from abm.kpis.attitude import failure_share
from abm.kpis.value import lever_cost
from abm.mechanisms.service.failure_causes import FailureCausesPolicy
from abm.scenario.scenario import Scenario

MARKET = {"periods": 60, "population": {"customers": 3000}, "failure_causes": {}}


def run(*firms):
    return record(Scenario.parse({**MARKET, "firms": [{"name": f"f{j}", **firm} for j, firm in enumerate(firms)]}), 1)


def by_cause(found, j):
    """Return the failures of a firm by cause: core, attitude, price, information."""
    counts = found.tallies["failures_by_cause"].sum(axis=0)[:, j]
    assert counts[0] == counts[5] == counts[6] == 0
    return counts[1:5]


def test_failures_have_causes_in_their_proportions():
    found = run({}, {"failure_causes": {"attitude_part": 0.0, "price_part": 1.0, "information_part": 0.0}})
    first = by_cause(found, 0)
    assert first.sum() == found.tallies["failures"].sum(axis=0)[0]
    np.testing.assert_allclose(first / first.sum(), [0.4, 0.35, 0.15, 0.1], atol=0.04)
    assert by_cause(found, 1)[[0, 1, 3]].sum() == 0


def test_care_prevents_its_own_kind_and_costs():
    """Without rudeness .65 of the failures are left."""
    found = run({"failure_causes": {"attitude_care": 0.99}}, {})
    rates, costs = found.summary([failure_share])[:, 0], found.summary([lever_cost])[:, 0]
    assert rates[0] / rates[1] == pytest.approx(1 - 0.99 * 0.35, abs=0.07)
    assert costs[0] > costs[1]
    assert by_cause(found, 0)[1] < 0.05 * by_cause(found, 0).sum()


def test_parts_that_exceed_the_whole_are_refused():
    with pytest.raises(Refusal, match=r"attitude_part, price_part and information_part add up to 1.1"):
        FailureCausesPolicy(attitude_part=0.5, price_part=0.5, information_part=0.1)
