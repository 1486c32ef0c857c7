"""The desk: the study that is looked at, where it came from, and what each page that looks at it has chosen."""

from __future__ import annotations

from dataclasses import dataclass

from abm.study.plan.experiment import Experiment
from abm.view.page import paint
from abm.view.page.exploration import Exploration
from abm.view.page.shelf import Shelf, command


class Desk:
    """One exploration, and the shelf that its study is from; all pages that are open share it.

    opened : name of the study on the shelf, "" = it was loaded from elsewhere
    filed  : the study as its file has it
    """

    def __init__(self, exploration: Exploration, shelf: Shelf, opened: str, filed: Experiment | None = None) -> None:
        self.exploration, self.shelf, self.opened = exploration, shelf, opened
        self._filed = filed or exploration.study

    def open(self, name: str) -> None:
        """Look at a study of the shelf.  Raises Refusal for what cannot be opened."""
        study = self.shelf.open(name)
        self.exploration.open(study)
        self.opened, self._filed = name, study

    def read(self, name: str, content: bytes) -> None:
        """Look at a study from a file that somebody loads.  Raises Refusal for what is no study."""
        self.exploration.open(self.shelf.read(name, content))
        self.opened = ""

    def command(self) -> str:
        """Return the command that repeats what is seen; "" if it takes the study to be saved first."""
        if not self.opened.endswith(".toml"):
            return ""
        x = self.exploration
        return command(self._filed, x.arms, x.study.seed, self.opened, self.shelf.own)


@dataclass
class Look:
    """What one page has chosen to look at.

    kpi, firm : that are watched          together : periods over which a mean is drawn
    arm       : 0 or 1, whose network     paint    : by what its customers are coloured
    customer  : place in the sample of the one who is looked at      column : of her history
    dated     : whether levers that are moved hold from the present period on, not from the start
    owner     : whose levers are listed   words    : that they are searched by
    """

    kpi: str
    firm: str
    together: int = 1
    arm: int = 1
    paint: str = next(iter(paint.PAINTS))
    customer: int = 0
    column: str = "satisfaction"
    dated: bool = False
    owner: str = ""
    words: str = ""

    def fit(self, exploration: Exploration) -> None:
        """Choose something else where the study has not what was chosen."""
        firms, kpis = exploration.firms, exploration.kpis
        self.firm = self.firm if self.firm in firms else firms[0]
        self.kpi = self.kpi if self.kpi in kpis else kpis[0]
        if exploration.sights[0] is not None:
            self.customer = min(self.customer, len(exploration.sights[0].sample.rows) - 1)
