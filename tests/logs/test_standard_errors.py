"""Standard errors of what is fitted to a log: from the bending of the likelihood, and as wide as estimates scatter."""

import math

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.logs import alike_drop_out, bgnbd
from abm.logs.alike_drop_out import fit_alike_drop_out
from abm.logs.baskets import GammaGamma, LognormalBaskets, fit_gamma_gamma, fit_lognormal_baskets
from abm.logs.bgnbd import fit_bgnbd
from abm.logs.log_fit import LogFit
from abm.logs.nbd import NBD, fit_nbd, log_probability
from abm.logs.standard_errors import estimates
from tests.logs.test_alike_drop_out import histories

pytestmark = pytest.mark.slow

LOGS = 40


def bent(log_likelihood, point, reach=1e-3):
    """Return the Hessian of a value (not of its gradient), by central differences of second order."""
    moves = reach * np.eye(len(point))

    def second(i, j):
        up, across = moves[i], moves[j]
        ends = [(up + across, 1), (up - across, -1), (-up + across, -1), (-up - across, 1)]
        return sum(sign * log_likelihood(point + move) for move, sign in ends) / (4 * reach**2)

    return np.array([[second(i, j) for j in range(len(point))] for i in range(len(point))])


def lives(rng, customers, dropout):
    """Return x, t_x and T of customers who buy at rates Gamma(0.8, 4 weeks) and drop out; T is a year or two."""
    age, rate = rng.uniform(52.0, 104.0, customers), rng.gamma(0.8, 1 / 4.0, customers)
    gaps = rng.exponential(1.0, (customers, 200)) / rate[:, None]
    left = rng.geometric(np.maximum(dropout(customers), 1e-9))  # the first purchase, which is not counted, may be last
    bought = np.cumsum(gaps, axis=1)
    seen = (bought <= age[:, None]) & (np.arange(200) < left[:, None])
    return seen.sum(axis=1), np.where(seen, bought, 0.0).max(axis=1), age


class TestBending:
    """The covariance is the inverse of the Hessian of the likelihood itself, and symmetric."""

    @pytest.mark.parametrize(("fit", "module"), [(fit_bgnbd, bgnbd), (fit_alike_drop_out, alike_drop_out)])
    def test_rates_and_drop_out(self, fit, module, cdnow):
        data = [cdnow[name].to_numpy(float) for name in ("frequency", "recency", "age")]
        found = fit(*data)
        last = [found.a, found.b] if fit is fit_bgnbd else [found.dropout / (1 - found.dropout)]
        at = np.log([found.r, found.alpha, *last])
        hessian = bent(lambda point: module._log_likelihood(np.exp(point), *data)[0], at)
        assert found.covariance == pytest.approx(found.covariance.T, rel=1e-12)
        assert found.covariance == pytest.approx(np.linalg.inv(-hessian), rel=5e-3)

    def test_counts(self, cdnow):
        x, t = cdnow["frequency"].to_numpy(float), cdnow["age"].to_numpy(float)
        found = fit_nbd(x, t)

        def value(point):
            r, alpha = np.exp(point)
            return log_probability(x, t, r, r / alpha).sum()

        hessian = bent(value, np.log([found.r, found.alpha]))
        assert found.covariance == pytest.approx(np.linalg.inv(-hessian), rel=5e-3)

    @pytest.mark.parametrize("between", [0.6, 0.0])
    def test_lognormal_baskets(self, between):
        """By the likelihood of all baskets as one normal vector, levels integrated out."""
        rng = np.random.default_rng(8)
        who = np.repeat(np.arange(50), rng.integers(1, 6, 50))
        logs = 3.0 + between * rng.normal(size=50)[who] + 0.4 * rng.normal(size=who.size)
        logs = logs if between else logs - np.bincount(who, logs)[who] / np.bincount(who)[who]
        found = fit_lognormal_baskets(who, np.exp(logs))
        assert (found.sigma > 0) == (between > 0)

        def value(point):
            spread = math.exp(2 * point[1]) if between else 0.0
            covariance = spread * (who[:, None] == who) + math.exp(2 * point[-1]) * np.eye(who.size)
            off = logs - point[0]
            return -0.5 * (np.linalg.slogdet(covariance)[1] + off @ np.linalg.solve(covariance, off))

        spreads = [found.sigma, found.sigma_within] if between else [found.sigma_within]
        hessian = bent(value, np.array([found.mu, *np.log(spreads)]))
        assert found.covariance == pytest.approx(np.linalg.inv(-hessian), rel=5e-3, abs=1e-8)


def gamma_gamma(rng):
    x, level = 1 + rng.poisson(3.0, 500), rng.gamma(4.0, 1 / 45.0, 500)
    return estimates(NBD(1.0, 1.0), fit_gamma_gamma(x, rng.gamma(2.0 * x) / (level * x)))


def lognormal(rng):
    who = np.repeat(np.arange(150), rng.integers(1, 6, 150))
    logs = 3.0 + 0.6 * rng.normal(size=150)[who] + 0.4 * rng.normal(size=who.size)
    return estimates(NBD(1.0, 1.0), fit_lognormal_baskets(who, np.exp(logs)))


def alike(rng):
    return estimates(fit_alike_drop_out(*lives(rng, 300, lambda n: np.full(n, 0.1))), None)


def differing(rng):
    return estimates(fit_bgnbd(*lives(rng, 600, lambda n: rng.beta(0.8, 2.5, n))), None)


def counts(rng):
    return estimates(fit_nbd(rng.poisson(rng.gamma(0.8, 1 / 4.0, 300) * 26.0), 26.0), None)


TRUE = {
    counts: {"r": 0.8, "alpha": 4.0, "mean_rate": 0.2},
    alike: {"r": 0.8, "alpha": 4.0, "mean_rate": 0.2, "drop_out": 0.1},
    differing: {"r": 0.8, "alpha": 4.0, "a": 0.8, "b": 2.5, "drop_out": 0.8 / 3.3},
    gamma_gamma: {"p": 2.0, "q": 4.0, "v": 45.0, "mean": 30.0},
    lognormal: {"mean": math.exp(3.0 + (0.6**2 + 0.4**2) / 2), "spread": 0.6, "spread_within": 0.4},
}


@pytest.mark.parametrize("made", TRUE, ids=lambda made: made.__name__)
@pytest.mark.endurance
def test_intervals_hold_what_made_the_log_and_are_no_wider_than_that_takes(made):
    tables = [made(np.random.default_rng(seed)) for seed in range(LOGS)]
    for name, true in TRUE[made].items():
        rows = [table.loc[name] for table in tables]
        held = sum(row["low"] <= true <= row["high"] for row in rows)
        assert held >= 33, name  # of 40, at 95 %: fewer in one of 2,000 sets
        scatter = np.std([math.log(row["estimate"]) for row in rows], ddof=1)
        said = np.sqrt(np.mean([(row["standard_error"] / row["estimate"]) ** 2 for row in rows]))
        assert 0.7 < said / scatter < 1.5, name


class TestEdges:
    def test_where_nobody_leaves_drop_out_is_at_its_edge(self):
        row = estimates(fit_nbd(*histories(400, dropout=0.0)[::2]), None).loc["drop_out"]
        assert row["edge"]
        assert row["estimate"] == 0.0
        assert math.isnan(row["standard_error"])

    def test_where_all_leave_alike_how_they_differ_is(self):
        table = estimates(fit_alike_drop_out(*histories(800)), None)
        assert table["edge"].to_dict() == {
            "r": False, "alpha": False, "mean_rate": False, "drop_out": False, "drop_out_spread": True
        }  # fmt: skip
        assert table.loc["r":"drop_out", "standard_error"].gt(0).all()

    def test_alike_baskets_have_a_spread_at_its_edge(self):
        found = fit_lognormal_baskets([1, 1, 2, 2], [1.0, 4.0, 1.0, 4.0])
        table = estimates(NBD(1.0, 1.0), found)
        assert table["edge"].to_dict() == {
            "r": False, "alpha": False, "mean_rate": False, "drop_out": True,
            "mean": False, "spread": True, "spread_within": False,
        }  # fmt: skip
        # two customers of two baskets each, ln 2 off the middle: variance of a mean of 4, and half over 4 of ln sigma
        within = math.log(2) ** 2
        assert table.loc["spread_within", "standard_error"] == pytest.approx(math.log(2) * math.sqrt(1 / 8), rel=1e-6)
        relative = math.sqrt(within / 4 + within**2 / 8)
        assert table.loc["mean", "standard_error"] == pytest.approx(table.loc["mean", "estimate"] * relative, rel=1e-6)


def test_a_share_stays_inside_and_a_mean_that_is_hardly_told_has_no_end():
    few = estimates(fit_alike_drop_out(*histories(60, seed=3)), None).loc["drop_out"]
    assert 0.0 < few["low"] < few["estimate"] < few["high"] < 1.0
    covariance = np.eye(3)
    wide = estimates(NBD(1.0, 1.0), GammaGamma(6.0, 1.0 + 1e-6, 15.0, covariance=covariance)).loc["mean"]
    assert (wide["low"], wide["high"]) == (0.0, math.inf)
    none = estimates(NBD(1.0, 1.0), GammaGamma(6.0, 0.9, 15.0, covariance=covariance)).loc["mean"]
    assert math.isnan(none["standard_error"])
    assert not none["edge"]


def test_models_that_were_not_fitted_have_no_errors():
    table = estimates(NBD(1.0, 2.0), LognormalBaskets(3.0, 0.5, 0.5))
    assert table["standard_error"].isna().all()
    assert not table["edge"].drop("drop_out").any()


def test_names_are_those_of_the_numbers(cdnow):
    data = [cdnow[name] for name in ("frequency", "recency", "age")]
    fit = LogFit(fit_bgnbd(*data), "", fit_gamma_gamma(cdnow["frequency"], cdnow["mean_amount"]))
    table = fit.estimates()
    assert {name: table.loc[name, "estimate"] for name in fit.numbers()} == fit.numbers()
    narrow = fit.estimates(confidence=0.5)
    assert (narrow["high"] - narrow["low"] < table["high"] - table["low"]).all()
    with pytest.raises(Refusal, match=r"confidence = 95 is outside \(0, 1\)"):
        fit.estimates(confidence=95)
