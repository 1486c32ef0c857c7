"""Value of lost customers: by hand, on results whose numbers are known, and on a market."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import abm
from abm.core.errors import Refusal
from abm.study.comparison.lost_customers import lost_customers, weights


class Known:
    """Results of two replications, four periods (two a year) and ten customers; arm `out` loses some in period 1."""

    baseline, firms = "all", ("north", "east")
    sheet = SimpleNamespace(periods=4)
    experiment = SimpleNamespace(
        scenario=SimpleNamespace(periods_per_year=2, population=SimpleNamespace(customers=10))
    )  # fmt: skip

    def __init__(self, inside=True, dates=(1,), gone=(2, 4)) -> None:
        self.inside, self.dates, self.gone = inside, dates, gone

    def course(self, kpi, arm, firm, group=None):
        if kpi == "customers_removed":
            found = np.zeros((1, 2, 4))
            if arm == "out" and firm == "north" and (group is None or self.inside):
                for date in self.dates:
                    found[0, :, date] = self.gone
            return found
        assert (kpi, firm) == ("profit", "north")
        level = {("all", None): 9.0, ("out", None): 5.0, ("all", "gone"): 12.0, ("out", "gone"): 0.0}[arm, group]
        return np.full((1, 2, 4), level) + (np.array([[[0], [1]]]) if arm == "all" and group is None else 0.0)


def test_by_hand():
    """From period 1 on, three halves of a year. Lost: 4 a year from each of ten, 60, and 5, 75; of 2 and of 4 who are
    gone 12 a year, 36 and 72. Of 135 lost 108 are direct, and six customers are gone."""
    found = lost_customers(Known(), "out", "gone")
    assert found.total.value == pytest.approx(135 / 6)
    assert found.direct.value == pytest.approx(108 / 6)
    assert found.social.value == pytest.approx(27 / 6)
    assert (found.removed, found.pairs, found.against, found.firm) == (3.0, 2, "all", "north")
    assert "a customer of north lost in out: 22.5 [" in str(found)


def test_the_interval_is_students_where_as_many_are_lost_every_time():
    """60 and 75 for three: 20 and 25, mean 22.5, sd 3.5355, t(1) = 12.7062, half 31.77."""
    total = lost_customers(Known(gone=(3, 3)), "out", "gone").total
    assert (total.value, total.low, total.high) == pytest.approx((22.5, 22.5 - 31.7655, 22.5 + 31.7655), abs=1e-3)


def test_a_shorter_time_and_discounted_money():
    assert lost_customers(Known(), "out", "gone", periods=1).direct.value == pytest.approx(6.0)
    discounted = lost_customers(Known(), "out", "gone", discount=0.21).direct.value
    assert discounted == pytest.approx(6 * (1 + 1 / 1.1 + 1 / 1.21))
    np.testing.assert_allclose(weights(5, 1, 3, 0.21, 2), [0, 1, 1 / 1.1, 1 / 1.21, 0])


@pytest.mark.parametrize(
    ("results", "words"),
    [
        (Known(inside=False), "some customers lost in 'out' are not in the group 'gone'"),
        (Known(dates=()), "the arm 'out' loses customers in no periods; one is expected"),
        (Known(dates=(1, 2)), "the arm 'out' loses customers in 2 periods; one is expected"),
    ],
)
def test_what_is_refused(results, words):
    with pytest.raises(Refusal) as refused:
        lost_customers(results, "out", "gone")
    assert words in str(refused.value)


def test_without_ties_all_of_it_is_direct_and_the_same_whichever_way_they_go():
    """Nobody is missed by anybody, so that the social part is nothing but the rounding of accounts."""
    study = abm.Experiment(
        name="lost",
        scenario=abm.Scenario.parse(
            {"periods": 30, "population": {"customers": 300}, "knock_out": {"at": 10, "of_firm": "north"},
             "network": {"kind": "erdos_renyi", "neighbours": 0.0}, "firms": [{"name": "north"}, {"name": "east"}]}
        ),
        arms={
            "all": {}, "out": {"knock_out.part": 0.5}, "over": {"knock_out.part": 0.5, "knock_out.way": "switch"},
        },
        groups={"gone": {"by": "knocked_out", "arm": "out", "at": 11}},
        kpis=("profit", "customers_removed"),
        replications=3,
        seed=4,
    )  # fmt: skip
    results = abm.run(study, workers=1)
    out, over = (lost_customers(results, arm, "gone") for arm in ("out", "over"))
    assert out.direct.value == pytest.approx(over.direct.value)
    assert out.direct.value > 1
    for found in (out, over):
        assert abs(found.social.value) < 1e-6
        assert found.removed > 20
