"""Threads meet in compiled code: all of them, again and again, or not at all once it is given up."""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from abm.core.kernels import COMPILED
from abm.core.meeting import BROKEN, GIVE_WAY, counters, meet

pytestmark = pytest.mark.skipif(not COMPILED, reason="there is nothing compiled to wait in")
ROUNDS = 2000


def walk(done, member, meeting, members, give_way, rounds):
    """Go round by round; return how often another member was not where it has to be after a meeting."""
    early = 0
    for k in range(rounds):
        done[member, 0] = k + 1
        if not meet(meeting, members, give_way):
            return -1
        for other in range(members):
            early += done[other, 0] < k + 1
        if not meet(meeting, members, give_way):
            return -1
    return early


walk = numba.njit(nogil=True)(walk) if COMPILED else walk


@pytest.mark.parametrize("members", [2, 3])
def test_nobody_goes_on_before_all_are_there(members):
    """Three members of two processors too: who waits lets others run."""
    done, meeting = np.zeros((members, 16), np.int64), counters()
    with ThreadPoolExecutor(members) as pool:
        jobs = [pool.submit(walk, done, w, meeting, members, GIVE_WAY, ROUNDS) for w in range(members)]
        assert [job.result(120) for job in jobs] == [0] * members
    assert set(done[:, 0]) == {ROUNDS}


def test_who_waits_for_somebody_who_does_not_come_is_let_go():
    done, meeting = np.zeros((2, 16), np.int64), counters()
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(walk, done, 0, meeting, 2, GIVE_WAY, ROUNDS)
        while done[0, 0] == 0:  # it has begun to wait
            pass
        assert not job.done()
        meeting[BROKEN] = 1
        assert job.result(60) == -1
