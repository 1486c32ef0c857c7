"""TOML files in and out: read with plain refusals, written in one canonical form."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from abm.core.errors import CONTINUES, Refusal, cut, did_you_mean, shown

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_NEXT_STEP = {
    "Invalid value": "; text needs quotes, and truth is written true or false",
    "Invalid statement": "; write key = value or [table]",
    "Expected '=' after a key in a key/value pair": "; write key = value",
}
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def read_toml(path: Path | str) -> dict[str, Any]:
    """Return the table in a TOML file.

    Raises Refusal, beginning with the file's name, for a file that is missing, a folder, unreadable, empty or
    not UTF-8, for a mistake in the syntax and for a key given twice, with line and column.
    """
    path = Path(path)
    text = _text(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refusal(_syntax(str(error), text), source=path.name) from None
    except RecursionError:
        raise Refusal("lists or tables are nested too deeply", source=path.name) from None
    except ValueError:
        # Python reads no whole number of more than 4300 digits.
        raise Refusal("holds a whole number with thousands of digits", source=path.name) from None
    if not table:
        raise Refusal("is empty; write at least one key = value", source=path.name)
    return table


def write_toml(data: Mapping[str, Any]) -> str:
    """Return `data` as TOML text that `tomllib` reads back equal; keys stay in the order given.

    Holds text, whole numbers, numbers (exact to the last bit), true and false, lists and tables.
    Raises Refusal for anything else, with its path; None too, as TOML has no word for it.
    """
    lines = _table(_checked_table(data, ""), "", "")
    return "\n".join(lines).lstrip("\n") + ("\n" if lines else "")


def check_ordinary(path: Path) -> None:
    """Refuse what is there and no file: a folder, and a pipe or a device, which may never come to an end."""
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError):  # whoever reads it says that it is not there
        return
    if not stat.S_ISREG(kind):
        what = "a folder" if stat.S_ISDIR(kind) else "a pipe or a device"
        raise Refusal(f"is {what}; give the path of a file", source=path.name or str(path))


def _text(path: Path) -> str:
    name = path.name or str(path)
    check_ordinary(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Refusal(f"there is no such file in {path.parent}{_neighbour(path)}", source=name) from None
    except OSError as error:
        raise Refusal(f"cannot be read: {error.strerror}", source=name) from None
    try:
        text = content.decode("utf-8-sig")  # some editors put a byte-order mark first
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"byte {error.start + 1} (0x{content[error.start]:02x}, line {line})"
        raise Refusal(f"is not UTF-8 text at {what}; save it as UTF-8", source=name) from None
    return text.rstrip("\r\n") + "\n"  # a last line that ends lets tomllib say where a mistake in it is


def _neighbour(path: Path) -> str:
    try:
        stems = [file.stem for file in path.parent.glob("*.toml") if file.is_file()]
        return did_you_mean(path.stem, stems, ".toml")
    except OSError:
        return ""


def _syntax(message: str, text: str) -> str:
    """Return tomllib's message in plain words, with line and column first."""
    found = _POSITION.search(message)
    lines = text.replace("\r\n", "\n").split("\n")[:-1]
    line, column = (int(found[1]), int(found[2])) if found and found[1] else (len(lines), len(lines[-1]) + 1)
    here = lines[line - 1].strip()
    message = message[: found.start()] if found else message
    names = ".".join(re.findall(r"['\"]([^'\"]*)['\"]", message))
    if message.startswith("Cannot declare"):
        said = f"the table [{names}] is given twice"
    elif message.startswith("Duplicate inline table key"):
        said = f"the key {names} is given twice"
    elif message.startswith("Cannot mutate immutable namespace"):
        said = f"{names} is already complete and cannot be added to"
    elif message == "Cannot overwrite a value":
        said = f"the same key is given twice: {cut(here)}"
    else:
        said = f"{message[0].lower()}{message[1:]} in: {cut(here)}{_NEXT_STEP.get(message, '')}"
    return f"line {line}, column {column}: {said}"


def _table(table: Mapping[str, Any], path: str, header: str) -> list[str]:
    """Return the lines of a table: its own values first, as TOML demands, then the tables inside it."""
    nested = {key: value for key, value in table.items() if _BARE_KEY.fullmatch(key) and _is_nested(value)}
    own = {key: value for key, value in table.items() if key not in nested}
    lines = [f"{_key(key)} = {_value(value, _below(path, key))}" for key, value in own.items()]
    if header and (lines or not nested or header.startswith("[[")):
        lines = ["", header, *lines]
    for key, value in nested.items():
        inner = _below(path, key)
        if isinstance(value, Mapping):
            lines += _table(_checked_table(value, inner), inner, f"[{inner}]")
        else:
            for item in value:
                lines += _table(_checked_table(item, inner), inner, f"[[{inner}]]")
    return lines


def _is_nested(value: Any) -> bool:
    """Return whether the value gets a header of its own: a table, or a list of nothing but tables."""
    if isinstance(value, list | tuple):
        return len(value) > 0 and all(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping)


def _value(value: Any, path: str) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _string(value, path)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item, path) for item in value)}]"
    if isinstance(value, Mapping):
        items = _checked_table(value, path).items()
        pairs = ", ".join(f"{_key(key)} = {_value(item, _below(path, key))}" for key, item in items)
        return f"{{ {pairs} }}" if pairs else "{}"
    raise Refusal(f"{CONTINUES}{shown(value)} cannot be written in a TOML file", place=path)


def _checked_table(table: Mapping[Any, Any], path: str) -> Mapping[str, Any]:
    for key in table:
        if not isinstance(key, str):
            raise Refusal(f"the key {shown(key)} is not text", place=path)
    return table


def _below(path: str, key: str) -> str:
    return f"{path}.{_key(key)}" if path else _key(key)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key, "")


def _string(text: str, path: str) -> str:
    written = "".join(_character(character) for character in text)
    if not written.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
        raise Refusal("holds half a character (a lone surrogate), which no file can", place=path)
    return f'"{written}"'


def _character(character: str) -> str:
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\u{code:04x}" if code < 0x20 or code == 0x7F else character)
