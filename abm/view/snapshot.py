"""What no table of results has: persons, ties, flows between firms and the accounts, of the first replications.

The first replications of two arms are run again, with the luck that the stored runs had, so that they are those runs:
each is held against the stored one to the last bit. Accounts of customers are kept on the way, which change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from abm.core.errors import Refusal, counted
from abm.engine import recording
from abm.engine.engine import Engine
from abm.engine.kept import Kept
from abm.engine.recording import Record
from abm.kpis.standard import KPIS
from abm.mechanisms.books.customer_accounts import CustomerAccounts
from abm.mechanisms.loyalty.membership import naive_programme_roi
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.storage.failures import because
from abm.study.storage.results import Results
from abm.world.columns import CENT
from abm.world.world import World

MOST_WORK = 8_000_000  # customer-periods that are run again, which takes a few seconds
MOST_REPLICATIONS = 10  # of each arm
NEW, GONE, NOWHERE = "new", "gone", "nowhere"
NO_TIER = "none"  # of who is no member
TIERS = ("base", "tier 1", "tier 2", "tier 3", "tier 4")
_SO_FAR = {"spend_so_far": "spend", "profit_from_customer": "contribution"}  # column of customers -> of the table


@dataclass(frozen=True)
class Snapshot:
    """What is known of single persons under some arms, of the focal firm.

    firm, arms   : the focal firm, and which arms, the baseline first
    replications : those of which there are accounts and measures; persons, flows and ties are of the first of them
    years        : that are measured
    persons  : a row per arm and customer at the end: arm, customer, provider, satisfaction, trust, preference, visits,
               known, warning, spend, contribution
               provider  firm of her latest occasion, "nowhere", or "gone" if she has left the category
               known, warning  whether the firm can identify her, and how sure it may be that she is gone; NaN of whom
               it does not know
               spend, contribution  at the focal firm since the burn-in ended, cu; visits there since the run began
    flows    : a row per arm and pair of firms: arm, from, to, customers; who went from where to where within the last
               year, or since the burn-in if that is less; "new" is who was not there before, "gone" who is not any more
    tiers    : a row per arm and pair of tiers of the focal firm's programme: arm, from, to, customers; of members at
               the first of the two dates of flows, in which tier they are at the second: "none" is who is no member
               any more, "gone" who has left the category or the market; no rows under an arm without tiers
    ties     : (k, 2) customers of the first arm who are tied to each other, each pair once
    accounts : a row per arm, replication and item of the books: arm, replication, account, item, amount, which adds
               to profit, cu per customer and year
    forgone  : the same of money not received, which revenue is without; amounts are at most 0
    measures : a row per arm and replication, a column per shipped KPI, and naive_programme_roi
    """

    firm: str
    arms: tuple[str, ...]
    replications: tuple[int, ...]
    years: float
    persons: pd.DataFrame
    flows: pd.DataFrame
    tiers: pd.DataFrame
    ties: np.ndarray
    accounts: pd.DataFrame
    forgone: pd.DataFrame
    measures: pd.DataFrame


def too_large(study: Experiment, arms: int = 2) -> bool:
    """Return whether a replication of some arms takes longer than anybody waits for a figure."""
    return arms * _work(study) > MOST_WORK


def of_results(results: Results, study: Experiment, arms: Sequence[str]) -> Snapshot:
    """Return a snapshot of arms of a study at the first point of its design, the baseline first.

    results : of the study; its arms may go by other names, as in `arms`

    Raises Refusal if the market is too large, no replication is stored of all arms, a file that it reads is gone, or
    what is run now is not what was stored.
    """
    world = study.scenario
    if too_large(study, len(arms)):
        size = f"{counted(world.population.customers, 'customer')} over {counted(world.periods, 'period')}"
        raise Refusal(f"runs of {size} take too long to be run again for a figure; record persons instead")
    firm, names = results.firms[0], dict(zip(results.arms, study.arms, strict=True))
    stored = [results.block(results.kpis[0], arm, firm)[0] for arm in arms]
    done = [r for r in range(results.sheet.replications) if all(np.isfinite(block[r]) for block in stored)]
    done = done[: min(MOST_REPLICATIONS, MOST_WORK // max(1, len(arms) * _work(study)))]
    if not done or not world.periods:
        nothing = f"there is no run that has a value in {results.kpis[0]} under {' and '.join(arms)}"
        raise Refusal(f"{nothing}{because(results)}")
    looks = {arm: _looks(study, names[arm], done) for arm in arms}
    if not all(look.is_stored(results, arm) for arm, own in looks.items() for look in own):
        raise Refusal("the runs come out otherwise than they are stored; patronage verify says what differs")
    return _made(looks, done, study)


def _work(study: Experiment) -> int:
    """Return the customer-periods of a run."""
    return study.scenario.population.customers * study.scenario.periods


@dataclass
class _Look:
    """What is read of one run.

    whole  : whether persons are looked at, too; else the record is all
    before : of each customer when the burn-in ends, by her identity: what she has spent and brought so far
    then   : her provider a year before the end        tier_then : her tier then, None = there were no tiers
    """

    study: Experiment
    replication: int
    whole: bool
    record: Record | None = None
    before: pd.DataFrame = field(default_factory=pd.DataFrame)
    then: pd.Series = field(default_factory=pd.Series)
    tier_then: pd.Series | None = None
    persons: pd.DataFrame = field(default_factory=pd.DataFrame)
    flows: pd.DataFrame = field(default_factory=pd.DataFrame)
    tiers: pd.DataFrame = field(default_factory=pd.DataFrame)
    ties: np.ndarray = field(default_factory=lambda: np.empty((0, 2), np.int64))

    @property
    def stops(self) -> list[int]:
        """After how many periods it looks: with the burn-in, a year before the end, at the end."""
        world = self.study.scenario
        return sorted({world.burn_in, _year_before(world), world.periods}) if self.whole else []

    def look(self, engine: Engine) -> None:
        """Read persons, of an engine at a stop."""
        world, c, scenario = engine.world, engine.world.customers, self.study.scenario
        customer = pd.Index(c.customer_id.copy(), name="customer")
        where = pd.Series(_provider(world), customer)
        if engine.t == scenario.burn_in:
            self.before = pd.DataFrame({name: c[name][0].copy() for name in _SO_FAR}, customer)
        if engine.t == _year_before(scenario):
            self.then, self.tier_then = where, _tier(world, where)
        if engine.t == scenario.periods:
            self.persons = _persons(world, self.before, where)
            self.flows = _flows(self.then, where, world.firm_names)
            self.tiers = _tier_flows(self.tier_then, _tier(world, where))
            once = world.ties.sender < world.ties.target
            self.ties = np.column_stack([customer[world.ties.sender[once]], customer[world.ties.target[once]]])

    def is_stored(self, results: Results, arm: str) -> bool:
        """Return whether the run is the stored one, to the last bit of each KPI."""
        assert self.record is not None
        stored = [
            [results.block(kpi, arm, firm)[0, self.replication] for kpi in results.kpis] for firm in self.record.firms
        ]
        return bool(np.array_equal(self.record.summary(self.study.kpis), np.array(stored), equal_nan=True))


def _year_before(world: Scenario) -> int:
    """Return the period a year before the end, or that with which the burn-in ends if it is later."""
    return max(world.burn_in, world.periods - world.periods_per_year)


def _looks(study: Experiment, arm: str, replications: Sequence[int]) -> list[_Look]:
    """Run replications of an arm, and look at each."""
    world: Scenario = study.scenario_of(arm)
    if not any(isinstance(one, CustomerAccounts) for one in world.mechanisms()):
        world = world.replace({CustomerAccounts.name: {}})
    kept = Kept()
    looks = [_Look(study, replication, whole=replication == replications[0]) for replication in replications]
    for one in looks:
        one.record = recording.record(
            world, study.seed, one.replication, folder=study.folder, kept=kept, kpis=study.kpis, stops=one.stops,
            look=one.look,
        )  # fmt: skip
    return looks


def _provider(world: World) -> np.ndarray:
    """Return the name of each customer's provider (n,)."""
    names = np.array([*world.firm_names, NOWHERE], object)
    where = names[world.customers.provider]  # -1 is the last
    exited = world.customers.get("exited")
    return where if exited is None else np.where(exited >= 0, GONE, where)


def _persons(world: World, before: pd.DataFrame, where: pd.Series) -> pd.DataFrame:
    """Return a row per customer at the end of a run."""
    c, used = world.customers, world.customers.encounters[0] > 0
    found = pd.DataFrame({"provider": where})
    for name in ("satisfaction", "trust"):
        column = c.get(name)
        found[name] = np.where(used, column[0], np.nan) if column is not None else np.nan
    found["preference"], found["visits"] = c.preference[0].copy(), c.visits_so_far[0].copy()
    known, warning = c.get("known"), c.get("warning")
    found["known"] = known[0] > 0 if known is not None else False
    found["warning"] = np.where(found["known"], warning[0], np.nan) if warning is not None else np.nan
    earlier = before.reindex(where.index, fill_value=0)  # of newcomers since
    for name, called in _SO_FAR.items():
        found[called] = (c[name][0] - earlier[name].to_numpy()) * CENT
    return found.reset_index().sort_values("customer", ignore_index=True)


def _tier(world: World, where: pd.Series) -> pd.Series | None:
    """Return in which tier of the focal firm's programme each customer is, None = it has no tiers.

    where : her provider, by her identity
    """
    c, tiered = world.customers, world.firms.get("has_tiers")
    if tiered is None or "tier" not in c or not tiered[0]:
        return None
    names = np.where(c["member"][0] > 0, np.array(TIERS, object)[c["tier"][0]], NO_TIER)
    return pd.Series(names, where.index).mask(where == GONE, GONE)


def _tier_flows(then: pd.Series | None, now: pd.Series | None) -> pd.DataFrame:
    """Return how many members went from each tier to each, from one date to another."""
    if then is None or now is None:
        return pd.DataFrame(columns=["from", "to", "customers"])
    both = pd.DataFrame({"from": then[then.isin(TIERS)], "to": now.reindex(then.index[then.isin(TIERS)]).fillna(GONE)})
    every = pd.MultiIndex.from_product([TIERS, [*TIERS, NO_TIER, GONE]], names=["from", "to"])
    return both.groupby(["from", "to"]).size().reindex(every, fill_value=0).rename("customers").reset_index()


def _flows(then: pd.Series, now: pd.Series, firms: Sequence[str]) -> pd.DataFrame:
    """Return how many customers went from each firm to each, from one date to another."""
    both = pd.DataFrame({"from": then, "to": now})
    both = both.fillna({"from": NEW, "to": GONE})
    counts = both.groupby(["from", "to"]).size()
    every = pd.MultiIndex.from_product([[*firms, NOWHERE, NEW, GONE], [*firms, NOWHERE, GONE]], names=["from", "to"])
    return counts.reindex(every, fill_value=0).rename("customers").reset_index()


def _made(looks: dict[str, list[_Look]], replications: Sequence[int], study: Experiment) -> Snapshot:
    world, arms = study.scenario, tuple(looks)
    first = {arm: own[0] for arm, own in looks.items()}
    accounts, forgone = (
        pd.concat(
            [_accounts(look.record, arm, look.replication, signs) for arm, own in looks.items() for look in own],
            ignore_index=True,
        )
        for signs in (SIGNS, FORGONE)
    )
    measures = [
        {"arm": arm, "replication": look.replication, **_measures(look.record)} for arm, own in looks.items()
        for look in own
    ]  # fmt: skip
    return Snapshot(
        firm=world.firms[0].name,
        arms=arms,
        replications=tuple(replications),
        years=(world.periods - world.burn_in) / world.periods_per_year,
        persons=pd.concat([look.persons.assign(arm=arm) for arm, look in first.items()], ignore_index=True),
        flows=pd.concat([look.flows.assign(arm=arm) for arm, look in first.items()], ignore_index=True),
        tiers=pd.concat([look.tiers.assign(arm=arm) for arm, look in first.items()], ignore_index=True),
        ties=first[arms[0]].ties,
        accounts=accounts,
        forgone=forgone,
        measures=pd.DataFrame(measures),
    )


SIGNS = {"revenue": 1.0, "goods": -1.0, "lever": -1.0, "fixed": -1.0}  # of an account in profit
FORGONE = {"forgone": -1.0}


def _accounts(record: Any, arm: str, replication: int, signs: Mapping[str, float]) -> pd.DataFrame:
    """Return what each item of the focal firm's books comes to, cu per customer and year.

    signs : by account, of those that are wanted
    """
    totals = record.tallies.totals(record.burn_in)
    people = totals["population"][0]
    year = record.periods_per_year
    rows = [
        (arm, replication, account, name, signs[account] * totals[name][..., 0].sum() * year / people)
        for name, account in totals.accounts.items()
        if account in signs and people
    ]
    return pd.DataFrame(rows, columns=["arm", "replication", "account", "item", "amount"])


def _measures(record: Any) -> dict[str, float]:
    """Return the shipped KPIs of the focal firm, and the return on its programme that its books suggest."""
    kpis = (*KPIS, naive_programme_roi)
    return dict(zip([kpi.name for kpi in kpis], record.summary(kpis)[0], strict=True))
