"""What is given from Python: numbers and rows of NumPy and pandas are taken for Python's."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abm.core import given
from abm.core.errors import Refusal
from abm.core.given import plain, whole


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array([3])[0]])
def test_whole_numbers_become_pythons(value):
    assert (whole("n", value, low=0), type(whole("n", value, low=0))) == (3, int)


@pytest.mark.parametrize("value", [True, np.True_, 3.0, np.float64(3), "3", None, [3]])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(Refusal, match=r"^n = .* is not a whole number$"):
        whole("n", value, low=0)


def test_bounds_hold():
    with pytest.raises(Refusal, match=r"^n = 4 is outside \[5, 6\]$"):
        whole("n", np.int8(4), low=5, high=6)


@pytest.mark.parametrize("row", [np.array([1.0, 2.0]), pd.Series([1.0, 2.0]), pd.Index([1.0, 2.0])])
def test_rows_become_lists_of_pythons_numbers(row):
    assert plain(row) == [1.0, 2.0]
    assert type(plain(row)[0]) is float


def test_anything_else_stays():
    for thing in ("text", (1, 2), {"a": 1}, np.ndarray, None):
        assert plain(thing) is thing


def test_a_path_is_text_or_a_path():
    assert given.path("out", "a/b") == given.path("out", Path("a/b")) == Path("a/b")
    with pytest.raises(Refusal, match=r"^out = 3 is not a path; name a file$"):
        given.path("out", 3, "; name a file")
