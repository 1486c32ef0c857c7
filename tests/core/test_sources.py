"""The ledger of sources: complete, consistent, and honest about what was seen."""

import pickle
import re
from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from abm.core import sources, sources_of_methods
from abm.core.citations import Citation, Seen, Source, cite
from abm.core.sources import catalogue

READ = (
    "ANDERSON_SULLIVAN_1993", "ANDERSON_1998", "EAST_HAMMOND_WRIGHT_2007", "EAST_HAMMOND_LOMAX_2008",
    "GOLDENBERG_LIBAI_MULLER_2001", "NITZAN_LIBAI_2011", "SCHMITT_SKIERA_VAN_DEN_BULTE_2011",
    "DE_MATOS_ROSSI_2008", "PALMATIER_2006", "BURNHAM_FRELS_MAHAJAN_2003", "PICK_EISEND_2014",
    "KIVETZ_URMINSKY_ZHENG_2006", "NUNES_DREZE_2006", "DREZE_NUNES_2009",
    "WAGNER_HENNIG_THURAU_RUDOLPH_2009", "LEENHEER_2007", "LIU_2007", "FORNELL_1996",
    "HOGAN_LEMON_LIBAI_2003", "KEAVENEY_1995", "BOLTON_KANNAN_BRAMLETT_2000", "MEYER_WAARDEN_2007",
    "MITTAL_KAMAKURA_2001", "BOLTON_1998", "KEININGHAM_2007",
)  # fmt: skip
QUOTED = (
    "BASS_1969", "EHRENBERG_1988", "GOODHARDT_EHRENBERG_CHATFIELD_1984",
    "SCHMITTLEIN_MORRISON_COLOMBO_1987", "FADER_HARDIE_LEE_2005", "FADER_HARDIE_2007", "FADER_HARDIE_2013",
)  # fmt: skip
REMEMBERED = (
    "OLIVER_1980", "RUST_OLIVER_2000", "SLOVIC_1993", "MORGAN_HUNT_1994", "JACKSON_1985",
    "DWYER_1989", "TAYLOR_NESLIN_2005", "TVERSKY_KAHNEMAN_1992", "EHRENBERG_1959",
    "WATTS_STROGATZ_1998", "BARABASI_ALBERT_1999", "ERDOS_RENYI_1959", "SALMON_2011",
    "RUST_LEMON_ZEITHAML_2004", "MCFADDEN_1974", "REICHHELD_2003",
)  # fmt: skip


@pytest.mark.parametrize("key", READ)
def test_sources_that_were_read(key):
    assert catalogue()[key].seen in ("text", "abstract")


@pytest.mark.parametrize("key", QUOTED)
def test_sources_seen_through_another_page(key):
    assert catalogue()[key].seen == "secondary"


@pytest.mark.parametrize("key", REMEMBERED)
def test_sources_from_memory_say_so(key):
    assert catalogue()[key].seen == "memory"


def test_a_key_is_the_name_of_its_constant():
    both = vars(sources) | vars(sources_of_methods)
    named = {name: value for name, value in both.items() if isinstance(value, Source)}
    assert named == catalogue()
    assert list(named) == [source.key for source in catalogue().values()]


def test_every_record_is_well_formed():
    for source in catalogue().values():
        assert source.seen in get_args(Seen), source.key
        assert source.citation.isprintable(), source.key
        assert source.doi is None or re.fullmatch(r"10\.\d{4,}/\S+", source.doi), source.key


def test_authors_and_year_come_first_and_agree_with_the_key():
    for source in catalogue().values():
        if source is sources.PROTOTYPE:
            continue
        year = source.key[-4:]
        assert source.short.endswith(f" {year}"), source.key
        assert source.citation.startswith(f"{source.short},"), source.key
        letters = str.maketrans("áèéőÁ", "aeeoA")
        words = re.findall(r"[A-Z]+", source.short.translate(letters).upper())
        assert source.key.split("_")[0] in words, source.key


def test_no_two_records_of_one_publication():
    citations = [source.citation for source in catalogue().values()]
    dois = [source.doi for source in catalogue().values() if source.doi]
    assert len(set(citations)) == len(citations)
    assert len(set(dois)) == len(dois)


def test_citation_prints_authors_year_and_place():
    assert str(cite(sources.ANDERSON_SULLIVAN_1993, "abstract")) == "Anderson & Sullivan 1993, abstract"
    assert str(cite(sources.NUNES_DREZE_2006, "Study 1")) == "Nunes & Drèze 2006, Study 1"


@pytest.mark.parametrize(
    ("seen", "ending"),
    [("text", ""), ("abstract", ""), ("secondary", " (seen in a secondary source)"), ("memory", " (from memory)")],
)
def test_citation_never_prints_memory_as_reading(seen, ending):
    assert str(cite(Source("A_2001", "A 2001, Journal", seen), "eq. 3")) == f"A 2001, eq. 3{ending}"


def test_source_without_a_year_is_printed_whole():
    assert str(cite(sources.PROTOTYPE, "run")) == "the toolkit's own prototype calibration, run"


def test_pages_are_not_taken_for_a_year():
    assert Source("GLEESON_2007", "Gleeson 2007, Physical Review 75:1056", "memory").short == "Gleeson 2007"


def test_records_are_frozen_hashable_and_picklable():
    citation = cite(sources.OLIVER_1980, "eq. 3")
    with pytest.raises(FrozenInstanceError):
        sources.OLIVER_1980.seen = "text"
    assert pickle.loads(pickle.dumps(citation)) == citation == Citation(sources.OLIVER_1980, "eq. 3")
    assert len({citation, cite(sources.OLIVER_1980, "eq. 3"), cite(sources.OLIVER_1980, "eq. 4")}) == 2
