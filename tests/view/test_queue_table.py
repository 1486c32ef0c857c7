"""The summary of a queue as people read it."""

from __future__ import annotations

from abm.queues.serve import queue
from abm.view import queue_table

HAND = {"arrival": [0, 1, 2, 3, 10], "need": [4, 2, 3, 1, 1]}


def test_rows_by_hand():
    found = {name: cells for name, *cells in queue_table.rows(queue(**HAND, within=180.0))}
    assert found["offered"] == found["served"] == ["5"]
    assert found["mean wait, minutes"] == ["2.6"]
    assert found["80 % wait at most, minutes"] == ["4"]
    assert found["service level, 180 s"] == ["0.6"]
    assert "abandoned" not in found
    assert "share who abandon" not in found


def test_what_some_have_done_is_shown_and_errors_too():
    kinds = [{"name": "members", "share": 0.3}, {"name": "others", "share": 0.7}]
    served = queue(rate=1.0, minutes=1.0, patience=2.0, kinds=kinds, customers=4_000)
    assert queue_table.columns(served) == ["", "all", "members", "others"]
    found = {name: cells for name, *cells in queue_table.rows(served)}
    assert [int(cell.replace(",", "")) > 0 for cell in found["abandoned"]] == [True] * 3
    assert all(" ± " in cell for cell in found["share who abandon"])
    assert found["utilisation"][1:] == ["–", "–"]


def test_a_notebook_shows_the_table():
    page = queue(rate=2.0, minutes=1.0, customers=200)._repr_html_()
    assert "mean wait, minutes" in page
    assert "the line grows as long as people come" in page
    assert "&lt;" not in page
