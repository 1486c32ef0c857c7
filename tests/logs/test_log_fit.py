"""Which model is taken from a log, and that what its data do not determine stops nothing else."""

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import Refusal
from abm.logs.baskets import GammaGamma, LognormalBaskets
from abm.logs.log_fit import fit_log
from abm.logs.purchases import purchase_days, summary
from tests.logs.test_alike_drop_out import histories


def log_of(x, t_x, age, amounts):
    """Return a log in which each customer buys x times again, evenly until week t_x, and all are watched to one day.

    amounts : of customer i and purchase k
    """
    end, rows = np.datetime64("2024-12-31"), []
    for i, (again, last, weeks) in enumerate(zip(x.astype(int), t_x, age, strict=True)):
        first = end - np.timedelta64(int(7 * weeks), "D")
        days = np.unique(np.linspace(0, 7 * last, again + 1).astype(int))
        rows += [(str(i), first + np.timedelta64(int(day), "D"), amounts(i, k)) for k, day in enumerate(days)]
    table = pd.DataFrame(rows, columns=["customer", "date", "amount"])
    return table.assign(date=table["date"].astype("datetime64[s]"))


def fitted(log):
    return fit_log(summary(log), purchase_days(log))


def differing(i, k):
    return 5.0 * 1.6 ** (i % 5) * (0.5, 0.9, 1.6)[k % 3]


def test_the_bgnbd_where_drop_out_differs(cdnow, cdnow_log):
    found = fit_log(cdnow, purchase_days(cdnow_log[cdnow_log["date"] <= "1997-09-30"]))
    assert {*found.numbers()} == {"r", "alpha", "a", "b", "p", "q", "v"}
    assert "log likelihood higher by" in found.describe()


def test_its_edge_where_drop_out_is_alike():
    found = fitted(log_of(*histories(1500), differing))
    assert found.numbers()["drop_out"] == pytest.approx(0.05, abs=0.015)
    assert found.numbers()["r"] / found.numbers()["alpha"] == pytest.approx(0.1, rel=0.15)
    assert "BG/NBD of alike drop-out" in found.describe()
    assert "than the NBD" in found.why


def test_no_drop_out_where_nobody_leaves():
    found = fitted(log_of(*histories(1500, dropout=0.0), differing))
    assert found.numbers()["drop_out"] < 0.003
    assert found.numbers()["r"] / found.numbers()["alpha"] == pytest.approx(0.1, rel=0.1)


def test_who_came_on_the_last_day_says_nothing_of_rates():
    log = log_of(*histories(500, dropout=0.0), differing)
    late = pd.DataFrame({"customer": ["late", "later"], "date": log["date"].max(), "amount": 9.0})
    assert fitted(pd.concat([log, late])).lives == fitted(log).lives


@pytest.mark.parametrize(
    ("amounts", "spread"),
    [
        (lambda i, k: 20.0, 0.0),
        (lambda i, k: 20.0 + k % 2, 0.0),
        (lambda i, k: 20.0 * (1 + i % 2), 0.35),
    ],
    ids=["all alike", "by purchase", "by customer"],
)
def test_baskets_that_hardly_differ_do_not_stop_the_rates(amounts, spread):
    found = fitted(log_of(*histories(400), amounts))
    assert isinstance(found.baskets, LognormalBaskets | GammaGamma)
    if isinstance(found.baskets, LognormalBaskets):
        assert found.numbers()["spread"] == pytest.approx(spread, abs=0.01)
        assert found.numbers()["mean"] == pytest.approx(30 if spread else 20, rel=0.05)


def test_a_log_without_amounts_gives_rates_alone():
    found = fitted(log_of(*histories(400), lambda i, k: np.nan))
    assert {*found.numbers()} == {"r", "alpha", "drop_out"}
    assert "baskets are the population's" in found.describe()


def test_refusals():
    days = pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"]).astype("datetime64[s]")
    once = pd.DataFrame({"customer": ["a", "b", "c"], "date": days, "amount": [1.0, 2.0, 3.0]})
    with pytest.raises(Refusal, match="nobody bought on a second day"):
        fitted(once)
    with pytest.raises(Refusal, match="no amount is above 0"):
        fitted(log_of(*histories(400), lambda i, k: 0.0))
