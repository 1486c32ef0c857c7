"""Many comparisons: adjusted p-values by hand, critical values of printed tables, and intervals that hold together."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

import abm
from abm.core.errors import Refusal
from abm.study.replications.multiple import METHODS, MOST, comparisons, holm, max_t, simultaneous
from abm.study.storage.results import Results
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments


@pytest.fixture
def results(study, outcome):
    """Make results whose profit is given by arm and replication."""

    def make(profit, arms=("none", "points", "tiers"), replications=8):
        sheet = study(arms={arm: {} for arm in arms}, replications=replications, kpis=("profit",)).sheet
        kept = Segments()
        runs = [outcome(sheet, run.index, value=profit(run.arm, run.replication)) for run in sheet.runs()]
        kept.commit(encode(runs, sheet.kpis))
        return Results(sheet, kept)

    return make


def luck(arm, replication, spread=1.0, seed=3):
    """Return a profit that no arm changes, of independent luck."""
    key = sum(map(ord, arm))
    return float(np.random.default_rng([seed, key, replication]).normal(0, spread))


def with_correlation(correlation, count, seed=0):
    """Return differences (k, count) whose sample correlation is exactly the one given, and whose mean is 0."""
    raw = np.random.default_rng(seed).standard_normal((len(correlation), count))
    raw -= raw.mean(axis=1, keepdims=True)
    white = np.linalg.solve(np.linalg.cholesky(np.cov(raw)), raw)
    return np.linalg.cholesky(correlation) @ white


def equicorrelated(count, correlation=0.5):
    return np.full((count, count), correlation) + (1 - correlation) * np.eye(count)


def of_all_pairs(arms):
    """Return the correlation of the differences of all pairs of independent arms, those of the first ones only."""
    rows = [[int(j == b) - int(j == a) for j in range(arms)] for a in range(arms) for b in range(a + 1, arms)]
    return np.array(rows) @ np.array(rows).T / 2


class TestPValues:
    def test_holm_by_hand(self):
        # sorted .01 x 4, .02 x 3, .03 x 2, .5 x 1; .03 x 2 = .06 is raised to nothing, as .06 = .06
        assert holm(np.array([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.06, 0.04, 0.5, 0.06])

    def test_holm_never_falls_and_never_exceeds_one(self):
        assert holm(np.array([0.04, 0.041, 0.9])) == pytest.approx([0.12, 0.12, 0.9])
        assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]

    @given(arrays(float, st.integers(1, 20), elements=st.floats(0, 1)))
    def test_holm_lies_between_the_raw_and_bonferronis(self, p):
        found = holm(p)
        assert (found >= p).all()
        assert (found <= np.minimum(1, len(p) * p) + 1e-15).all()

    @pytest.mark.parametrize("method", METHODS)
    def test_raw_p_values_are_those_of_the_paired_t_test(self, method):
        differences = np.random.default_rng(1).normal(0.4, 1, (4, 15))
        *_, p, adjusted = simultaneous(differences, method, 0.95)
        assert p == pytest.approx(stats.ttest_1samp(differences, 0, axis=1).pvalue)
        assert (adjusted >= p).all()
        assert (adjusted <= np.minimum(1, 4 * p) + 1e-12).all()

    @pytest.mark.parametrize("method", ["max_t", "bonferroni"])
    def test_an_interval_excludes_nothing_when_p_is_below_alpha(self, method):
        for seed in range(8):
            differences = np.random.default_rng(seed).normal(0.6, 1, (4, 15))
            _, low, high, _, adjusted = simultaneous(differences, method, 0.95)
            assert ((low > 0) | (high < 0)).tolist() == (adjusted < 0.05).tolist()


class TestCriticalValue:
    """Against tables for known standard deviations, which many replications come close to."""

    MANY = 100_001

    def critical(self, correlation, confidence=0.95):
        differences = with_correlation(correlation, 400)
        widened = np.tile(differences, self.MANY // 400)
        return max_t(widened, np.zeros(len(correlation)), confidence)[0]

    @pytest.mark.parametrize(("arms", "printed"), [(2, 2.21), (3, 2.35), (5, 2.51)])
    def test_many_arms_and_a_control(self, arms, printed):
        """Dunnett's two-sided table, infinitely many degrees of freedom."""
        assert self.critical(equicorrelated(arms)) == pytest.approx(printed, abs=0.015)

    @pytest.mark.parametrize("arms", [3, 4])
    def test_all_pairs(self, arms):
        """Tukey's studentised range over the root of two."""
        rows = [[int(j == b) - int(j == a) for j in range(arms)] for a in range(arms) for b in range(a + 1, arms)]
        white = with_correlation(np.eye(arms), 400)
        differences = np.tile(np.array(rows) @ white, 250)
        found = max_t(differences, np.zeros(len(rows)), 0.95)[0]
        assert found == pytest.approx(stats.studentized_range.ppf(0.95, arms, np.inf) / math.sqrt(2), rel=0.006)

    def test_independent_comparisons(self):
        """Šidák: each at 0.95^(1/k)."""
        assert self.critical(np.eye(4)) == pytest.approx(stats.norm.ppf(0.5 + 0.95**0.25 / 2), rel=0.006)

    def test_few_replications_by_brute_force(self):
        """Differences from the means are turned in the eight dimensions that nine replications leave them."""
        count, seed = 9, np.random.default_rng(2)
        values = np.linalg.cholesky(equicorrelated(4, 0.7)) @ seed.standard_normal((4, count))
        across = np.linalg.svd(np.ones((1, count)))[2][1:].T  # directions in which all replications are not alike
        turned = values @ across @ stats.ortho_group.rvs(count - 1, size=40_000, random_state=seed)
        t = turned.mean(axis=2) / turned.std(axis=2, ddof=1) * math.sqrt(count - 1)
        smallest = 2 * stats.t.sf(np.abs(t).max(axis=1), count - 2)
        found = max_t(values, np.zeros(4), 0.95)[0]
        assert found == pytest.approx(stats.t.isf(np.quantile(smallest, 0.05) / 2, count - 1), rel=0.01)

    @pytest.mark.parametrize("count", [2, 3])
    def test_so_few_replications_say_little_of_correlations(self, count):
        differences = np.random.default_rng(5).standard_normal((6, count))
        bonferroni = stats.t.ppf(1 - 0.025 / 6, count - 1)
        assert max_t(differences, np.zeros(6), 0.95)[0] == pytest.approx(bonferroni, rel=0.05)

    def test_never_above_bonferroni(self):
        differences = np.random.default_rng(3).standard_normal((6, 10))
        assert max_t(differences, np.zeros(6), 0.95)[0] <= stats.t.ppf(1 - 0.025 / 6, 9)

    def test_always_the_same(self):
        differences = np.random.default_rng(4).standard_normal((3, 10))
        assert max_t(differences, np.zeros(3), 0.95)[0] == max_t(differences, np.zeros(3), 0.95)[0]


class TestDegenerate:
    @pytest.mark.parametrize("method", METHODS)
    def test_equal_differences(self, method):
        differences = np.array([[0.0] * 5, [2.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0]])
        mean, low, high, p, adjusted = simultaneous(differences, method, 0.95)
        assert mean.tolist() == [0.0, 2.0, 3.0]
        assert (low[:2].tolist(), high[:2].tolist()) == ([0.0, 2.0], [0.0, 2.0])
        assert (p[0], p[1], adjusted[0], adjusted[1]) == (1.0, 0.0, 1.0, 0.0)

    def test_what_cannot_go_wrong_does_not_count(self):
        varied = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
        alone = simultaneous(varied[None], "max_t", 0.95)
        among = simultaneous(np.array([np.zeros(5), varied]), "max_t", 0.95)
        assert among[1][1] == pytest.approx(alone[1][0])
        assert alone[1][0] == pytest.approx(stats.ttest_1samp(varied, 0).confidence_interval(0.95).low)

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("pairs", [0, 1])
    def test_fewer_than_two_pairs(self, method, pairs):
        mean, low, high, p, _ = simultaneous(np.ones((2, pairs)), method, 0.95)
        assert np.isneginf(low).all() == np.isposinf(high).all() == (pairs == 1)
        assert np.isnan(low).all() == np.isnan(high).all() == (pairs == 0)
        assert np.isnan(p).all()
        assert np.isnan(mean).all() == (pairs == 0)

    @pytest.mark.parametrize("method", METHODS)
    def test_nothing_to_compare(self, method):
        assert all(len(column) == 0 for column in simultaneous(np.zeros((0, 5)), method, 0.95))

    def test_too_many_to_work_out(self):
        with pytest.raises(Refusal, match='at most 1,000 comparisons, not 1,001; take "bonferroni"'):
            max_t(np.zeros((MOST + 1, 3)), np.zeros(MOST + 1), 0.95)


class TestStudy:
    def test_each_arm_with_the_baseline(self, results):
        table = comparisons(results(lambda arm, r: luck(arm, r) + (5 if arm == "tiers" else 0)), "profit")
        assert table[["arm", "against"]].to_numpy().tolist() == [["points", "none"], ["tiers", "none"]]
        assert table["pairs"].tolist() == [8, 8]
        assert table["p_adjusted"].lt(0.05).tolist() == [False, True]

    def test_every_pair(self, results):
        found = results(luck)
        table = comparisons(found, "profit", among="all")
        assert table[["arm", "against"]].to_numpy().tolist() == [
            ["points", "none"], ["tiers", "none"], ["tiers", "points"],
        ]  # fmt: skip
        for row in table.to_dict("records"):
            pair = found.paired("profit", row["arm"], row["against"])
            assert row["difference"] == pytest.approx(pair.mean)
            assert row["low"] < pair.low < pair.high < row["high"]

    def test_bonferroni_is_the_interval_at_a_higher_confidence(self, results):
        found = results(luck)
        row = comparisons(found, "profit", method="bonferroni", confidence=0.9).iloc[0]
        pair = found.paired("profit", "points", confidence=0.95)
        assert (row["low"], row["high"]) == pytest.approx((pair.low, pair.high))

    def test_all_rows_are_of_the_same_replications(self, results):
        found = results(lambda arm, r: math.nan if (arm, r) == ("points", 2) else luck(arm, r))
        assert comparisons(found, "profit")["pairs"].tolist() == [7, 7]

    def test_one_arm(self, results):
        assert comparisons(results(luck, arms=("none",)), "profit").empty

    def test_points_of_a_design(self, crossed):
        found = abm.run(crossed, workers=1)
        whole, third = comparisons(found, "profit"), comparisons(found, "profit", point=2)
        assert whole["difference"][0] == pytest.approx(found.paired("profit", "cheap").mean)
        assert third["difference"][0] == pytest.approx(found.paired("profit", "cheap", point=2).mean)
        with pytest.raises(Refusal, match=r"point = 4 is outside \[0, 3\]"):
            comparisons(found, "profit", point=4)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"method": "holmes"}, "method = \"holmes\" is not .*; did you mean 'holm'"),
            ({"among": "pairs"}, 'among = "pairs" is not baseline or all'),
            ({"confidence": 1.0}, r"confidence = 1.0 is outside \(0, 1\)"),
            ({"firm": "nort"}, "no firm \"nort\" in the results; did you mean 'north'"),
            ({"kpi": "proft"}, 'no KPI "proft"'),
        ],
    )
    def test_refusals(self, results, options, message):
        with pytest.raises(Refusal, match=message):
            comparisons(results(luck), **{"kpi": "profit", **options})

    def test_it_is_there_for_users(self):
        assert abm.comparisons is comparisons


LOWEST, HIGHEST = 0.936, 0.964  # coverage that 0.95 intervals may have together
ALL = {
    "four with a baseline": (5, 1),
    "eight, every pair": (8, 8),
}  # arms; how many of them others are compared with


def correlated(arms, shared):
    """Return a root of the covariance of arms: independent and alike, or of shared luck and unlike."""
    sds = np.linspace(1, 3, arms) if shared else np.ones(arms)
    return np.linalg.cholesky(equicorrelated(arms, shared) * np.outer(sds, sds))


def contrasts(arms, compared):
    """Return the rows (comparisons, arms) that make differences of arms."""
    return np.array([np.eye(arms)[a] - np.eye(arms)[b] for b in range(compared) for a in range(b + 1, arms)])


@pytest.mark.endurance
@pytest.mark.parametrize("which", ALL)
class TestCoverage:
    """Intervals of arms that do not differ hold together in 0.95 of the studies."""

    @pytest.mark.parametrize("shared", [0.0, 0.9])
    @pytest.mark.parametrize("count", [5, 20])
    def test_of_normal_arms(self, which, shared, count):
        """In 20,000 studies: 200 spreads with 100 means each, as spread and mean of normal values are independent."""
        rng, root, differences = np.random.default_rng(9), correlated(ALL[which][0], shared), contrasts(*ALL[which])
        held = {"max_t": 0.0, "bonferroni": 0.0}
        for _ in range(200):
            arms = root @ rng.standard_normal((len(root), count))
            means = np.abs(differences @ root @ rng.standard_normal((len(root), 100))) / math.sqrt(count)
            for method in held:
                mean, _, high, _, _ = simultaneous(differences @ arms, method, 0.95)
                held[method] += float((means <= (high - mean)[:, None]).all(axis=0).mean()) / 200
        assert LOWEST <= held["max_t"] <= HIGHEST
        assert held["max_t"] <= held["bonferroni"]


@pytest.mark.endurance
@pytest.mark.parametrize("law", ["t5", "uniform"])
def test_coverage_of_other_distributions(law):
    """In 1,000 studies, of which the share is known to 0.007 (one standard error; two are allowed for)."""
    rng, differences, held = np.random.default_rng(10), contrasts(8, 8), 0
    for _ in range(1_000):
        arms = rng.standard_t(5, (8, 10)) if law == "t5" else rng.random((8, 10)) - 0.5
        _, low, high, _, _ = simultaneous(differences @ arms, "max_t", 0.95)
        held += bool(((low <= 0) & (high >= 0)).all())
    assert LOWEST - 0.014 <= held / 1_000 <= HIGHEST + 0.014
