"""Questions: names that the study has, numbers that mean something; everything else is refused in one line."""

import pytest

from abm.core.errors import Refusal
from abm.scenario.measures import BY_NAME
from abm.study.comparison.question import Question, question


def test_a_question_in_words(trio):
    asked = question(trio, "profit", None, 2, 0.9, True)
    assert (asked.firm, asked.zone, asked.most, asked.amount) == ("north", 2.0, "highest", "2 cu/customer/year")
    assert question(trio, "csi", "south", 0.5, 0.95, False).most == "lowest"
    churning = trio.replace(kpis=("churn_rate",))
    assert question(churning, "churn_rate", None, 0.001, 0.9, False).amount == "0.001 per period"


def test_a_question_about_a_group(trio):
    apart = trio.replace(groups={"rate": {"by": "purchase_rate", "parts": 2}})
    asked = question(apart, "profit", None, 2, 0.9, True, group="rate_high")
    assert (asked.whose, asked.unit) == ("north's customers in 'rate_high'", "north:rate_high")
    everybody = question(apart, "profit", None, 2, 0.9, True, group="all")
    assert everybody == question(apart, "profit", None, 2, 0.9, True)
    assert (everybody.whose, everybody.unit) == ("north", "north")
    with pytest.raises(Refusal, match=r"^group = \"rate_hi\" is no group; did you mean 'rate_high'"):
        question(apart, "profit", None, 2, 0.9, True, group="rate_hi")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kpi": "profti"}, "kpi = \"profti\" is no KPI; did you mean 'profit'?"),
        ({"kpi": "xyz"}, 'kpi = "xyz" is no KPI; the study measures profit, share_of_wallet, retention_rate, csi'),
        ({"kpi": "churn_rate"}, 'kpi = "churn_rate" is not measured by the study; set kpis = ["profit", '),
        ({"firm": "nort"}, "firm = \"nort\" is no firm; did you mean 'north'?"),
        ({"firm": "x"}, 'firm = "x" is no firm; there is north, east or south'),
        ({"group": "x"}, 'group = "x" is no group; the study tells none apart, write [groups.NAME]'),
        ({"zone": 0}, "zone = 0 is not a number above 0: telling arms that do not differ would take runs without end"),
        (
            {"zone": None},
            "zone: is missing; give the smallest difference of profit that matters to you in cu",
        ),
        ({"zone": -1.0}, "zone = -1.0 is not a number above 0; give the smallest difference of profit that matters"),
        ({"zone": float("nan")}, "zone = nan is not a number above 0"),
        ({"zone": float("inf")}, "zone = inf is not a number above 0"),
        ({"zone": "5"}, 'zone = "5" is not a number above 0'),
        ({"zone": True}, "zone = true is not a number above 0"),
        ({"confidence": 95}, "confidence = 95 is not a probability between 0.333, which guessing achieves, and 1"),
        ({"confidence": 0.3}, "confidence = 0.3 is not a probability between 0.333"),
        ({"confidence": 1.0}, "confidence = 1.0 is not a probability"),
        ({"pilot": 9}, "pilot = 9 is below 10"),
        ({"pilot": 10.5}, "pilot = 10.5 is not a whole number"),
        ({"batch": 0}, "batch = 0 is outside [1, "),
    ],
)
def test_refusals(trio, changes, message):
    asked = {"kpi": "profit", "firm": None, "zone": 1.0, "confidence": 0.95, "largest": True} | changes
    with pytest.raises(Refusal) as refusal:
        question(trio, **asked)
    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize(
    ("kpi", "words"),
    [
        ("trust", "0.005 on a scale of 0 to 1"),
        ("csi", "0.005 on a scale of 0 to 100"),
        ("failure_share", "0.005 per visit"),
    ],
)
def test_amounts_are_said_with_their_unit_in_words(kpi, words):
    measure = BY_NAME[kpi]
    assert Question(measure, "north", 0.005, 0.95).amount == words
