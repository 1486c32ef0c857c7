"""What is counted of improvement and measured by it: one row a review is its log.

Money is counted in the period of the review at which it is planned, a check in that of the review after.
"""

from __future__ import annotations

from abm.kpis.kpi import FloatArray, Tallied, kpi
from abm.world.attributes import ATTRIBUTES
from abm.world.columns import CENT, FIXED_POINT, Tally

IMPROVEMENT_COUNTS = (
    Tally("marks_products", "marks", "products of marks of two attributes, sum by pair", axes=("attribute_pair",)),
    Tally("marks_with_visit", "marks", "products of marks of an attribute and the visit", axes=("attribute",)),
    Tally("improvement_spend", "cu", "spent on projects of improvement", CENT / 100, account="lever"),
    Tally("improved_running", "cu", "cost of delivering raised levels", CENT, account="lever"),
    Tally("improvement_kept_up", "cu", "cost of keeping up what was improved", CENT / 100, account="lever"),
    Tally("spent_by_attribute", "cu", "spent on projects, by attribute", CENT / 100, axes=("attribute",)),
    Tally("well_aimed", "cu", "of these, on the attribute on which it does most", CENT / 100),
    Tally("checked_projects", "projects", "projects whose outcome was looked at"),
    Tally("kept_projects", "projects", "of these, that were kept"),
    Tally("planned_rises", "shift of 0-1", "planned rise, sum over projects looked at", 1 / FIXED_POINT),
    Tally("found_rises", "shift of 0-1", "rise of the score, sum over projects looked at", 1 / FIXED_POINT),
    Tally("improvement_sum", "shift of 0-1", "raise in force, sum over periods and attributes", 1 / FIXED_POINT),
    Tally("improvement_periods", "periods", "periods in this sum"),
    Tally("projects_open", "projects", "projects under way, sum over periods"),
)
_NO_PROJECT = "no project was begun"
_NO_CHECK = "no project was looked at"
_NONE = "no firm of the market improves"


def _part(c: Tallied, attribute: str) -> FloatArray:
    spent = c.spent_by_attribute
    return spent[..., [*ATTRIBUTES].index(attribute), :] / spent.sum(axis=-2)


@kpi(unit="share", nan=_NO_PROJECT)
def core_part_of_improvement(c: Tallied) -> FloatArray:
    """Spent on projects that improve the core / spent on all projects, when they begin."""
    return _part(c, "core")


@kpi(unit="share", nan=_NO_PROJECT)
def convenience_part_of_improvement(c: Tallied) -> FloatArray:
    """Spent on projects that improve convenience / spent on all projects, when they begin."""
    return _part(c, "convenience")


@kpi(unit="share", nan=_NO_PROJECT)
def people_part_of_improvement(c: Tallied) -> FloatArray:
    """Spent on projects that improve people / spent on all projects, when they begin."""
    return _part(c, "people")


@kpi(unit="share", nan=_NO_PROJECT)
def speed_part_of_improvement(c: Tallied) -> FloatArray:
    """Spent on projects that improve speed / spent on all projects, when they begin."""
    return _part(c, "speed")


@kpi(unit="share", nan=_NO_PROJECT)
def tangibles_part_of_improvement(c: Tallied) -> FloatArray:
    """Spent on projects that improve tangibles / spent on all projects, when they begin."""
    return _part(c, "tangibles")


@kpi(unit="share", better="more", nan=_NO_PROJECT)
def well_aimed_share(c: Tallied) -> FloatArray:
    """Spent on the attribute on which money does most for the firm's customers (their true mean weight x what it lacks
    to the best) / spent on all projects: what no firm knows."""
    return c.well_aimed / c.spent_by_attribute.sum(axis=-2)


@kpi(unit="points of 100", nan=_NO_CHECK)
def planned_rise_of_score(c: Tallied) -> FloatArray:
    """Rise of an attribute that was planned, mean over projects, at the check."""
    return 100.0 * c.planned_rises / c.checked_projects


@kpi(unit="points of 100", better="more", nan=_NO_CHECK)
def found_rise_of_score(c: Tallied) -> FloatArray:
    """Score of the attribute since the project began less score before, mean over projects, at the check."""
    return 100.0 * c.found_rises / c.checked_projects


@kpi(unit="share", nan=_NO_CHECK)
def kept_share_of_projects(c: Tallied) -> FloatArray:
    """Projects that were kept / projects that were looked at."""
    return c.kept_projects / c.checked_projects


@kpi(unit="points of 100", better="more", nan=_NONE)
def mean_improvement(c: Tallied) -> FloatArray:
    """By how much improvement raises an attribute, mean over periods and the five attributes."""
    return 100.0 * c.improvement_sum / (len(ATTRIBUTES) * c.improvement_periods)


@kpi(unit="projects", nan=_NONE)
def projects_under_way(c: Tallied) -> FloatArray:
    """Projects under way, mean over periods."""
    return c.projects_open / c.improvement_periods


IMPROVEMENT_KPIS = (
    core_part_of_improvement, convenience_part_of_improvement, people_part_of_improvement,
    speed_part_of_improvement, tangibles_part_of_improvement, well_aimed_share, planned_rise_of_score,
    found_rise_of_score, kept_share_of_projects, mean_improvement, projects_under_way,
)  # fmt: skip
