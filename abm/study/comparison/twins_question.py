"""What data of twins are asked for: two arms of a study, an outcome, what is known before, and who is treated.

Everything is checked here; nothing runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from abm.core.errors import Refusal, counted, did_you_mean, one_of, shown
from abm.mechanisms.books.customer_accounts import CustomerAccounts
from abm.scenario.changes import stretches
from abm.scenario.scenario import Scenario
from abm.study.plan import checks
from abm.study.plan.experiment import Experiment
from abm.study.plan.record import of_persons, of_visits
from abm.world.columns import Column

SILENT = "silent"
PROFIT, SPEND, VISITS, EXITED = "profit_from_customer", "spend_so_far", "visits_so_far", "exited"
LOGGED = (SPEND, VISITS, SILENT)  # outcomes that the log of visits holds, whoever is still there at the end
HISTORY = {  # covariates that a firm works out from its own log: unit, meaning
    "recency": ("periods", "since the latest visit to the firm; one more than the log is long if there was none"),
    "frequency": ("visits", "to the firm so far"),
    "spend": ("cu", "paid to the firm so far"),
}
_STRONGEST = 1000.0  # far above what leaves a treatment to luck, and far below what cannot be calculated
TRAITS = ("purchase_rate", "basket")  # covariates where treatment begins with the run, so that no log tells anything


@dataclass(frozen=True)
class TwinsQuestion:
    """What is asked; arms, outcome and columns are those of the study's market.

    study            : with just these two arms, recorded as is needed, without design, groups and criteria
    control, treated : arms            firm : whose log it is
    date             : first period in which the arms differ; all that is known of customers is from before it
    outcome, silence : what is measured from then on; periods without a visit that make a customer silent
    columns          : covariates      share : of customers who are treated
    confounding      : covariate -> strength b of assignment.py; those not among `columns` stay hidden
    """

    study: Experiment
    control: str
    treated: str
    firm: str
    date: int
    outcome: str
    silence: int
    columns: tuple[str, ...]
    share: float
    confounding: dict[str, float]

    @property
    def periods(self) -> int:
        """How long a run is."""
        return self.study.scenario.periods

    @property
    def covariates(self) -> tuple[str, ...]:
        """All that has to be known of customers before the date, the hidden ones last."""
        return tuple(dict.fromkeys((*self.columns, *self.confounding)))

    @property
    def hidden(self) -> tuple[str, ...]:
        """What decides on treatment and is not among the columns that an analyst gets."""
        return tuple(name for name in self.confounding if name not in self.columns)

    @property
    def answers(self) -> tuple[str, ...]:
        """Those of the covariates that are answers to the firm's survey."""
        return tuple(name for name in self.covariates if name in _answers(self.study.scenario_of(self.control)))

    @property
    def states(self) -> tuple[str, ...]:
        """Those of the covariates and the outcome that are columns of customers."""
        known = [name for name in self.covariates if name not in (*HISTORY, *self.answers)]
        return tuple(dict.fromkeys(known if self.outcome in LOGGED else [*known, self.outcome]))

    def column(self, name: str) -> Column:
        """Return a column of customers of the market, or of answers."""
        world = self.study.scenario_of(self.control)
        return (_columns(world) | _answers(world))[name]


def arms_of(study: Experiment, wanted: Sequence[str] | None) -> tuple[str, str]:
    """Return the names of the control and the treated arm; None = the baseline and the only other arm."""
    baseline = checks.baseline(study.baseline, study.arms)
    if wanted is None:
        wanted = [baseline, *(arm for arm in study.arms if arm != baseline)]
    if len(wanted) != 2 or wanted[0] == wanted[1]:
        raise Refusal(f"= {shown(list(wanted))} is not two arms, the control and the treated one", place="arms")
    for arm in wanted:
        _known("arms", "arm", arm, study.arms)
    return wanted[0], wanted[1]


def begins(control: Scenario, treated: Scenario) -> int:
    """Return the first period in which two arms differ.  Raises Refusal if there is none."""
    one, other = dict(stretches(control)), dict(stretches(treated))
    now, then = control, treated
    for t in sorted({*one, *other}):
        now, then = one.get(t, now), other.get(t, then)
        if now != then:
            return t
    raise Refusal("= the two arms do not differ in any period, so that there is no effect", place="arms")


def asked(
    study: Experiment,
    control: str,
    treated: str,
    *,
    firm: str | None,
    outcome: str,
    silence: int | None,
    columns: Sequence[str] | None,
    share: float,
    confounding: Mapping[str, float],
    replications: int,
) -> TwinsQuestion:
    """Return what is asked of a study without design whose arms leave nothing open.

    None = firm: the focal one; silence: a quarter of a year; columns: what a log tells, or traits if there is none yet

    Raises Refusal for what is not there.
    """
    firms = [one.name for one in study.scenario.firms]
    firm = firms[0] if firm is None else _known("firm", "firm", firm, firms)
    worlds = [study.scenario_of(arm) for arm in (control, treated)]
    date, (before, after) = begins(*worlds), map(_columns, worlds)
    columns = tuple((HISTORY if date else TRAITS) if columns is None else dict.fromkeys(columns))
    _check_covariates("columns", columns, worlds[0], date)
    _check_covariates("confounding", confounding, worlds[0], date)
    _known("outcome", "outcome", outcome, [SILENT, *(name for name in before if name in after)])
    question = TwinsQuestion(
        study, control, treated, firm, date, outcome, _silence(silence, study.scenario, date), columns, _share(share),
        _strengths(confounding),
    )  # fmt: skip
    return replace(question, study=_recorded(question).replace(replications=replications))


def _check_covariates(place: str, names: Iterable[str], world: Scenario, date: int) -> None:
    for name in names:
        _known(place, "column", name, [*HISTORY, *_columns(world), *_answers(world)])
        if name in {*HISTORY, *_answers(world)} and not date:
            what = f"= {shown(name)} is of visits before treatment, which begins with the run"
            raise Refusal(f"{what}; let the arm begin later, with from", place=place)


def _strengths(confounding: Mapping[str, float]) -> dict[str, float]:
    """Return the strengths that are not 0."""
    for name, strength in confounding.items():
        number = isinstance(strength, int | float) and not isinstance(strength, bool)
        if not number or not abs(strength) <= _STRONGEST:
            raise Refusal(
                f"= {shown(strength)} is no strength of {name}; write a number from -{_STRONGEST:g} to {_STRONGEST:g}, "
                "such as 1.0",
                place="confounding",
            )
    return {name: float(strength) for name, strength in confounding.items() if strength}


def _share(share: float) -> float:
    if not 0 < share < 1:
        raise Refusal(f"= {share} is outside (0, 1)", place="treated")
    return float(share)


def _silence(silence: int | None, scenario: Scenario, date: int) -> int:
    after = scenario.periods - date
    if silence is None:
        return min(after, max(1, scenario.periods_per_year // 4))
    if checks.whole("silence", silence, low=1) > after:
        raise Refusal(f"= {silence} is more than the {counted(after, 'period')} from treatment on", place="silence")
    return silence


def _recorded(question: TwinsQuestion) -> Experiment:
    """Return the study with its two arms, and a record of what is needed of persons and visits."""
    study = question.study
    record = {
        "persons": {
            "columns": question.states or TRAITS[:1],  # in any case they say who is there
            "at": tuple(sorted({question.date, question.periods})),
        },
        "visits": {"columns": ("visit_spend", *question.answers)},
    }
    arms = {arm: study.arms[arm] for arm in (question.control, question.treated)}
    return study.replace(arms=arms, baseline=question.control, record=record)


def _columns(scenario: Scenario) -> dict[str, Column]:
    """Return the columns of customers, with those that are kept only if somebody asks for them."""
    return of_persons(scenario) | {column.name: column for column in CustomerAccounts.owns}


def _answers(scenario: Scenario) -> dict[str, Column]:
    """Return the columns of visits that are answers to a survey."""
    return {name: column for name, column in of_visits(scenario).items() if column.unit == "answer"}


def _known(place: str, what: str, name: str, names: Iterable[str]) -> str:
    names = list(names)
    if name not in names:
        raise Refusal(
            f"= {shown(name)} is no {what}{did_you_mean(name, names) or f'; there is {one_of(names)}'}", place=place
        )
    return name
