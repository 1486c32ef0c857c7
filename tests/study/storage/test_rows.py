"""Holdings: what counts as done."""

import numpy as np

from abm.study.storage.rows import Holdings


def test_a_run_is_done_when_stored_with_its_numbers():
    holdings = Holdings(["a"], np.array([0, -1, 0]), np.array([False, False, True]), 0)
    assert list(holdings.done) == [True, False, False]
