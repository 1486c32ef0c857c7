"""One run as a table: its seed, what is measured, and input that cannot be used."""

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine.recording import simulate
from abm.kpis.kpi import Kpi
from abm.scenario.scenario import Scenario

SMALL = Scenario(population={"customers": 60}, periods=6)


def test_without_a_seed_each_run_has_one_of_its_own_and_says_which():
    one, two = (simulate(SMALL, seed=None) for _ in range(2))
    assert one.attrs["seed"] != two.attrs["seed"]
    assert not one.equals(two)
    assert simulate(SMALL, seed=one.attrs["seed"]).equals(one)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seed": -1}, r"seed = -1 is outside \[0, "),
        ({"seed": 1.5}, "seed = 1.5 is not a whole number"),
        ({"seed": "7"}, 'seed = "7" is not a whole number'),
        ({"seed": True}, "seed = true is not a whole number"),
        ({"replication": -1}, "replication = -1 is outside"),
        ({"replication": "7"}, 'replication = "7" is not a whole number'),
        ({"threads": 0}, "threads = 0 is outside"),
        ({"kpis": ["profitt"]}, "no KPI 'profitt'; did you mean 'profit'"),
        ({"scenario": {"periods": 3}}, "scenario = { periods = 3 } is not a Scenario"),
    ],
)
def test_what_cannot_be_used_is_refused(given, said):
    with pytest.raises(Refusal, match=f"^{said}"):
        simulate(**{"scenario": SMALL, **given})


def test_numbers_of_numpy_and_names_of_kpis_are_taken():
    plain = simulate(SMALL, 3, 1, threads=1)[["period", "firm", "profit"]]
    assert simulate(SMALL, np.int64(3), np.uint8(1), kpis="profit", threads=np.int32(1)).equals(plain)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda t: 1.0, r"returned the one number 1; it has to return one number a firm, \(6, 3\)"),
        (lambda t: t.revenue.sum(axis=-1), r"returned an array of shape \(6,\); it has to"),
        (lambda t: "much", 'returned "much"; it has to return numbers'),
        (lambda t: None, "returned None; it has to return numbers"),
        (lambda t: t.revenue * 1j, r"returned .*; it has to return numbers"),
        (lambda t: t.revenu, r"raised AttributeError: nothing is counted under the name 'revenu'"),
    ],
)
def test_a_kpi_that_gives_no_number_a_firm_is_refused_by_name(function, said):
    with pytest.raises(Refusal, match=f"^KPI 'mine' {said}"):
        simulate(SMALL, kpis=[Kpi("mine", "cu", function, "", "", "")])
