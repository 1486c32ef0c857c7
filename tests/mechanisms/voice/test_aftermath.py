"""Aftermath: who came back and who praised, by hand; in a market recovery rarely offsets all that a failure took."""

from __future__ import annotations

import numpy as np

from abm.mechanisms.voice.aftermath import (
    note_courses,
    praise_after_recovery,
    praise_undisturbed,
    return_after_recovery,
    return_after_silence,
    return_undisturbed,
)
from abm.world.complaints import FAILED, GOOD, NO_COMPLAINT
from abm.world.visits import CORE, NO_FAILURE
from tests.mechanisms.small import Small
from tests.mechanisms.voice.runs import GOOD as ALL_AMENDS
from tests.mechanisms.voice.runs import market, measured


def test_courses_returns_and_praise_by_hand():
    """Four visits, one of each course; next period the first two come back, and the third goes to the rival."""
    small = Small(4, [{}, {}], complaint={}, aftermath={})
    small.visits([0, 1, 2, 3], [0, 0, 0, 0])
    small.passing.failure_cause[:4] = [NO_FAILURE, CORE, CORE, CORE]
    small.passing.grievance[:4] = [NO_FAILURE, CORE, CORE, CORE]
    small.passing.handling[:4] = [NO_COMPLAINT, NO_COMPLAINT, FAILED, GOOD]
    small.c.story[:4] = [3, 2, 0, 5]  # praise of firm 0, blame of firm 0, nothing, praise of firm 1
    small.run("aftermath", note_courses)
    assert small.at("course").tolist() == [0, 2, 3, 4]
    assert small.world.lookup("praises_of", 0)[:, 0].tolist() == [1, 0, 0, 0, 0]
    assert small.world.lookup("follow_ups_of", 0).sum() == 0, "nobody had been there before"
    small.visits([0, 0, 1, 2], [0, 1, 0, 1])
    small.passing.failure_cause[:4] = small.passing.grievance[:4] = NO_FAILURE
    small.run("aftermath", note_courses, t=1)
    assert small.world.lookup("follow_ups_of", 0)[:, 0].tolist() == [1, 0, 1, 1, 0]
    assert small.world.lookup("returns_of", 0)[:, 0].tolist() == [1, 0, 1, 0, 0]
    assert small.c.last_firm.tolist() == [1, 0, 1, 0]


def test_recovery_rarely_offsets_fully_and_silence_costs_most():
    """Sums of parts that no single weight decides: selection by trust, amends, exits and what is expected next."""
    found = np.mean(
        [
            measured(
                market({"recovery": ALL_AMENDS}, {}, {}, customers=4000),
                return_undisturbed, return_after_recovery, return_after_silence, praise_undisturbed,
                praise_after_recovery, seed=seed,
            )[0]
            for seed in (1, 2)
        ],
        axis=0,
    )  # fmt: skip
    fine, recovered, silent, praised, praised_after = found
    assert silent + 0.02 < recovered < fine - 0.02
    assert praised_after < praised + 0.01
