"""The report shows a population beside the log it was fitted to."""

from __future__ import annotations

from abm.scenario.scenario import Scenario
from abm.view import against_log

FITTED = {"population.log": "cdnow", "population.log_until": "1997-09-30"}


def test_observed_against_simulated():
    (section,) = against_log.section(Scenario().replace(FITTED), None)
    assert "<td>7 and more</td>" in section
    assert "1,411" in section  # customers of the log who did not come back
    assert "not fitted" in section
    assert section.count("<svg") == 1
    assert "fitted until here" in section.split("<svg")[1]


def test_a_log_that_was_fitted_to_its_end_has_no_weeks_after_it(recwarn):
    (section,) = against_log.section(Scenario().replace({"population.log": "cdnow"}), None)
    assert "until then." in section
    assert "not fitted" not in section
    assert not [one for one in recwarn if issubclass(one.category, RuntimeWarning)]


def test_a_population_without_a_log_has_no_such_section():
    assert not list(against_log.section(Scenario(), None))


def test_a_log_that_is_gone_leaves_the_section_out(tmp_path):
    assert not list(against_log.section(Scenario().replace({"population.log": "gone.csv"}), tmp_path))
