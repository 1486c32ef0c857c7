"""Claims are read with plain refusals, and judged by tolerances that were fixed for them."""

import math

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.replication.claims import COLUMNS, Claim, Ours, judged, read_claims

HEADER = ",".join(COLUMNS)
GOOD = "repeat rate,Table 2,verified,0.58,0.01,above 0"


def claim(published=math.nan, tolerance="", direction=""):
    return Claim("a", "b", "verified", published, tolerance, direction)


@pytest.mark.parametrize(
    ("asked", "found", "verdict"),
    [
        (claim(0.5, "0.01"), 0.509, "reproduced"),
        (claim(0.5, "0.01"), 0.511, "not reproduced"),
        (claim(200.0, "4 %"), 207.9, "reproduced"),
        (claim(200.0, "4 %"), 208.1, "not reproduced"),
        (claim(0.5, "3 se"), (0.53, 0.0101), "reproduced"),
        (claim(0.5, "3 se"), (0.53, 0.0099), "not reproduced"),
        (claim(0.5, "0.01"), (0.505, 0.02), "not reproduced"),  # too uncertain to be held against so small a tolerance
        (claim(0.5, "0.01", "above 0"), (0.7, 0.01), "direction only"),
        (claim(0.5, "0.01", "above 0"), (0.01, 0.01), "not reproduced"),
        (claim(direction="below 1"), (0.9, 0.01), "direction only"),
        (claim(direction="below 1"), (0.99, 0.01), "not reproduced"),
        (claim(0.5, "0.01", "above 0"), math.nan, "not reproduced"),
        (claim(direction="above 0"), math.nan, "not reproduced"),
    ],
)
def test_a_verdict_follows_from_the_number_and_its_uncertainty(asked, found, verdict):
    assert judged(asked, Ours.of(found)) == verdict


def test_replications_have_an_interval_of_students_t():
    ours = Ours.of(np.array([1.0, 2.0, 3.0]))
    assert (ours.value, ours.error) == pytest.approx((2.0, 1 / math.sqrt(3)))
    assert (ours.low, ours.high) == pytest.approx((2 - 4.30265 / math.sqrt(3), 2 + 4.30265 / math.sqrt(3)), abs=1e-4)
    one = Ours.of(np.float64(2.0))
    assert (one.value, one.error, one.low, one.high) == (2.0, 0.0, 2.0, 2.0)


def test_claims_are_read_in_any_order_of_columns(tmp_path):
    file = tmp_path / "targets.csv"
    file.write_text(
        "seen,claim,published,where,direction,tolerance\nanalytic,x,1e3,y,below 2,5 %\nsecondary,z,,w,above -1,\n"
    )
    first, second = read_claims(file)
    assert first == Claim("x", "y", "analytic", 1000.0, "5 %", "below 2")
    assert second.claim == "z"
    assert math.isnan(second.published)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (f"{HEADER}\n", "targets.csv: claims nothing; write a row below the header"),
        (f"{HEADER}\n{GOOD}\n{GOOD}\n", "targets.csv: line 3: 'repeat rate' is claimed already"),
        (f"{HEADER}\n{GOOD.replace('verified', 'memory')}\n", "line 2: seen = 'memory' is not verified"),
        (f"{HEADER}\n{GOOD.replace('0.01', 'close')}\n", "line 2: tolerance = 'close' is not like"),
        (f"{HEADER}\n{GOOD.replace('0.01', '--1')}\n", "line 2: tolerance = '--1' is not like"),
        (f"{HEADER}\n{GOOD.replace('0.01', '')}\n", "line 2: a published number needs a tolerance"),
        (f"{HEADER}\n{GOOD.replace('0.58', 'x')}\n", "line 2: published = 'x' is not a number"),
        (f"{HEADER}\n{GOOD.replace('above 0', 'up')}\n", "line 2: direction = 'up' is not like"),
        (f"{HEADER}\n,Table 2,verified,0.58,0.01,\n", "line 2: claim is empty"),
        (f"{HEADER}\na,b,verified,,,\n", "line 2: there is neither a number nor a direction"),
        (f"{HEADER.replace('seen', 'sen')}\n{GOOD}\n", "column 'sen' is unknown; did you mean 'seen'?"),
        (f"{HEADER.replace(',direction', '')}\n{GOOD.rpartition(',')[0]}\n", "has no column direction"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_claims_is_said_in_a_line(tmp_path, rows, message):
    file = tmp_path / "targets.csv"
    file.write_text(rows)
    with pytest.raises(Refusal) as refused:
        read_claims(file)
    assert message in str(refused.value).replace('"', "'")
    assert "\n" not in str(refused.value)
