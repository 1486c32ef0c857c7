"""TOML in and out: what is written is read back; what cannot be read is refused in one line."""

import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.core.toml import read_toml, write_toml

numbers = st.integers() | st.floats(allow_nan=False)
values = st.recursive(
    st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=25,
)
tables = st.dictionaries(st.text() | st.sampled_from(["a", "b-1", "firms.north.price", ""]), values, max_size=6)


def typed(value):
    """Tell 1 from 1.0 and from true, and -0.0 from 0.0, which == does not."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    return [typed(item) for item in value] if isinstance(value, list) else (type(value), repr(value))


@pytest.fixture
def refused(tmp_path):
    """Return a function that writes a file, reads it and returns the refusal's text."""

    def read(content):
        path = tmp_path / "study.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(Refusal) as refusal:
            read_toml(path)
        assert str(refusal.value).startswith("study.toml: ")
        assert "\n" not in str(refusal.value)
        return str(refusal.value).removeprefix("study.toml: ")

    return read


@given(tables)
def test_what_is_written_is_read_back(data):
    assert typed(tomllib.loads(write_toml(data))) == typed(data)


@given(tables)
def test_writing_is_stable(data):
    text = write_toml(data)
    assert write_toml(tomllib.loads(text)) == text


@given(st.floats(allow_nan=False))
def test_numbers_are_exact_to_the_last_bit(number):
    assert typed(tomllib.loads(write_toml({"x": number}))["x"]) == typed(number)


def test_canonical_form_of_a_study():
    study = {
        "question": 'Which "programme" earns most?',
        "seed": 2026,
        "arms": {"none": {}, "points": {"firms.north.program": {"preset": "points", "earn_rate": 0.05}}},
        "scenario": {
            "firms": [{"name": "north", "service": {"quality": 0.75}}, {"name": "south"}, {}],
            "periods": 156,
            "extras": [],
        },
        "design": {"factors": {"word_of_mouth.contact_rate": [0.0, 0.5]}},
    }
    assert write_toml(study) == (
        'question = "Which \\"programme\\" earns most?"\n'
        "seed = 2026\n"
        "\n[arms.none]\n"
        "\n[arms.points]\n"
        '"firms.north.program" = { preset = "points", earn_rate = 0.05 }\n'
        "\n[scenario]\nperiods = 156\nextras = []\n"
        '\n[[scenario.firms]]\nname = "north"\n'
        "\n[scenario.firms.service]\nquality = 0.75\n"
        '\n[[scenario.firms]]\nname = "south"\n'
        "\n[[scenario.firms]]\n"
        '\n[design.factors]\n"word_of_mouth.contact_rate" = [0.0, 0.5]\n'
    )


def test_a_table_without_values_of_its_own_gets_no_header():
    assert write_toml({"a": {"b": {"x": 1}}}) == "[a.b]\nx = 1\n"
    assert write_toml({"a": {}}) == "[a]\n"
    assert write_toml({"a": [{"b": {"x": 1}}]}) == "[[a]]\n\n[a.b]\nx = 1\n"
    assert write_toml({"a": [{"b": [{}]}, {"b": []}]}) == "[[a]]\n\n[[a.b]]\n\n[[a]]\nb = []\n"
    assert write_toml({}) == ""


def test_lists_that_hold_more_than_tables_stay_on_one_line():
    assert write_toml({"x": [{"a": 1}, 2]}) == "x = [{ a = 1 }, 2]\n"
    assert write_toml({"x": [[{"a": {}}]]}) == "x = [[{ a = {} }]]\n"


def test_text_with_every_awkward_character():
    awkward = "".join(map(chr, range(0x20))) + '"\\\x7f\u2028é漢😀'
    assert tomllib.loads(write_toml({"x": awkward, awkward: 1})) == {"x": awkward, awkward: 1}


def test_tuples_and_numpy_numbers_are_written_as_lists_and_numbers():
    data = {"x": (1, 2), "i": np.int64(3), "f": np.float64(0.1), "b": np.bool_(True)}
    assert write_toml(data) == "x = [1, 2]\ni = 3\nf = 0.1\nb = true\n"


def test_infinity_can_be_written():
    assert tomllib.loads(write_toml({"x": [float("inf"), float("-inf")]})) == {"x": [float("inf"), float("-inf")]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"a": {"b": None}}, "a.b = None cannot be written in a TOML file"),
        ({"a": [1, None]}, "a = None cannot be written in a TOML file"),
        ({"a": {"x.y": {"b": {1}}}}, 'a."x.y".b = {1} cannot be written in a TOML file'),
        ({1: 2}, "the key 1 is not text"),
        ({"a": [{"b": {2: 3}}]}, "a.b: the key 2 is not text"),
        ({"a": "\ud800"}, "a: holds half a character (a lone surrogate), which no file can"),
    ],
)
def test_what_toml_cannot_hold_is_refused_with_its_path(data, message):
    with pytest.raises(Refusal) as refusal:
        write_toml(data)
    assert str(refusal.value) == message


def test_reads_a_table(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text('a = 1\n[b]\n"c.d" = [0.5, "é"]\n', encoding="utf-8")
    assert read_toml(path) == read_toml(str(path)) == {"a": 1, "b": {"c.d": [0.5, "é"]}}


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfa = 1", b"a = 1\r\n", b"a = 1\r\n\r\n", b"# text\na = 1"])
def test_reads_files_of_any_editor(tmp_path, content):
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    assert read_toml(path) == {"a": 1}


@pytest.mark.parametrize("content", ["", "\n\n", "# only a comment\n", b"\xef\xbb\xbf"])
def test_an_empty_file(refused, content):
    assert refused(content) == "is empty; write at least one key = value"


def test_a_missing_file_names_its_neighbour(tmp_path):
    (tmp_path / "study.toml").write_text("a = 1")
    with pytest.raises(Refusal) as refusal:
        read_toml(tmp_path / "stdy.toml")
    assert str(refusal.value) == f"stdy.toml: there is no such file in {tmp_path}; did you mean 'study.toml'?"


def test_a_missing_folder(tmp_path):
    with pytest.raises(Refusal, match=r"^study\.toml: there is no such file in .*nowhere$"):
        read_toml(tmp_path / "nowhere" / "study.toml")


def test_a_folder(tmp_path):
    with pytest.raises(Refusal) as refusal:
        read_toml(tmp_path)
    assert str(refusal.value) == f"{tmp_path.name}: is a folder; give the path of a file"
    with pytest.raises(Refusal, match=r"^\.: is a folder"):
        read_toml("")


def test_a_path_through_a_file(tmp_path):
    (tmp_path / "file").write_text("a = 1")
    with pytest.raises(Refusal, match=r"^study\.toml: cannot be read: Not a directory$"):
        read_toml(tmp_path / "file" / "study.toml")


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'name = "caf\xe9"\n', "byte 12 (0xe9, line 1)"),
        (b"a = 1\nb = '\xff'\n", "byte 12 (0xff, line 2)"),
        ("a = 1".encode("utf-16"), "byte 1 (0xff, line 1)"),
    ],
)
def test_a_file_that_is_not_utf8(refused, content, where):
    assert refused(content) == f"is not UTF-8 text at {where}; save it as UTF-8"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a = 1\nb = 2\na = 3\n", "line 3, column 6: the same key is given twice: a = 3"),
        ("a = 1\na = 2", "line 2, column 6: the same key is given twice: a = 2"),
        ("a = 1\r\na = 2\r\n", "line 2, column 6: the same key is given twice: a = 2"),
        ('"a.b" = 1\n"a.b" = 2\n', 'line 2, column 10: the same key is given twice: "a.b" = 2'),
        ("a = 1\n[a]\n", "line 2, column 3: the same key is given twice: [a]"),
        ("[x.y]\n[z]\n[x.y]\n", "line 3, column 5: the table [x.y] is given twice"),
        ("a = { b = 1, b = 2 }\n", "line 1, column 19: the key b is given twice"),
        ("a = { b = 1 }\na.c = 2\n", "line 2, column 8: a is already complete and cannot be added to"),
    ],
)
def test_a_key_given_twice(refused, content, message):
    assert refused(content) == message


@pytest.mark.parametrize(
    ("content", "beginning"),
    [
        ("a = ring\n", "line 1, column 5: invalid value in: a = ring; text needs quotes"),
        ("\n  a = True", "line 2, column 7: invalid value in: a = True; text needs quotes, and truth"),
        ("a 1", "line 1, column 3: expected '=' after a key"),
        ("[a\n", "line 1, column 3: expected ']'"),
        ('a = "x', "line 1, column 7: illegal character"),
        ("a = [1,\n2", "line 2, column 2: unclosed array in: 2"),
        ("é = 1", "line 1, column 1: invalid statement in: é = 1; write key = value or [table]"),
        ("x\x0by = 1", "line 1, column 2: "),
        ("a = " + "9" * 100 + "z", "line 1, column 105: expected newline"),
    ],
)
def test_a_mistake_in_the_syntax(refused, content, beginning):
    message = refused(content)
    assert message.startswith(beginning)
    assert len(message) < 200


def test_what_python_itself_will_not_read(refused):
    assert refused("a = " + "[" * 100_000) == "lists or tables are nested too deeply"
    assert refused("a = " + "9" * 5000) == "holds a whole number with thousands of digits"
