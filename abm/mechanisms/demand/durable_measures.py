"""Measures of durables: the installed base, who returns for service, visits missed, repurchase, problems.

Part of `durable`, where claim and sources are.  Source: definitions.
"""

from __future__ import annotations

from abm.kpis.kpi import FloatArray, Tallied, kpi

_NONE_IN_USE = "no unit of the firm is in use"


@kpi(unit="share", better="more")
def installed_base(c: Tallied) -> FloatArray:
    """Units of the firm in use at the ends of periods / customers of the market."""
    return c.installed_units / c.population


@kpi(unit="share", better="more", nan="no service of the firm's units was done or skipped")
def service_retention(c: Tallied) -> FloatArray:
    """Due services of the firm's units that it has done / those that anybody has done, or that were skipped.

    It counts services that fell due, of the owners of units alone; retention_rate counts all customers by the year.
    """
    return c.due_own / (c.due_own + c.due_elsewhere + c.due_skipped)


@kpi(unit="share", better="less", nan="no service of the firm's units was done or skipped")
def skipped_service_share(c: Tallied) -> FloatArray:
    """Due services of the firm's units that were skipped / those that anybody has done, or that were skipped."""
    return c.due_skipped / (c.due_own + c.due_elsewhere + c.due_skipped)


@kpi(unit="share", better="more", nan="no owner of a unit of the firm was due within a year")
def return_rate_12_months(c: Tallied) -> FloatArray:
    """Owners due within a year who have had a service at the firm within it / owners due within it, as periods end."""
    return c.returned_in_year / c.due_in_year


@kpi(unit="share", better="more", nan=_NONE_IN_USE)
def every_time_share(c: Tallied) -> FloatArray:
    """Owners who have missed no due service at the firm since their last one there / owners of its units."""
    return c.owners_every_time / c.installed_units


@kpi(unit="share", nan=_NONE_IN_USE)
def missed_one_share(c: Tallied) -> FloatArray:
    """Owners who have missed one due service at the firm since their last one there / owners of its units."""
    return c.owners_skipped_one / c.installed_units


@kpi(unit="share", nan=_NONE_IN_USE)
def missed_two_share(c: Tallied) -> FloatArray:
    """Owners who have missed two due services at the firm since their last one there / owners of its units."""
    return c.owners_skipped_two / c.installed_units


@kpi(unit="share", nan=_NONE_IN_USE)
def missed_few_share(c: Tallied) -> FloatArray:
    """Owners who have missed three or four due services at the firm since their last one there / owners."""
    return c.owners_skipped_few / c.installed_units


@kpi(unit="share", better="less", nan=_NONE_IN_USE)
def missed_many_share(c: Tallied) -> FloatArray:
    """Owners who have missed more than four due services at the firm since their last one there / owners."""
    return c.owners_skipped_many / c.installed_units


@kpi(unit="share", better="more", nan="no unit of the firm was replaced")
def repurchase_rate(c: Tallied) -> FloatArray:
    """Units of the firm that were replaced by another one of it / units of it that were replaced."""
    return c.same_make / c.replaced_units


@kpi(unit="1/year", nan=_NONE_IN_USE)
def replacement_rate(c: Tallied) -> FloatArray:
    """Units of the firm that were replaced / units in use at the ends of periods, per year."""
    return c.replaced_units / c.installed_units * c.year


@kpi(unit="1/year", better="less", nan=_NONE_IN_USE)
def unit_problem_rate(c: Tallied) -> FloatArray:
    """Problems of the firm's units / units in use at the ends of periods, per year."""
    return c.unit_problems_met / c.installed_units * c.year
