"""The evidence card as a figure: every number of the table is there, with its verdict."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import pandas as pd

from abm.facts.card import FACTS
from abm.view import card
from tests.view.readable import assert_readable

mpl.use("Agg")
GAP = 5  # pixels between two columns, of 100 an inch, below which words look like one
ROW = {"target": "above 2", "low": 2.5, "high": 3.5, "ours": 3.0, "verdict": "reproduced", "part": "ratio"}
TABLE = pd.DataFrame(
    [
        {"number": 1, "claim": "good stories outnumber bad ones", "verdict_of_fact": "reproduced", **ROW},
        {"number": 2, "claim": "a " * 60, "verdict_of_fact": "contradicted", **ROW, "ours": 1.0,
         "verdict": "contradicted"},
        {"number": 2, "claim": "a " * 60, "verdict_of_fact": "contradicted", **ROW, "part": "another number"},
        {"number": 3, "claim": "programmes", "verdict_of_fact": "not applicable", "part": "no firm has a programme",
         "verdict": "not applicable"},
    ]
)  # fmt: skip


def test_a_line_a_number_with_its_verdict():
    ax = card.card(TABLE)
    said = [text.get_text() for text in ax.texts]
    assert [word for word in said if word in {sign for _, sign in card.VERDICTS.values()}] == ["●", "✕", "●", "–"]
    assert said.count("3\n[2.5, 3.5]") == 2
    assert "1\n[2.5, 3.5]" in said
    assert sum(word.startswith("2  a a") for word in said) == 1  # a fact of several numbers is named once
    assert ax.get_title(loc="left").endswith("● 1 reproduced, ✕ 1 contradicted, – 1 not applicable")
    assert_readable(ax.figure)


def test_markets_are_named_where_there_are_several():
    claims = [text.get_text() for text in card.card(TABLE.assign(market=["retail", "clinic", "clinic", "hotel"])).texts]
    assert [word for word in claims if word.endswith(("(retail)", "(hotel)"))]
    assert sum(word.endswith("(clinic)") for word in claims) == 1
    alike = [text.get_text() for text in card.card(TABLE.assign(market="retail")).texts]
    assert not [word for word in alike if "(retail)" in word]


def test_columns_of_the_shipped_facts_do_not_run_into_each_other():
    rows = [
        {"number": fact.number, "claim": fact.claim, "verdict_of_fact": "reproduced", "market": fact.market, **ROW,
         "part": part.name, "target": part.target}
        for fact in FACTS for part in fact.parts
    ]  # fmt: skip
    ax = card.card(pd.DataFrame(rows))
    ax.figure.canvas.draw()
    boxes = {name: [] for name in card._COLUMNS}
    places = {x: name for name, x in card._COLUMNS.items()}
    for text in ax.texts:
        if text.get_position()[0] in places:
            boxes[places[text.get_position()[0]]].append(text.get_window_extent())
    names = list(card._COLUMNS)
    for left, right in pairwise(names):
        assert max(box.x1 for box in boxes[left]) + GAP <= min(box.x0 for box in boxes[right])
