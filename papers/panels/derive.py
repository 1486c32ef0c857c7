"""Make measures.csv anew from the three panels:   python papers/panels/derive.py FOLDER

FOLDER holds Catsup.csv, Cracker.csv and Yogurt.csv as Rdatasets writes them. Takes a minute or two.
"""

import sys
from pathlib import Path

import pandas as pd

from abm.logs.panel_measures import panel_measures
from abm.logs.panels import read_panel

NAMES = ("Catsup", "Cracker", "Yogurt")


def derive(folder: Path) -> pd.DataFrame:
    """Return the measures of the three panels, a row a panel, measure, brand and set of controls."""
    found = {name: panel_measures(read_panel(folder / f"{name}.csv")) for name in NAMES}
    return pd.concat(found, names=["panel"]).reset_index(level="panel").reset_index(drop=True)


if __name__ == "__main__":
    derive(Path(sys.argv[1])).round(4).to_csv(Path(__file__).with_name("measures.csv"), index=False)
