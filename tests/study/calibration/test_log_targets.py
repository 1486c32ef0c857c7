"""Targets from a log: counted by hand, with the standard errors of the textbook; refused where nothing can be said."""

import math

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import Refusal
from abm.study.calibration.log_targets import log_targets

LOG = """customer,date,amount
a,2023-01-01,10
b,2023-06-01,1
a,2024-01-01,10
a,2024-03-01,20
a,2024-03-01,10
b,2024-02-01,30
c,2024-12-29,50
"""  # the year of 364 days up to the last day begins on 2024-01-01


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    return path


def by_kpi(targets):
    return {target.kpi: target for target in targets}


def test_counted_by_hand(log):
    found = by_kpi(log_targets(log, customers=12, firm="south"))
    visits, spend = np.array([2, 1, 1]), np.array([40, 30, 50])
    assert found["frequency"].value == pytest.approx(4 / 3)
    assert found["frequency"].tolerance == pytest.approx(3 * visits.std(ddof=1) / math.sqrt(3))
    assert found["basket"].value == pytest.approx(120 / 4)
    rest = (spend - 30 * visits) / visits.mean()
    assert found["basket"].tolerance == pytest.approx(3 * rest.std(ddof=1) / math.sqrt(3))
    assert found["penetration"].value == pytest.approx(3 / 12)
    assert found["penetration"].tolerance == pytest.approx(3 * math.sqrt(0.25 * 0.75 / 12))
    assert {target.firm for target in found.values()} == {"south"}
    assert found["basket"].claim == "3 buyers, 2024-01-01 to 2024-12-29"


def test_without_the_size_of_the_market_penetration_is_left_out(log):
    assert set(by_kpi(log_targets(log))) == {"frequency", "basket"}


def test_another_year(tmp_path, log):
    found = by_kpi(log_targets(log, until="2024-03-01", year_days=61))
    assert found["frequency"].value == pytest.approx(3 / 2)


def test_rows_without_a_customer_are_told(log):
    with log.open("a") as file:
        file.write(",2024-12-29,1000\n" * 3)
    with pytest.warns(UserWarning, match="3 rows name no customer and were left out"):
        found = by_kpi(log_targets(log))
    assert found["basket"].value == pytest.approx(120 / 4)


def test_shipped_log():
    found = by_kpi(log_targets("cdnow"))
    assert found["frequency"].locator == "cdnow"
    assert 3 < found["frequency"].value < 3.5


def test_the_error_of_the_basket_is_that_of_drawing_other_buyers(tmp_path):
    """The formula against the spread over logs drawn anew from the same buyers."""
    random = np.random.default_rng(5)
    counts = 1 + random.poisson(3, 300)
    means = random.lognormal(3, 0.6, 300)

    def drawn(chosen):
        spend = means[chosen] * counts[chosen]
        return spend.sum() / counts[chosen].sum()

    baskets = [drawn(random.integers(0, 300, 300)) for _ in range(2000)]
    rows = [
        (str(i), str(pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(20 * k)))[:10], means[i])
        for i in range(300)
        for k in range(counts[i])
    ]
    rows.append(("0", "2024-12-29", means[0]))
    path = tmp_path / "many.csv"
    pd.DataFrame(rows, columns=["customer", "date", "amount"]).to_csv(path, index=False)
    found = by_kpi(log_targets(path))["basket"]
    assert found.tolerance / 3 == pytest.approx(np.std(baskets), rel=0.08)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"until": "soon"}, 'until = "soon" is not a date such as 1997-12-31'),
        ({"until": "2023-06-01"}, "and the 364 days up to 2023-06-01 are needed"),
        ({"until": "2025-06-01"}, "and the 364 days up to 2025-06-01 are needed"),
        ({"year_days": 0}, "year_days = 0 is outside"),
        ({"customers": 3}, "customers = 3, but 3 bought; count those who did not buy too"),
        ({"customers": 2.5}, "customers = 2.5 is not a whole number"),
        ({"until": "2024-02-10", "year_days": 5}, "has fewer than 2 buyers"),
    ],
)
def test_refusals(log, options, said):
    with pytest.raises(Refusal) as raised:
        log_targets(log, **options)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_buyers_who_are_all_alike_say_nothing_of_the_error(tmp_path):
    path = tmp_path / "alike.csv"
    path.write_text("customer,date,amount\na,2024-01-01,5\nb,2024-12-29,5\n")
    with pytest.raises(Refusal, match="all its buyers have the same frequency"):
        log_targets(path)


def test_unknown_log():
    with pytest.raises(Refusal, match="no shipped log"):
        log_targets("cdnov")


def test_a_log_without_amounts_has_no_target_for_the_basket(tmp_path):
    rows = [
        f"{who},2024-{month:02d}-{day:02d}"
        for who in range(4)
        for month in range(1, 13)
        for day in range(1, 29, who + 1)
    ]
    (tmp_path / "log.csv").write_text("\n".join(["wer,date", *rows, "0,2024-12-31"]))
    assert set(by_kpi(log_targets(tmp_path / "log.csv", columns={"customer": "wer", "amount": ""}))) == {"frequency"}


def test_a_table_is_refused_with_how_to_write_it():
    with pytest.raises(Refusal, match=r"^log = a DataFrame of 1 row is not a path; a log is a file, .* writes one$"):
        log_targets(pd.DataFrame({"customer": ["a"]}))
