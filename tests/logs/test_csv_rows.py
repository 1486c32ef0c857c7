"""Rows of CSV files: what people write is read, and what cannot be is refused with its line."""

from __future__ import annotations

import pytest

from abm.core.errors import Refusal
from abm.logs.csv_rows import read_rows


@pytest.fixture
def rows(tmp_path):
    """Read rows of a file with this content."""

    def read(content):
        path = tmp_path / "list.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_rows(path, "the list", ("name", "size")))

    return read


def test_header_and_rows_have_their_lines(rows):
    text = '\n name , size\n\n"Li, Ann",  "1"\n , \n"two\nlines",2'
    assert rows(text) == [(2, ["name", "size"]), (4, ["Li, Ann", "1"]), (7, ["two\nlines", "2"])]


def test_what_a_spreadsheet_saves(rows):
    assert rows(b"\xef\xbb\xbfname,size\r\nM\xc3\xbcller,1\r\n") == [(1, ["name", "size"]), (2, ["Müller", "1"])]


@pytest.mark.parametrize(
    "text", ["name;size\nLi, Ann; 1\n", "name\tsize\nLi, Ann\t1\n", '"name"| "size"\n"Li, Ann"|1\n']
)
def test_the_header_tells_what_separates_the_columns(rows, text):
    assert rows(text) == [(1, ["name", "size"]), (2, ["Li, Ann", "1"])]


def test_columns_may_stand_below_each_other(rows):
    assert rows("\n  name   size\n  a      1\n  b     12\n") == [
        (2, ["name", "size"]),
        (3, ["a", "1"]),
        (4, ["b", "12"]),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty; it needs a header with name, size"),
        (" \n,\n", "is empty; it needs a header with name, size"),
        ("\nname size\na 1\n\na b 2\n", "line 5: 3 columns where the header has 2"),
        ("name;size\na;1;2\n", "line 2: 3 columns where the header has 2"),
        ("\n" * 200_000, "line 100001: more than 100,000 blank lines"),
        ("name,size\n" + "\n" * 200_000, "line 100002: more than 100,000 blank lines"),
        ("name,size\n\na\n", "line 3: 1 column where the header has 2"),
        ("name,size\na,1,2\n", "line 2: 3 columns where the header has 2"),
        (b"name,size\nM\xfcller,1\n", "line 2: not UTF-8 text; save the file as UTF-8"),
        ("name,size\n".encode("utf-16"), "line 1: not UTF-8 text; save the file as UTF-8"),
        ("name,size\na\0,1\n", "line 2: not text (a zero byte); save the file as UTF-8 text"),
        ('name,size\n"a,1\n', "line 2: not CSV: unexpected end of data"),
        ('name,size\na,"5"0\n', "line 2: not CSV: ',' expected after '\"'"),
    ],
)
def test_refusals(rows, content, said):
    with pytest.raises(Refusal) as refusal:
        rows(content)
    assert str(refusal.value) == f"the list: {said}"


def test_a_file_of_another_name_may_be_meant(tmp_path):
    (tmp_path / "targets.csv").touch()
    (tmp_path / "targets.txt").touch()
    with pytest.raises(Refusal, match=r"tragets\.csv: there is no such file; did you mean 'targets\.csv'\?$"):
        next(read_rows(tmp_path / "tragets.csv", "the list", ()))


def test_a_file_that_cannot_be_read_is_named_by_its_path(tmp_path):
    for path, said in ((tmp_path / "none.csv", "there is no such file"), (tmp_path, "cannot be read: Is a directory")):
        with pytest.raises(Refusal) as refusal:
            next(read_rows(path, "the list", ()))
        assert str(refusal.value) == f"{path}: {said}"
