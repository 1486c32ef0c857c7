"""Which columns an analysis takes, and what it says of a table that it cannot take."""

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import Refusal
from abm.value.tables import complete, number_columns, numbers_of, parts

TABLE = pd.DataFrame(
    {
        "arm": ["a", "a", "b"],
        "customer": [1, 2, 1],
        "period": 52,
        "spend": [1.0, np.nan, 3.0],
        "member": [True, False, True],
        "visits": pd.array([1, None, 2], dtype="Int64"),
        "tier": ["x", "y", "y"],
    }
)


def test_numbers_but_not_what_says_which_row_it_is():
    assert number_columns(TABLE, None) == ["spend", "member", "visits"]
    assert number_columns(TABLE, None, but=["spend"]) == ["member", "visits"]
    assert number_columns(TABLE, "period") == ["period"]


def test_missing_is_missing_in_every_kind_of_column():
    found = numbers_of(TABLE, ["spend", "member", "visits"])
    np.testing.assert_array_equal(found, [[1, 1, 1], [np.nan, 0, np.nan], [3, 1, 2]])
    assert list(complete(TABLE, ["spend", "visits"], 2).index) == [0, 2]


def test_parts_keep_their_values_and_lose_nobody():
    found = [(key, len(part)) for key, part in parts(TABLE.assign(arm=["a", None, "b"]), "arm")]
    assert [(key["arm"], n) for key, n in found if isinstance(key["arm"], str)] == [("a", 1), ("b", 1)]
    assert sum(n for _, n in found) == len(TABLE)
    assert [key for key, _ in parts(TABLE, None)] == [{}]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: number_columns(TABLE, "spent"), "no column \"spent\"; did you mean 'spend'?"),
        (lambda: number_columns(TABLE, ["tier"]), 'column "tier" is not made of numbers'),
        (lambda: number_columns(TABLE, ["spend", "spend"]), 'column "spend" is named twice'),
        (lambda: number_columns(TABLE[["arm", "tier"]], None), "no column of numbers"),
        (lambda: number_columns(TABLE[:0], None), "has no rows"),
        (lambda: numbers_of(TABLE.replace(3.0, np.inf), ["spend"]), 'column "spend" is infinite in row 2'),
        (lambda: complete(TABLE, ["spend"], 3), "2 of 3 rows have all of spend; 3 are needed"),
        (
            lambda: list(parts(TABLE, "tier", ("mean", "tier"))),
            'by = "tier" is also the name of a column of the result',
        ),
        (lambda: list(parts(TABLE, "arms")), "no column \"arms\"; did you mean 'arm'?"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(Refusal) as refused:
        call()
    assert message in str(refused.value)
