"""Reacquisition: a firm that was left under contract is considered again after a while, if that is allowed."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine.recording import record
from abm.mechanisms.choice.valuation import UNCONSIDERED, leave_out_lost
from abm.scenario.scenario import Scenario
from abm.world.relations import ACTIVE, LOST
from tests.mechanisms.small import Small


def test_by_hand():
    """In period 9 after 4 periods: open to who last bought in 5, and to whom it has not lost; closed since 6."""
    small = Small(4, choice={"market": "lost_for_good", "reconsider_after": 4})
    small.c.relation[:] = [[LOST, LOST, ACTIVE, LOST], [ACTIVE] * 4]
    small.c.last_purchase[0] = [5, 6, 8, -1]
    small.passing.utility[:, :4] = 1.0
    small.run("choice", leave_out_lost, 9)
    assert small.passing.utility[0, :4].tolist() == [1.0, float(UNCONSIDERED), 1.0, 1.0]
    assert small.passing.utility[1, :4].tolist() == [1.0] * 4


def test_who_was_lost_is_won_back_only_where_she_reconsiders():
    contract = {"preset": "contract", "periods": 104, "population": {"customers": 300}, "choice": {"term": 6}}
    for after in (None, 20):
        result = record(Scenario.parse(contract).replace({"choice.reconsider_after": after}), 2)
        won_back = result.tallies["won_back"].sum()
        assert (won_back > 0) == (after is not None)
    assert np.isfinite(won_back)


def test_never_is_left_out_and_not_0():
    with pytest.raises(Refusal, match="reconsider_after = 0"):
        Scenario.parse({"choice": {"reconsider_after": 0}})
