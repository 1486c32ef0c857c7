"""Groups in study files: what they are called, what is refused, and what they are in an id."""

import pytest

from abm.core.errors import Refusal
from abm.study.plan.experiment import Experiment
from abm.study.plan.groups import cells, parted, unit_of

POINTS = {"firms.north.program": {"preset": "points"}}
ARMS = {"none": {}, "points": POINTS}


@pytest.mark.parametrize(
    ("groups", "labels"),
    [
        ({"rate": {"by": "purchase_rate", "parts": 3}}, ("rate_low", "rate_middle", "rate_high")),
        ({"rate": {"by": "purchase_rate", "parts": 4}}, ("rate_1", "rate_2", "rate_3", "rate_4")),
        ({"spend": {"by": "year_spend", "quantiles": [0.8]}}, ("spend_low", "spend_high")),
        ({"csi": {"by": "satisfaction", "levels": [0.5, 0.8]}}, ("csi_low", "csi_middle", "csi_high")),
        ({"member": {"by": "member", "arm": "points", "at": 6}}, ("not_member", "member")),
        ({"drawn": {"share": 0.5}}, ("drawn_held_out", "drawn_drawn")),
        ({"panel": {"ids": [3, 5]}}, ("not_panel", "panel")),
        ({"state": {"by": "relation", "names": ["new", "here", "asleep", "gone", "back"]}},
         ("new", "here", "asleep", "gone", "back")),
        ({"state": {"by": "relation"}}, ("prospect", "active", "dormant", "lost", "won_back")),
        ({"rate": {"by": "purchase_rate", "parts": 2, "names": ["light", "heavy"]}, "drawn": {"share": 0.3}},
         ("light", "heavy", "drawn_held_out", "drawn_drawn")),
    ],
)  # fmt: skip
def test_groups_have_names(study, groups, labels):
    assert study(arms=ARMS, groups=groups).sheet.groups == labels


@pytest.mark.parametrize(
    ("grouping", "said"),
    [
        (
            {"by": "purchase_rat", "parts": 3},
            r"groups\.g\.by = \"purchase_rat\" is no column.*did you mean 'purchase_rate'",
        ),
        ({"by": "visit_firm", "parts": 3}, r"is no column of customers"),
        ({"by": "member", "arm": "none"}, r"by = \"member\" is no column of customers"),
        ({"by": "purchase_rate"}, r"name its groups"),
        ({"parts": 3}, r"takes one of by, share or ids; given: none"),
        ({"by": "basket", "share": 0.5}, r"given: by and share"),
        ({"by": "basket", "parts": 3, "levels": [1.0]}, r"cannot be cut by parts and levels"),
        ({"by": "basket", "levels": [2.0, 1.0]}, r"levels = \[2\.0, 1\.0\] must rise"),
        ({"by": "basket", "parts": 1}, r"parts = 1 is everybody"),
        ({"by": "basket", "parts": 3, "names": ["a", "b"]}, r"names has 2 entries for 3 groups|names: has 2 entries"),
        ({"by": "basket", "parts": 2, "at": 7}, r"at = 7 lies beyond the run \(periods = 6\)"),
        ({"by": "basket", "parts": 2, "arm": "pints"}, r"arm = \"pints\" is no arm; did you mean 'points'"),
        ({"by": "satisfaction", "parts": 2, "firm": "nort"}, r"is no firm; did you mean 'north'"),
        ({"by": "basket", "parts": 2, "names": ["all", "b"]}, r"'all' is everybody"),
        ({"by": "basket", "parts": 2, "names": ["b", "b"]}, r"two groups are called 'b'"),
        ({"bye": "basket"}, r"no Grouping parameter 'bye'; did you mean 'by'"),
        ({"share": 1.5}, r"share = 1\.5 is outside \[0, 1\]"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(study, grouping, said):
    with pytest.raises(Refusal, match=said) as refusal:
        study(arms=ARMS, groups={"g": grouping})
    assert "\n" not in str(refusal.value)


def test_too_many_combinations_are_refused(study):
    many = {name: {"by": name, "parts": 5} for name in ("purchase_rate", "basket", "price_weight")}
    with pytest.raises(Refusal, match="combine to 125 groups; 64 can be counted apart"):
        study(groups=many)


def test_a_firm_that_is_called_like_a_group_of_another_is_refused(study):
    base = study()
    with pytest.raises(Refusal, match="call the group otherwise"):
        base.replace(
            scenario=base.scenario.replace({"firms.1.name": "north:rate_low"}),
            groups={"rate": {"by": "purchase_rate", "parts": 2}},
        )


def test_a_table_says_it_and_reads_it_back(study):
    experiment = study(arms=ARMS, groups={"rate": {"by": "purchase_rate", "parts": 3}, "drawn": {"share": 0.5}})
    assert Experiment.from_dict(experiment.to_dict()) == experiment
    assert experiment.to_dict()["groups"] == {"rate": {"by": "purchase_rate", "parts": 3}, "drawn": {"share": 0.5}}


def test_groups_are_part_of_what_a_run_is(study):
    def ids(**groups):
        return study(arms=ARMS, groups=groups).sheet.digests

    rate = {"by": "purchase_rate", "parts": 3}
    assert ids() == study(arms=ARMS).sheet.digests
    assert ids(rate=rate) == ids(rate=rate | {"arm": "none"})
    differ = [ids(), ids(rate=rate), ids(rate=rate | {"at": 2}), ids(rate=rate | {"arm": "points"})]
    assert len({one["none"] for one in differ}) == 4


def test_a_group_is_made_of_the_cells_in_which_it_is():
    assert list(cells({"a": ("x", "y"), "b": ("u", "v", "w")})) == [(0, 1, 2), (3, 4, 5), (0, 3), (1, 4), (2, 5)]


def test_a_firm_and_a_group_are_one_word_in_stored_rows():
    assert unit_of("north", "heavy") == "north:heavy"
    assert unit_of("north") == unit_of("north", "all") == "north"
    assert parted("north:heavy", ("heavy",)) == ("north", "heavy")
    assert parted("north:x", ("heavy",)) == ("north:x", "all")
