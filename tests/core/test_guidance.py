"""What help() and completion show of specs: nothing that nobody can read, and all that a parameter is."""

import inspect
import pydoc

import pytest

import abm
from abm.core.guidance import NAMES_OF_PYDANTIC
from abm.core.spec import Spec, param

LONGEST = 100  # characters of a default that can be read
LONG = tuple(range(1000))


class Shop(Spec):
    """A shop.

    Nobody has been there.
    """

    price: float = param(1.5, unit="cu", bounds=(0, 9), evidence="assumed", doc="of everything")
    kind: str = "small"
    many: tuple[int, ...] = LONG
    number: int = param(unit="shops", evidence="assumed")


class Market(Shop):
    shop: Shop = Shop(number=2)


def test_a_signature_has_short_defaults_and_types_by_name():
    assert str(inspect.signature(Shop)) == (
        "(*, price: float = 1.5, kind: str = 'small', many: tuple[int, ...] = …, number: int) -> None"
    )
    assert "shop: Shop = Shop(number=2)" in str(inspect.signature(Market))


@pytest.mark.parametrize("name", [name for name in abm.__all__ if callable(getattr(abm, name))])
def test_every_signature_can_be_read(name):
    try:
        signature = inspect.signature(getattr(abm, name))
    except ValueError:  # an exception has none
        return
    for one in signature.parameters.values():
        assert len(repr(one.default)) <= LONGEST, one.name
        assert "abm." not in str(one.annotation), one.name


def test_a_signature_still_binds():
    assert inspect.signature(abm.Firm).bind("north", price=1.1).arguments == {"name": "north", "price": 1.1}


def test_the_docstring_says_what_each_parameter_is():
    assert Shop.__doc__ == (
        "A shop.\n\nNobody has been there.\n\nParameters:\n\n"
        "price : number = 1.5\n    of everything; cu; [0, 9]; assumed\n"
        "kind : text = 'small'\n"
        "many : list of whole number = …\n"
        "number : whole number, required\n    shops; assumed"
    )
    assert inspect.getdoc(Shop(number=1)) == Shop.__doc__
    assert Market.__doc__.startswith("A shop.\n\nNobody has been there.\n\nParameters:\n\nprice")
    assert Market.__doc__.endswith("shop : Shop = Shop(number=2)")


@pytest.mark.parametrize("kind", [abm.ServicePolicy, abm.Firm, abm.Scenario, abm.Population, abm.Network])
def test_help_names_every_parameter_once(kind):
    words = pydoc.plain(pydoc.render_doc(kind))
    for name in kind.model_fields:
        assert kind.__doc__.partition("Parameters:\n")[2].count(f"\n{name} : ") == 1
    assert "Parameters:" in words
    assert kind.__doc__.partition("\n\n")[0] == kind.__doc__.splitlines()[0]


def test_the_source_of_a_number_is_named():
    sourced = next(p for p in abm.Scenario.parameters() if p.source and p.path.startswith("trust."))
    words = type(abm.Scenario().trust).__doc__
    assert f"{sourced.evidence} ({sourced.source})" in words


def test_names_of_pydantic_are_not_offered():
    shop = Shop(number=1)
    names = {name for name in dir(shop) if not name.startswith("_")}
    assert names == {
        "price", "kind", "many", "number", "parameters", "parse", "presets", "presets_of", "replace", "to_dict",
        "unfolded", "value_at",
    }  # fmt: skip
    assert shop.model_dump()["price"] == 1.5  # they are there all the same


def test_a_parameter_that_is_called_as_something_of_pydantic_is_offered():
    class Odd(Spec):
        construct_: int = 1
        dict_: int = 2

    assert {"construct_", "dict_"} <= set(dir(Odd()))


def test_a_class_lists_no_names_of_pydantic_either():
    for spec in (abm.Firm, abm.Scenario, abm.Mechanism):
        names = {name for name in dir(spec) if not name.startswith("_")}
        assert not names & NAMES_OF_PYDANTIC
        assert {"parameters", "replace"} <= names


def test_types_beside_a_spec_are_found_as_ever():
    class Inner(abm.ServicePolicy):
        pass

    class Outer(Spec):
        inner: "Inner" = Inner()

    assert isinstance(Outer().inner, Inner)
