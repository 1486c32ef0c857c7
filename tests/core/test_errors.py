"""Refusals and the words they are made of."""

import errno
import pickle
import re
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.commands import ending
from abm.core.errors import DEBUG, LONGEST_SHOWN, Refusal, below, counted, did_you_mean, joined, one_of, shortage, shown
from tests.examples import examples

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_refusal_is_a_value_error_whose_text_is_source_place_message():
    refusal = Refusal("= -1.0 is outside [0, 1000] (price index)", place="scenario.firms[0].price", source="study.toml")
    assert isinstance(refusal, ValueError)
    assert str(refusal) == "study.toml: scenario.firms[0].price = -1.0 is outside [0, 1000] (price index)"


@pytest.mark.parametrize(
    ("message", "place", "source", "text"),
    [
        ("is empty", "", "", "is empty"),
        ("is empty", "", "study.toml", "study.toml: is empty"),
        ("no Firm parameter 'pric'", "firms[0]", "", "firms[0]: no Firm parameter 'pric'"),
        ("no Firm parameter 'pric'", "firms[0]", "s.toml", "s.toml: firms[0]: no Firm parameter 'pric'"),
        ("= 5 is not text", "name", "", "name = 5 is not text"),
        ("= 5 is not text", "", "", "5 is not text"),
        ("= 5 is not text", "", "s.toml", "s.toml: 5 is not text"),
    ],
)
def test_refusal_joins_its_parts(message, place, source, text):
    assert str(Refusal(message, place=place, source=source)) == text


def test_refusal_keeps_its_parts():
    refusal = Refusal("is empty", place="a", source="b")
    assert (refusal.message, refusal.place, refusal.source) == ("is empty", "a", "b")


def test_refusal_crosses_a_process_border():
    refusal = pickle.loads(pickle.dumps(Refusal("= 1 is wrong", place="a.b", source="c.toml")))
    assert isinstance(refusal, Refusal)
    assert str(refusal) == "c.toml: a.b = 1 is wrong"
    assert (refusal.message, refusal.place, refusal.source) == ("= 1 is wrong", "a.b", "c.toml")


@settings(max_examples=examples(50))
@given(st.text(), st.text(), st.text())
def test_refusal_is_one_line_a_terminal_cannot_obey(message, place, source):
    text = str(Refusal(message, place=place, source=source))
    assert text.isprintable()
    assert len(text.splitlines()) <= 1


def test_refusal_writes_line_ends_and_colours_as_escapes():
    assert str(Refusal("a\nb\x1b[31m")) == r"a\nb\x1b[31m"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("contact_rte", "; did you mean 'contact_rate'?"),
        ("Contact-Rate", "; did you mean 'contact_rate'?"),
        ("CONTACTRATE", "; did you mean 'contact_rate'?"),
        ("memroy", "; did you mean 'memory'?"),
        ("xyzzy", ""),
        ("", ""),
    ],
)
def test_did_you_mean(word, hint):
    assert did_you_mean(word, ["contact_rate", "memory"]) == hint


def test_of_words_that_share_as_much_the_one_with_fewest_changes_is_meant():
    assert did_you_mean("prise", ["promise", "price", "program"]) == "; did you mean 'price'?"
    assert did_you_mean("prise", ["price", "promise"]) == "; did you mean 'price'?"
    assert did_you_mean("promis", ["price", "promise"]) == "; did you mean 'promise'?"


def test_did_you_mean_keeps_the_option_as_it_is_written():
    assert did_you_mean("north", ["North", "south"]) == "; did you mean 'North'?"


def test_did_you_mean_with_nothing_to_choose_from():
    assert did_you_mean("word", []) == ""


def test_did_you_mean_takes_any_iterable():
    assert did_you_mean("rat", (option for option in ("rate",))) == "; did you mean 'rate'?"


@pytest.mark.parametrize(
    ("options", "phrase"),
    [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c"), ({"x": 1, "y": 2}, "x or y")],
)
def test_one_of(options, phrase):
    assert one_of(options) == phrase


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (0.1, "0.1"),
        (-1.0, "-1.0"),
        (True, "true"),
        (False, "false"),
        (None, "None"),
        ("five", '"five"'),
        ('a "b"', r'"a \"b\""'),
        ("a\nb", r'"a\nb"'),
        ("é", '"é"'),
        ([1, 2.5], "[1, 2.5]"),
        ((1, "a"), '[1, "a"]'),
        ([], "[]"),
        ({"a": 1, "b": [True]}, "{ a = 1, b = [true] }"),
        ({}, "{}"),
        (float("nan"), "nan"),
    ],
)
def test_shown_as_a_study_file_would_write_it(value, text):
    assert shown(value) == text


@given(anything)
def test_shown_is_one_short_line(value):
    text = shown(value)
    assert 0 < len(text) <= LONGEST_SHOWN
    assert text.isprintable()


def test_shown_cuts_with_an_ellipsis_at_sixty_characters():
    assert shown("x" * 58) == '"' + "x" * 58 + '"'
    assert shown("x" * 59) == '"' + "x" * 58 + "…"
    assert len(shown(list(range(1000)))) == LONGEST_SHOWN


def test_shown_survives_a_number_python_will_not_print():
    assert shown(10**5000) == "a whole number of 16610 bits"
    assert shown([10**5000]) == "[a whole number of 16610 bits]"


@pytest.mark.parametrize(
    ("place", "step", "path"),
    [
        ("", "firms", "firms"),
        ("firms", 0, "firms[0]"),
        ("firms[0]", "price", "firms[0].price"),
        ("arms.points", "firms.north.price", 'arms.points."firms.north.price"'),
        ("", "two words", '"two words"'),
        ("a", "", 'a.""'),
    ],
)
def test_below(place, step, path):
    assert below(place, step) == path


@pytest.mark.parametrize(
    ("place", "inner", "path"),
    [("a", "b", "a.b"), ("a", "[0].b", "a[0].b"), ("", "b", "b"), ("a", "", "a"), ("", "", "")],
)
def test_joined(place, inner, path):
    assert joined(place, inner) == path


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float64(0.5), "0.5"),
        (np.int32(3), "3"),
        (np.bool_(True), "true"),
        ([np.float64(0.5), np.array(2.0)], "[0.5, 2.0]"),
        (date(1997, 9, 30), "1997-09-30"),
        (datetime(1997, 9, 30, 8), "1997-09-30 08:00:00"),
    ],
)
def test_values_are_shown_as_a_study_file_has_them(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "there is not enough memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "there is not enough memory"),
        (OSError(errno.EMFILE, "Too many open files"), "no more files can be opened"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "no more processes or threads"),
        (RuntimeError("can't start new thread"), "no more processes or threads"),
    ],
)
def test_what_a_machine_is_short_of_is_named(error, said):
    assert shortage(error).startswith(said)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("can't start new thread"),
        BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
        ImportError("libllvmlite.so: failed to map segment from shared object"),
        OSError("Could not find/load shared object file 'libllvmlite.so'"),
        SystemError("initialization of _socket raised unreported exception"),
    ],
)
def test_what_fails_at_the_limit_of_memory_is_short_of_memory(error, monkeypatch):
    assert not shortage(error).startswith("there is not enough memory")
    monkeypatch.setattr("abm.core.errors.at_memory_limit", lambda: True)
    assert shortage(error).startswith("there is not enough memory")


@pytest.mark.parametrize(
    "error", [ValueError("wrong"), OSError(errno.ENOSPC, "No space left on device"), KeyError("a")]
)
def test_other_errors_are_no_shortage(error):
    assert shortage(error) == ""


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (1, ("arm",), "1 arm"),
        (0, ("arm",), "0 arms"),
        (1200, ("run",), "1,200 runs"),
        (2, ("entry", "entries"), "2 entries"),
    ],
)
def test_one_thing_has_no_plural(number, words, said):
    assert counted(number, *words) == said


def in_ipython(code: str) -> str:
    """Return what a cell of IPython shows, colours aside."""
    shells = pytest.importorskip("IPython.core.interactiveshell")
    capture = pytest.importorskip("IPython.utils.capture")
    shell = shells.InteractiveShell()
    with capture.capture_output() as shown:
        shell.run_cell(code)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.stdout + shown.stderr)


def test_a_notebook_shows_the_line_alone_unless_tracebacks_are_asked_for(monkeypatch):
    monkeypatch.delenv(DEBUG, raising=False)
    code = "import abm\nabm.Scenario(periods=-1)"
    line = "Refusal: Scenario.periods = -1 is outside [0, 1e5] (periods)"
    assert in_ipython(code).strip() == line
    monkeypatch.setenv(DEBUG, "1")
    shown = in_ipython(code)
    assert "Traceback" in shown
    assert line in shown


def test_a_command_and_a_notebook_are_asked_for_tracebacks_in_the_same_way():
    assert DEBUG == ending.DEBUG


def test_a_refusal_has_words_for_a_call_and_keeps_its_own():
    refusal = Refusal("say log_dates", source="a.csv", called="say dates=")
    assert str(pickle.loads(pickle.dumps(refusal))) == "a.csv: say dates="
    assert refusal.message == "say log_dates"


def test_a_table_is_shown_by_its_size():
    assert shown(pd.DataFrame({"kpi": ["profit"] * 1200})) == "a DataFrame of 1,200 rows"
