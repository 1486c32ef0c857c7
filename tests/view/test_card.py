"""The evidence card as a figure: every number of the table is there, with its verdict."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd

from abm.view import card
from tests.view.readable import assert_readable

mpl.use("Agg")
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
