"""Groups that are there are found; where scikit-learn is not, one line says what to install."""

import sys

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import Refusal
from abm.value.clustering import cluster
from abm.value.prediction import predict
from abm.value.pyramid import class_table


def three_groups(seed=1):
    """Return customers about three centres: 60, 30 and 10 of them; spend counts in hundreds, share in tenths."""
    rng = np.random.default_rng(seed)
    which = np.repeat([0, 1, 2], [60, 30, 10])
    centres = np.array([[100.0, 0.2], [900.0, 0.3], [500.0, 0.9]])[which]
    values = centres + rng.normal(size=(100, 2)) * [20.0, 0.02]
    table = pd.DataFrame(values, columns=["spend", "share"], index=pd.Index(rng.permutation(100), name="customer"))
    return table, which


class TestWithScikitLearn:
    @pytest.fixture(autouse=True)
    def _needs_it(self):
        pytest.importorskip("sklearn")

    def test_groups_are_found_and_the_largest_is_first(self):
        table, which = three_groups()
        found = cluster(table, 3, seed=5)
        assert (found.labels == which + 1).all()
        assert found.labels.index.equals(table.index)
        assert found.sizes["rows"].tolist() == [60, 30, 10]
        assert found.sizes["share"].tolist() == [0.6, 0.3, 0.1]
        assert found.centres.loc[2, "spend"] == pytest.approx(table[which == 1]["spend"].mean())
        assert found.explained > 0.95

    def test_units_do_not_matter_and_a_seed_is_repeated(self):
        table, _ = three_groups()
        cents = cluster(table.assign(spend=100 * table["spend"]), 4, seed=5)
        assert cluster(table, 4, seed=5).labels.equals(cents.labels)
        assert cluster(table, 4, seed=5).labels.equals(cluster(table, 4, seed=5).labels)

    def test_explained_is_the_share_between(self):
        table, _ = three_groups()
        found = cluster(table, 2, seed=0)
        scaled = (table - table.mean()) / table.std(ddof=0)
        within = (scaled - scaled.groupby(found.labels).transform("mean")).pow(2).to_numpy().sum()
        assert found.explained == pytest.approx(1 - within / scaled.pow(2).to_numpy().sum())

    def test_who_is_not_known_is_in_no_cluster_and_what_is_the_same_for_all_does_not_count(self):
        table, which = three_groups()
        table.iloc[7, 0] = np.nan
        found = cluster(table.assign(constant=0.1 + 0.2, point=range(100)), 3, seed=5)
        assert found.labels.isna().to_numpy().nonzero()[0].tolist() == [7]
        assert (found.labels.dropna() == np.delete(which, 7) + 1).all()
        assert "point" not in found.centres

    def test_clusters_are_classes_for_the_tables_of_classes(self):
        table, _ = three_groups()
        found = class_table(table["spend"], cluster(table, 3, seed=5).labels)
        assert found["customers"].tolist() == [60, 30, 10]

    def test_clusters_of_one_size_have_one_order(self):
        table = pd.DataFrame({"x": [0.0, 0.0, 5.0, 5.0]})
        assert {tuple(cluster(table, 2, seed).labels) for seed in range(5)} == {(1, 1, 2, 2)}

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"k": 1}, "k = 1 is not a whole number of at least 2"),
            ({"k": 2.5}, "k = 2.5 is not a whole number"),
            ({"k": 5}, "k = 5 is more than the 2 different rows of the table"),
            ({"seed": -1}, "seed = -1 is not a whole number"),
            ({"columns": "spent"}, 'no column "spent"'),
        ],
    )
    def test_refusals(self, options, message):
        table = pd.DataFrame({"x": [0.0, 0.0, 0.0, 5.0, 5.0]})
        with pytest.raises(Refusal, match=message):
            cluster(table, **({"k": 2, "seed": 0} | options))


@pytest.mark.parametrize(
    "call",
    [
        lambda: cluster(three_groups()[0], 3, seed=1),
        lambda: predict(three_groups()[0].assign(again=[0, 1] * 50), "again"),
    ],
)
def test_without_it_one_line_says_what_to_install(call, monkeypatch):
    for module in ("sklearn", "sklearn.cluster", "sklearn.linear_model", "sklearn.model_selection"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Refusal) as refused:
        call()
    text = 'clusters and predictions need scikit-learn, which is an extra: pip install "patronage[learn]"'
    assert str(refused.value) == text
