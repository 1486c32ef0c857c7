"""Refusals: the one kind of error a user sees, and the words it is made of."""

from __future__ import annotations

import difflib
import errno
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from itertools import islice
from typing import Any

from abm.core.machine import at_memory_limit

LONGEST_SHOWN = 60
_MOST_CLOSE = 3  # options that share most letters with a word, of which one is meant
_LEAST_ALIKE = 0.65  # share of letters that two words have in common, from which one may be meant by the other
CONTINUES = "= "
DEBUG = "PATRONAGE_DEBUG"  # set to 1 in the environment: tracebacks are shown, as the command line has it too
# Python refuses to print whole numbers of more than 4300 digits; nobody reads more than these.
MOST_BITS_SHOWN = 1024
NOT_A_PAIR = "is not PATH=VALUE, one word without blanks, such as population.customers=500 or seed=5"
_SPECIAL_IN_PATHS = re.compile(r'[\s."\[\]]')


class Refusal(ValueError):
    """Input that cannot be used, said in one plain line: what came, what is allowed, the next step.

    message : the sentence; one that begins with "= " continues the place ("price" + "= -1 is outside …").
    place   : where the value stands, as a path ("scenario.firms[0].price"); "" = nowhere in particular.
    source  : the file it came from ("study.toml"); "" = none.
    called  : the message in the words of a call of Python, if it names what a study file says; "" = as it is.

    The command line prints `str(refusal)` and exits with 2. IPython, and so a notebook, shows that line alone, unless
    PATRONAGE_DEBUG=1 is set; plain Python shows where it was raised, as of every error.
    """

    def __init__(self, message: str, *, place: str = "", source: str = "", called: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.source = source
        self.called = called

    def __str__(self) -> str:
        text = self.called or self.message
        if self.place:
            text = f"{self.place}{' ' if text.startswith(CONTINUES) else ': '}{text}"
        else:
            text = text.removeprefix(CONTINUES)
        if self.source:
            text = f"{self.source}: {text}"
        return one_line(text)

    @property
    def _render_traceback_(self) -> Callable[[], list[str]]:
        """What IPython asks an error for in place of a traceback; it finds none while tracebacks are to be shown."""
        if os.environ.get(DEBUG):
            raise AttributeError("_render_traceback_")
        return lambda: [f"{type(self).__name__}: {self}"]


def shortage(error: BaseException) -> str:
    """Return what this machine is short of, by an error that says so, and what helps; "" for any other error.

    A thread that does not start, or a library that is not loaded, near this process's limit of memory is short of that.
    """
    number = getattr(error, "errno", None)
    no_thread = number == errno.EAGAIN or "start new thread" in str(error)
    unloaded = isinstance(error, ImportError | SystemError) or (isinstance(error, OSError) and number is None)
    if isinstance(error, MemoryError) or number == errno.ENOMEM or ((no_thread or unloaded) and at_memory_limit()):
        return "there is not enough memory; take fewer customers, workers or threads, or a larger machine"
    if number in (errno.EMFILE, errno.ENFILE):
        return "no more files can be opened; take fewer workers, or raise the limit (ulimit -n)"
    if no_thread:
        return "no more processes or threads can be started; take fewer of them, or raise the limit (ulimit -u)"
    return ""


def did_you_mean(word: str, options: Iterable[str], ending: str = "") -> str:
    """Return "; did you mean 'contact_rate'?" for the option most like `word`, or "" when none is close.

    ending : that what is meant is shown with, and that is not compared: of files, ".toml"

    Capital letters and the difference between "-" and "_" do not count. Of options that share as much with the word,
    the one with the fewest letters changed is meant: 'prise' is price, not promise.
    """
    spelled, typed = {_plain(option): option for option in options}, _plain(word)
    close = difflib.get_close_matches(typed, list(spelled), n=_MOST_CLOSE, cutoff=_LEAST_ALIKE)
    return f"; did you mean '{spelled[min(close, key=lambda one: _changed(typed, one))]}{ending}'?" if close else ""


def _changed(word: str, other: str) -> int:
    """Return how many letters have to be put in, left out or replaced to make one word of another (Levenshtein)."""
    row = list(range(len(other) + 1))
    for done, letter in enumerate(word, start=1):
        above, row = row, [done]
        for at, one in enumerate(other):
            row.append(min(above[at] + (letter != one), above[at + 1] + 1, row[at] + 1))
    return row[-1]


def one_of(options: Iterable[str], word: str = "or") -> str:
    """Return the options as a phrase: "a", "a or b", "a, b or c"; "" when there are none.

    word : between the last two; "and" makes "a, b and c"
    """
    *first, last = list(options) or [""]
    return f"{', '.join(first)} {word} {last}" if first else last


def counted(number: int, word: str, words: str = "") -> str:
    """Return a number of things: "1 arm", "1,200 runs"; `words` is a plural that does not end in -s."""
    return f"{number:,} {word if number == 1 else words or word + 's'}"


def below(place: str, step: int | str) -> str:
    """Return the path of an item: "firms" and 0 make "firms[0]"; "firms[0]" and "price", "firms[0].price"."""
    if isinstance(step, int):
        return f"{place}[{step}]"
    key = step if step and not _SPECIAL_IN_PATHS.search(step) else f'"{step}"'
    return f"{place}.{key}" if place else key


def joined(place: str, inner: str) -> str:
    """Return the path `inner` seen from `place`: "scenario" and "firms[0]" make "scenario.firms[0]"."""
    return place + inner if not place or not inner or inner.startswith("[") else f"{place}.{inner}"


def shown(value: Any) -> str:
    """Return `value` on one line as a study file would write it, cut at 60 characters."""
    return cut(one_line(_written(value)))


def cut(text: str) -> str:
    """Return the text, or its first 60 characters with "…" as the last."""
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def one_line(text: str) -> str:
    """Return the text with line ends and whatever else a terminal would obey written as escapes."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _plain(word: str) -> str:
    return word[:LONGEST_SHOWN].lower().replace("-", "_")


def _written(value: Any) -> str:
    if getattr(value, "shape", None) == ():  # a number of numpy's, which calls itself np.float64(0.5)
        value = value.item()
    if isinstance(value, str):
        return json.dumps(value[:LONGEST_SHOWN], ensure_ascii=False)
    if isinstance(value, bool | date | time):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > MOST_BITS_SHOWN:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_written(item) for item in value[:LONGEST_SHOWN])}]"
    if isinstance(value, Mapping):
        pairs = [f"{key} = {_written(item)}" for key, item in islice(value.items(), LONGEST_SHOWN)]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    is_frame = hasattr(value, "columns") and hasattr(value, "shape") and not isinstance(value, type)
    return f"a {type(value).__name__} of {counted(len(value), 'row')}" if is_frame else repr(value)
