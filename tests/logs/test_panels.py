"""Scanner panels: read as R's Ecdat writes them, or refused with the line."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.logs.panels import read_panel

HEAD = "rownames,id,feat.a,feat.b,price.a,price.b,choice\n"


@pytest.fixture
def panel(tmp_path):
    """Read a panel with this content."""

    def read(content):
        path = tmp_path / "panel.csv"
        path.write_text(content, encoding="utf-8")
        return read_panel(path, source="the panel")

    return read


def test_a_panel_as_it_is_written(panel):
    found = panel(HEAD + "1,7,0,1,2.5,3,b\n2,7,0,0,2.5,3,a\n3,x,1,0,2,0,a\n")
    assert (found.households, found.brands) == (("7", "x"), ("a", "b"))
    assert found.household.tolist() == [0, 0, 1]
    assert found.order.tolist() == [0, 1, 0]
    assert found.brand.tolist() == [1, 0, 0]
    assert list(found.controls) == ["price", "feature"]
    assert np.array_equal(found.controls["price"], [[2.5, 3], [2.5, 3], [2, 0]])
    assert found.purchases.counts.tolist() == [[1, 1], [1, 0]]
    table = found.frame()
    assert list(table) == ["household", "order", "brand", "price.a", "price.b", "feature.a", "feature.b"]
    assert table.loc[0].tolist() == ["7", 0, "b", 2.5, 3.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty; it needs a header with id, choice, price.BRAND"),
        (HEAD, "no purchase below the header"),
        ("id,price.a,price.b\n", "line 1: no choice column; the header has 'id', 'price.a', 'price.b'"),
        ("ID,price.a,price.b,choice\n", "line 1: no id column; did you mean 'ID'?"),
        ("id,choice,choice\n", "line 1: two columns are called 'choice'"),
        ("id,choice,price.a\n", "line 1: 1 price.BRAND columns; they name the brands, and at least 2 are needed"),
        (
            "id,choice,price.a,price.b,feat.b\n",
            "line 1: no feat.a column; feat.b is there, so each brand needs one",
        ),
        (
            "id,choice,price.heinz,price.hunts,disp.heinx\n",
            "line 1: disp.heinx has no price.heinx; did you mean 'heinz'?",
        ),
        (HEAD + "1,7,0,1,2,3,c\n", "line 2: choice = 'c' is no brand of this panel; the price columns name a or b"),
        (HEAD + "1,,0,1,2,3,a\n", "line 2: no household (id)"),
        (
            HEAD + "1,7,0,1,2,3,a\n2,8,0,1,2,3,a\n3,7,0,1,2,3,a\n",
            "line 4: household '7' came before, with others between; "
            "put the purchases of a household together, in their order",
        ),
        (HEAD + "1,7,0,1,2,x,a\n", "line 2: price.b = 'x' is not a number"),
        (HEAD + "1,7,0,1,2,1_0,a\n", "line 2: price.b = '1_0' is not a number"),
        (HEAD + "1,7,0,1,2,-1,a\n", "line 2: price.b = -1 is not a price of at least 0"),
        (HEAD + "1,7,0,1,nan,1,a\n", "line 2: price.a = nan is not a price of at least 0"),
        (HEAD + "1,7,0,2,2,1,a\n", "line 2: feat.b = 2 is not a share between 0 and 1"),
    ],
)
def test_refusals(panel, content, said):
    with pytest.raises(Refusal) as refusal:
        panel(content)
    assert str(refusal.value).replace('"', "'") == f"the panel: {said}"


@pytest.mark.parametrize(
    ("name", "households", "purchases", "brands"),
    [("Catsup", 300, 2798, 4), ("Cracker", 136, 3292, 4), ("Yogurt", 100, 2412, 4)],
)
def test_the_three_panels(panel_folder, name, households, purchases, brands):
    found = read_panel(panel_folder / f"{name}.csv")
    assert (len(found.households), found.brand.size, len(found.brands)) == (households, purchases, brands)
    assert ("display" in found.controls) == (name != "Yogurt")
