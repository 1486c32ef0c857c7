"""Data with known truth: a log and a table of customers as an analyst has them, and apart from it each true effect.

Claim: with common random numbers a customer's outcome in the market where everybody is treated, less that in the market
where nobody is, is the effect on her; an analyst sees one of the two, and which one is decided as stated.
Source: definition (potential outcomes: Rubin 1974, Journal of Educational Psychology, from memory).

    data = abm.twins_data(study, ("none", "points"), confounding={"frequency": 1.0})
    data.customers, data.log      what an analyst has        data.effects      the truth
    data.write("points_data")     the same as a folder of files
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, counted
from abm.study.comparison.assignment import assigned, probabilities, standardised
from abm.study.comparison.twins_folder import CUSTOMERS, EFFECTS, LOG, is_money, write
from abm.study.comparison.twins_question import (
    EXITED,
    HISTORY,
    LOGGED,
    PROFIT,
    SILENT,
    SPEND,
    TwinsQuestion,
    arms_of,
    asked,
)
from abm.study.plan import checks
from abm.study.plan.design import Design
from abm.study.plan.experiment import Experiment
from abm.study.running.matched import matched
from abm.study.running.progress import Progress
from abm.study.running.runner import run
from abm.study.storage.loading import loaded
from abm.study.storage.results import Results
from abm.world.units import MONEY

WHO = ["replication", "customer"]
_CENTS, _PLACES = 100.0, 2  # in a cu; of a sum of cents, which are whole


@dataclass(frozen=True)
class TwinsData:
    """What an analyst has, and the truth.

    log       : a row per visit to the firm in the arm that the customer was assigned: replication, customer, period,
                spend (cu)
    customers : a row per customer who was there when treatment began: replication, customer, the covariates, treated
                (0 or 1), outcome
    effects   : a row per customer, in the same order: replication, customer, outcome_control, outcome_treated, effect,
                probability (of treatment), and covariates that decide on treatment and are not in `customers`
    question  : what was asked
    """

    log: pd.DataFrame
    customers: pd.DataFrame
    effects: pd.DataFrame
    question: TwinsQuestion

    @property
    def naive_difference(self) -> float:
        """Mean outcome of the treated less that of the others, as assigned; NaN if there is nobody on a side."""
        mean = self.customers.groupby("treated")["outcome"].mean()
        return float(mean.get(1, np.nan) - mean.get(0, np.nan))

    @property
    def mean_effect(self) -> float:
        """The true mean effect on all customers."""
        return float(self.effects["effect"].mean())

    def truth(self) -> dict[str, float]:
        """Return what is said of the effects: their mean, that of the treated, what assignment makes of it."""
        inside = self.customers["treated"] == 1
        return {
            "mean_effect": self.mean_effect,
            "mean_effect_on_the_treated": float(self.effects["effect"][inside].mean()),
            "naive_difference": self.naive_difference,
            "lowest_probability": float(self.effects["probability"].min()),
            "highest_probability": float(self.effects["probability"].max()),
        }

    def write(self, folder: Path | str, command: str = "abm.twins_data") -> None:
        """Write a folder of files, the truth in a folder of its own inside it (twins_folder.py); whole or not at all.

        Raises Refusal if something is there already.
        """
        tables = {LOG: self.log, CUSTOMERS: self.customers, EFFECTS: self.effects}
        write(Path(folder), tables, self.question, self.truth(), command)


def twins_data(
    study: Experiment | Path | str,
    arms: Sequence[str] | None = None,
    *,
    outcome: str = PROFIT,
    silence: int | None = None,
    columns: Sequence[str] | None = None,
    treated: float = 0.5,
    confounding: Mapping[str, float] | None = None,
    firm: str | None = None,
    replications: int = 1,
    workers: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> TwinsData:
    """Run two arms of a study, and return what an analyst would have of them, and each customer's true effect.

    study       : or the path of its file; its market as it stands, without the points of a design
    arms        : the control and the treated one; None = the baseline and the only other arm
    outcome     : from the first period on in which the arms differ to the end: profit_from_customer, spend_so_far (cu),
                  visits_so_far; "silent", 1 for no visit to the firm in the last `silence` periods; exited, 1 for who
                  has left the category; of any other column of customers its value at the end
    silence     : periods; None = a quarter of a year
    columns     : covariates from before treatment: recency, frequency, spend as the firm's log has them, the latest
                  answers to its survey, such as answer_overall, and columns of customers as they truly are; None = the
                  first three, or purchase_rate and basket if treatment begins with the run
    treated     : share of customers, on average
    confounding : covariate -> strength, see assignment.py; one that is not among `columns` stays hidden from analysts
    firm        : whose log it is; None = the focal firm

    Raises Refusal for what is not in the study, and for an outcome that those who left the market do not have.
    """
    question = planned(
        loaded(study), arms, workers, threads, firm=firm, outcome=outcome, silence=silence, columns=columns,
        share=treated, confounding=confounding or {}, replications=replications,
    )  # fmt: skip
    return collected(question, run(question.study, None, workers, threads, progress))


def planned(
    study: Experiment, arms: Sequence[str] | None, workers: int | None, threads: int | None, **wanted: Any
) -> TwinsQuestion:
    """Return what is asked of two arms of a study, with the values that they leave open found by trial runs.

    wanted : as of twins_question.asked
    """
    study = study.replace(design=Design(), groups={}, expect=())
    control, treated = arms_of(study, arms)
    if study.matches:
        needed = (checks.baseline(study.baseline, study.arms), control, treated)  # budgets are above the baseline's
        study = study.replace(arms={arm: own for arm, own in study.arms.items() if arm in needed})
        study = matched(study, None, workers, threads).experiment
    return asked(study, control, treated, **wanted)


def collected(question: TwinsQuestion, results: Results) -> TwinsData:
    """Return the data of what was asked from the runs of its study.  Raises Refusal for a run that failed."""
    if len(results.failed):
        first = results.failed.iloc[0]
        raise Refusal(f"a run of arm {first['arm']!r} failed with {first['error']}: {first['message']}")
    persons, visits = _persons(question, results), results.visits[results.visits["firm"] == question.firm]
    logs = {arm: _log(visits, arm) for arm in (question.control, question.treated)}
    before = persons[question.control, question.date]
    known = before.join(_before(question, logs[question.control], before.index))[list(question.covariates)]
    outcomes = [_outcome(question, persons, logs[arm], arm, known.index) for arm in logs]
    probability, treated = _treatment(question, known)
    customers = known[list(question.columns)].assign(
        treated=treated.astype(np.int64), outcome=np.where(treated, outcomes[1], outcomes[0])
    )
    effect = outcomes[1] - outcomes[0]
    effects = pd.DataFrame(
        {
            "outcome_control": outcomes[0],
            "outcome_treated": outcomes[1],
            "effect": effect.round(_PLACES) if is_money(question) else effect,
            "probability": probability,
        },
        index=known.index,
    ).join(known[list(question.hidden)])
    log = _lived(question, logs, customers["treated"])
    return TwinsData(log, customers.reset_index(), effects.reset_index(), question)


def _persons(question: TwinsQuestion, results: Results) -> dict[tuple[str, int], pd.DataFrame]:
    """Return the columns of customers by arm and date, with who they are as index, money in cu."""
    table = results.persons.rename(columns=lambda name: name.removesuffix(f".{question.firm}"))
    for name in question.states:
        values = table[name].astype(np.float64)
        table[name] = _in_cu(values) if question.column(name).unit in MONEY else values
    return {
        (str(arm), int(date)): own.set_index(WHO).sort_index()
        for (arm, date), own in table.groupby(["arm", "period"], observed=True)
    }


def _log(visits: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Return the firm's log of an arm: replication, customer, period, spend in cu, and answers."""
    own = visits[visits["arm"] == arm].sort_values([*WHO, "period", "nth"]).reset_index(drop=True)
    rest = own.columns.difference(["run_id", "arm", "point", *WHO, "period", "nth", "firm", "visit_spend"])
    return own[[*WHO, "period"]].astype(np.int64).assign(spend=_in_cu(own["visit_spend"]), **own[rest])


def _in_cu(cents: pd.Series) -> pd.Series:
    return (cents / _CENTS).round(_PLACES)


def _before(question: TwinsQuestion, log: pd.DataFrame, who: pd.MultiIndex) -> pd.DataFrame:
    """Return what the log knows of customers when treatment begins: recency, frequency, spend, latest answers."""
    earlier = log[log["period"] < question.date]
    visits = earlier.groupby(WHO)
    latest = visits["period"].max().reindex(who, fill_value=-1)
    spend = visits["spend"].sum().round(_PLACES).reindex(who, fill_value=0.0)
    found = dict(zip(HISTORY, (question.date - latest, _visits(visits, who), spend), strict=True))
    for name in question.answers:
        found[name] = earlier[earlier[name] > 0].groupby(WHO)[name].last().reindex(who)
    return pd.DataFrame(found, index=who)


def _visits(visits: Any, who: pd.MultiIndex) -> pd.Series:
    """Return how many visits customers made, of a log by customer."""
    return visits.size().reindex(who, fill_value=0)


def _outcome(
    question: TwinsQuestion,
    persons: Mapping[tuple[str, int], pd.DataFrame],
    log: pd.DataFrame,
    arm: str,
    who: pd.MultiIndex,
) -> pd.Series:
    """Return the outcome of customers in an arm."""
    name, end = question.outcome, question.periods
    later = log[log["period"] >= (end - question.silence if name == SILENT else question.date)].groupby(WHO)
    if name == SPEND:
        return later["spend"].sum().round(_PLACES).reindex(who, fill_value=0.0)
    if name in LOGGED:
        visits = _visits(later, who)
        return (visits == 0).astype(np.int64) if name == SILENT else visits
    last = persons[arm, end][name].reindex(who)
    if gone := len(who.difference(persons[arm, end].index)):
        raise Refusal(
            f"= {name} is not known of {counted(gone, 'customer')} who left the market before the end; ask for "
            f"{', '.join(LOGGED[:-1])} or {LOGGED[-1]}, which the log of visits holds",
            place="outcome",
        )
    if name == EXITED:
        return (last >= 0).astype(np.int64)
    return (last - persons[arm, question.date][name].reindex(who)).round(_PLACES) if name == PROFIT else last


def _treatment(question: TwinsQuestion, known: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of treatment of customers and who is treated, each replication by itself."""
    probability, treated = np.empty(len(known)), np.empty(len(known), np.bool_)
    replications, identity = (known.index.get_level_values(name).to_numpy() for name in WHO)
    for replication in np.unique(replications):
        rows = replications == replication
        score = np.zeros(rows.sum())
        for name, strength in question.confounding.items():
            values = known[name].to_numpy(np.float64)[rows]
            if not np.isfinite(values).all():
                raise Refusal(f"{name} is not known of every customer, so that it cannot decide", place="confounding")
            score += strength * standardised(values)
        probability[rows] = probabilities(score, question.share)
        who = identity[rows].astype(np.uint32)
        treated[rows] = assigned(who, probability[rows], question.study.seed, int(replication))
        if treated[rows].all() or not treated[rows].any():
            of = f"{'all' if treated[rows].all() else 'none'} of {counted(len(who), 'customer')} would be treated"
            raise Refusal(
                f"= {question.share:g}: {of}, and nothing could be told; take more customers", place="treated"
            )
    return probability, treated


def _lived(question: TwinsQuestion, logs: Mapping[str, pd.DataFrame], treated: pd.Series) -> pd.DataFrame:
    """Return the visits of customers as each lived in the arm that she was assigned, `treated` 0 or 1."""
    parts = []
    for side, arm in enumerate((question.control, question.treated)):
        log = logs[arm][[*WHO, "period", "spend"]]
        parts.append(log[treated.reindex(pd.MultiIndex.from_frame(log[WHO])).to_numpy() == side])
    return pd.concat(parts).sort_values([*WHO, "period"], kind="stable").reset_index(drop=True)
