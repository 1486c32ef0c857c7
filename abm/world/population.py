"""Who the customers are: purchase rates, baskets, price weights, drawn or fitted to a purchase log.

Claim: occasions are Poisson with Gamma heterogeneity (the NBD model), or Bernoulli with Beta heterogeneity; mean
baskets are lognormal, or inverse-gamma as in the Gamma-Gamma model of spend; chances of dropping out are Beta. Each
person's traits depend on her id and the replication only.
Source: EHRENBERG_1959; FADER_HARDIE_SHANG_2010 for chances; FADER_HARDIE_LEE_2005 for rates and FADER_HARDIE_2013 for
baskets fitted to a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import model_validator
from scipy import special

from abm.core.citations import cite
from abm.core.errors import CONTINUES, Refusal, shown
from abm.core.sources import EHRENBERG_1959, FADER_HARDIE_SHANG_2010
from abm.core.spec import Spec, param
from abm.core.streams import stream_key
from abm.logs import log_dates
from abm.world.columns import HIGHEST_RATE, Column
from abm.world.correlation import PAIRS, Correlation
from abm.world.fitted import DAYS_PER_WEEK, DAYS_PER_YEAR, LogColumns, LogFile, locate
from abm.world.segments import FITTED, Segment, belonging, check, shares
from abm.world.traits import STRETCH, beta_chances, drawn_traits
from abm.world.world import World

FEW = 1 << 14  # customers whose traits are kept for the next market that has the same ones

COLUMNS = (
    Column("customer_id", ("customer",), 0, "id", "birth identity: never a row number, never reused", "uint32"),
    Column("purchase_rate", ("customer",), 0.25, "1/period", "category occasions per period"),
    Column("basket", ("customer",), 1.0, "cu", "spend on an occasion at price index 1"),
    Column("price_weight", ("customer",), 1.0, "ratio", "weight of price in utility, relative to the mean customer"),
)
DROP_OUT = Column("drop_out", ("customer",), 0, "0-1", "chance of dropping out, at an occasion or in a period")
_OF_A_LOG = ("log_until", "log_columns", "log_dates")
EVERYBODY = Segment(name="everybody", share=1.0)  # who says nothing of her own: customers without segments


class Population(Spec):
    """How many customers there are, and how they differ."""

    customers: int = param(1000, unit="customers", bounds=(1, 1e15), evidence="assumed", doc="number of customers")
    log: str | None = param(
        None, unit="name or path", evidence="assumed", doc="purchase log whose rates and baskets the customers take"
    )
    log_until: str | None = param(
        None, unit="date", evidence="assumed", doc="last day of the log that is used, such as 1997-09-30"
    )
    log_columns: LogColumns = LogColumns()
    log_dates: str | None = param(
        None, unit="name or pattern", evidence="assumed",
        doc='how the log writes dates: day_first, month_first or a pattern such as "%d %b %Y"; left out: 1997-09-30',
    )  # fmt: skip
    purchase_rate: float = param(
        0.25, unit="1/period", bounds=(0, HIGHEST_RATE), evidence="assumed", doc="mean category occasions"
    )
    rate_shape: float = param(
        1.0, unit="shape", bounds=(0.01, 1e6), evidence="assumed", source=cite(EHRENBERG_1959, "NBD"),
        doc="Gamma shape of rates over customers, first Beta shape of chances; large = alike",
    )  # fmt: skip
    drop_out: float = param(
        0.0, unit="0-1", bounds=(0, 1), evidence="assumed", doc="mean chance of dropping out, see `drop_out`"
    )
    drop_out_shape: float = param(
        1.0, unit="shape", bounds=(0.01, 1e6), evidence="assumed", source=cite(FADER_HARDIE_SHANG_2010, "BG/BB"),
        doc="first Beta shape of chances of dropping out over customers; large = alike",
    )  # fmt: skip
    basket: float = param(30.0, unit="cu", bounds=(0.01, 1e5), evidence="assumed", doc="mean basket")
    basket_spread: float = param(
        1.0, unit="sd of log", bounds=(0, 3), evidence="assumed", doc="lognormal spread of baskets over customers"
    )
    price_weight_spread: float = param(
        0.0, unit="sd of log", bounds=(0, 3), evidence="assumed", doc="lognormal spread of price weights (mean 1)"
    )
    correlation: Correlation = Correlation()

    segments: tuple[Segment, ...] = ()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        check(self.segments, self.from_log)
        self._check_log()
        self._check_day()
        self._check_correlation()
        return self

    def _check_day(self) -> None:
        """Refuse a last day that is none, or that has a time or a time zone: a log counts days."""
        try:
            date.fromisoformat(self.log_until or "1997-09-30")
        except ValueError:
            raise Refusal(f"= {shown(self.log_until)} is not a day such as 1997-09-30", place="log_until") from None

    def _check_log(self) -> None:
        """Refuse what a log tells, where there is one, and what says how to read it, where there is none."""
        why = "is not used: the log tells it; leave out one of the two"
        if self.log is None:
            why = "needs a purchase log; set log or leave it out"
        for name in _OF_A_LOG if self.log is None else self.from_log:
            value = getattr(self, name)
            if value != type(self).model_fields[name].default:
                said = shown(value.said if isinstance(value, LogColumns) else value)
                raise Refusal(f"{CONTINUES}{said} {why}", place=name)
        if self.log_dates is not None:
            try:
                log_dates.check(self.log_dates)
            except Refusal as refusal:
                raise Refusal(refusal.message, place="log_dates") from None

    @property
    def from_log(self) -> tuple[str, ...]:
        """Parameters whose place a purchase log takes: those of rates and, unless it has no amounts, of baskets."""
        if self.log is None:
            return ()
        return FITTED if self.log_columns.amount != "" else tuple(n for n in FITTED if not n.startswith("basket"))

    def log_file(self, folder: Path | None) -> LogFile:
        """Return the purchase log and how to read it.  Raises Refusal for one that is not there, or outside."""
        columns = tuple(self.log_columns.said.items())
        return LogFile(locate(str(self.log), folder), self.log_until, columns, self.log_dates)

    def _check_correlation(self) -> None:
        """Refuse a correlation with a trait that all customers have alike: nothing would come of it."""
        for pair, value in self.correlation.said.items():
            for trait in self.alike.intersection(PAIRS[pair]):
                why = f"makes no difference while {trait}_spread = 0; give that a value"
                raise Refusal(f"{CONTINUES}{shown(value)} {why}", place=f"correlation.{pair}")

    @property
    def alike(self) -> frozenset[str]:
        """Traits that all customers have alike."""
        drawn = ("price_weight",) if "basket" in self.from_log else ("price_weight", "basket")
        return frozenset(trait for trait in drawn if not any(self._own(k, f"{trait}_spread") for k in self._kinds))

    @property
    def mean_rate(self) -> float:
        """Mean purchase rate of all customers where there is no log, 1/period."""
        if not self.segments:
            return self.purchase_rate
        rates = [self._own(kind, "purchase_rate") for kind in self.segments]
        return float(np.dot(shares(self.segments), rates))

    def check_chances(self) -> None:
        """Refuse purchase rates that are no chances of an occasion in a period."""
        if self.log is not None:
            step = 'a purchase log tells rates of Poisson occasions; take need.process = "poisson", or leave it out'
            raise Refusal(f"{CONTINUES}{shown(self.log)}: {step}", place="population.log")
        for kind in self._kinds:
            if (rate := self._own(kind, "purchase_rate")) > 1.0:
                own = f"segments.{kind.name}." if kind.purchase_rate is not None else ""
                why = 'is no chance, 0 to 1, of an occasion in a period (need.process = "bernoulli")'
                raise Refusal(f"{CONTINUES}{rate:g} {why}", place=f"population.{own}purchase_rate")

    def begin(self, world: World, seed: int, fitted: Mapping[str, float] | None, chances: bool = False) -> None:
        """Write the traits of every customer: columns of this module.

        fitted  : what was fitted to the log, None without one
        chances : purchase rates are chances of an occasion in a period, Beta over customers, and not Gamma
        """
        c = world.customers
        c.customer_id[:] = np.arange(world.n, dtype=np.uint32) if world.identity is None else world.identity
        told = None if fitted is None else tuple(fitted.items())
        drawn = _of_few if world.n == self.customers <= FEW else _of_customers  # newcomers are others in each arm
        for first in range(0, world.n, STRETCH):
            rows = slice(first, first + STRETCH)
            identity = c.customer_id[rows].tobytes()
            traits = drawn(self, identity, seed, world.replication, told, chances, DROP_OUT.name in c)
            for name, values in traits.items():
                c[name][rows] = values

    def traits_of(
        self, identity: np.ndarray, key: np.uint64, replication: int, fitted: Mapping[str, float] | None,
        chances: bool, dropping: bool,
    ) -> dict[str, np.ndarray]:  # fmt: skip
        """Return the traits of customers: what their columns are called -> (n,), n at most `STRETCH`.

        identity : (n,) uint32      key : stream_key(seed, "population")      fitted, chances : as of `begin`
        dropping : whether they have a chance of dropping out
        """
        ((_, luck),) = drawn_traits(identity, key, replication)
        segment = belonging(self.segments, luck[3]) if self.segments else None
        self.correlation.apply(luck)
        traits, leaving = np.empty((3, identity.size)), np.empty(identity.size)
        if dropping:
            ((_, again),) = drawn_traits(identity, key, replication, draw=1)
        for place, kind in enumerate(self._kinds):
            own = slice(None) if segment is None else segment == place
            traits[:, own] = self._drawn(kind, luck[:, own], fitted)
            if chances:
                shape = self._own(kind, "rate_shape")
                traits[0, own] = beta_chances(self._own(kind, "purchase_rate"), shape, luck[0, own])
            if dropping:
                leaving[own] = self._drop_outs(kind, again[0, own], fitted)
        found = dict(zip(("purchase_rate", "basket", "price_weight"), traits, strict=True))
        return (
            found | ({} if segment is None else {"segment": segment}) | ({DROP_OUT.name: leaving} if dropping else {})
        )

    def fitted(self, folder: Path | None, periods_per_year: int) -> dict[str, float] | None:
        """Return what was fitted to the log, None without one; rates per period: a log's week is longer or shorter.

        Raises Refusal for an unusable log.
        """
        if self.log is None:
            return None
        found = self.log_file(folder).reading().fit.numbers()
        weeks = DAYS_PER_YEAR / DAYS_PER_WEEK / periods_per_year
        return found | {"alpha": found["alpha"] / weeks}

    def _drop_outs(self, kind: Segment, luck: np.ndarray, fitted: Mapping[str, float] | None) -> np.ndarray:
        """Return the chances (n,) of dropping out of the customers of a segment.  luck : (n,)"""
        if fitted is None:
            return beta_chances(self._own(kind, "drop_out"), self._own(kind, "drop_out_shape"), luck)
        if "a" in fitted:
            return special.betaincinv(fitted["a"], fitted["b"], luck)
        return np.full_like(luck, fitted["drop_out"])

    @property
    def traits(self) -> tuple[str, ...]:
        """Traits that its customers have besides those of any population."""
        dropping = self.log is not None or any(self._own(kind, "drop_out") > 0 for kind in self._kinds)
        return (DROP_OUT.name,) if dropping else ()

    def segment_of(self, identity: np.ndarray, seed: int, replication: int) -> np.ndarray:
        """Return the segment (n,) uint8 of customers, its place on the list.  identity : (n,) uint32"""
        found = np.empty(identity.size, np.uint8)
        for rows, luck in drawn_traits(identity, stream_key(seed, "population"), replication):
            found[rows] = belonging(self.segments, luck[3])
        return found

    @property
    def _kinds(self) -> tuple[Segment, ...]:
        return self.segments or (EVERYBODY,)

    def _own(self, kind: Segment, name: str) -> float:
        """Return what a segment says of a parameter, or else the population."""
        own = getattr(kind, name)
        return float(getattr(self, name) if own is None else own)

    def _drawn(self, kind: Segment, luck: np.ndarray, fitted: Mapping[str, float] | None) -> tuple[np.ndarray, ...]:
        """Return rates, baskets and price weights (n,) of the customers of a segment.

        luck : (3 or more, n)       fitted : what a log tells, rates per period
        """
        found = fitted or {}
        if fitted is None:
            shape = self._own(kind, "rate_shape")
            rate = shape / max(self._own(kind, "purchase_rate"), 1e-12)
        else:
            shape, rate = fitted["r"], fitted["alpha"]
        if "p" in found:
            basket = found["p"] * found["v"] / special.gammainccinv(found["q"], luck[1])
        else:
            spread = found.get("spread", self._own(kind, "basket_spread"))
            mean = found.get("mean", self._own(kind, "basket"))
            basket = mean * np.exp(spread * special.ndtri(luck[1]) - spread * spread / 2)
        quantile = -np.log1p(-luck[0]) if shape == 1.0 else special.gammaincinv(shape, luck[0])
        spread = self._own(kind, "price_weight_spread")
        weight = np.exp(spread * special.ndtri(luck[2]) - spread * spread / 2) if spread else np.ones_like(luck[2])
        return np.minimum(quantile / rate, HIGHEST_RATE), basket, kind.price_weight * weight


def heterogeneity(log: str, until: str | None, folder: Path | None) -> dict[str, float]:
    """Return heterogeneity of rates, drop-out and baskets fitted to a log by maximum likelihood, per week and cu.

    log    : a shipped log's name, or a path inside `folder`
    until  : last day used, ISO date; None = the whole log

    Rates are those of customers while they are alive. Which models were taken tell the names of what is returned, see
    `LogFit.numbers`, and `LogFile.reading` in words.
    Raises Refusal if the log cannot be read or its customers never come back.
    """
    return Population(log=log, log_until=until).log_file(folder).reading().fit.numbers()


def _of_customers(
    population: Population, identity: bytes, seed: int, replication: int, told: tuple[tuple[str, float], ...] | None,
    chances: bool, dropping: bool,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Return the traits of customers: what their columns are called -> (n,).  identity : (n,) uint32, as bytes"""
    ids, key = np.frombuffer(identity, np.uint32), stream_key(seed, "population")
    return population.traits_of(ids, key, replication, None if told is None else dict(told), chances, dropping)


# Arms of a study have the same customers, whose quantiles take longer than a short run
_of_few = lru_cache(maxsize=16)(_of_customers)
