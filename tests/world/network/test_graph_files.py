"""Edge lists and GraphML: what is read, and what is refused at which line."""

import tracemalloc

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.world.network import edge_lists, graph_files
from abm.world.network.graph_files import read_graph
from tests.examples import examples

FORMAT = "a tie is 'from to' or 'from to weight'"
NO_WEIGHT = "is not a finite number of at least 0"
NAMESPACE = 'xmlns="http://graphml.graphdrawing.org/xmlns"'


def read(folder, content, customers=None, name="graph.txt"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_graph(path, customers)


def refused(folder, content, customers=None, name="graph.txt"):
    with pytest.raises(Refusal) as refusal:
        read(folder, content, customers, name)
    return str(refusal.value).removeprefix(f"{name}: ")


def as_lists(ties):
    weight = None if ties.weight is None else ties.weight.tolist()
    return ties.sender.tolist(), ties.receiver.tolist(), weight, ties.people, ties.labels


# ---- edge lists -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "0 1\n1 3\n3 3\n",
        "0\t1\n1\t3\n3\t3",
        "0,1\n1, 3\n3 ,3\n",
        "# friends\n\n0 1  # best\n1 3\n\n3 3\n",
        "source,target\n0,1\n1,3\n3,3\n",
        "From To\n0 1\n1 3\n3 3\n",
        '"source","target"\n0,1\n1,3\n3,3\n',
        "0 1\r\n1 3\r\n3 3\r\n",
        "0 1\r1 3\r3 3\r",
        "\ufeff0 1\n1 3\n3 3\n",
        "00 01\n01 03\n03 03\n",
        '"0","1"\n"1","3"\n"3","3"\n',
        "0;1\n1;3\n3;3\n",
        "0|1\n1|3\n3|3\n",
        "0 1 {}\n1 3 {}\n3 3 {}\n",
        "Target,Source,Type,Id,Label\n1,0,Undirected,0,\n3,1,Undirected,1,\n3,3,Undirected,2,x\n",
        ",source,target\n0,0,1\n1,1,3\n2,3,3\n",
        '"Source";"Target"\n"0";"1"\n"1";"3"\n"3";"3"\n',
    ],
)
def test_one_graph_in_many_spellings(tmp_path, text):
    assert as_lists(read(tmp_path, text)) == ([0, 1, 3], [1, 3, 3], None, 4, ())
    assert as_lists(read(tmp_path, text, 9)) == ([0, 1, 3], [1, 3, 3], None, 9, ())


def test_weights(tmp_path):
    expected = ([0, 2], [1, 0], [0.5, 1e3], 3, ())
    assert as_lists(read(tmp_path, "0 1 .5\n2 0 1e3\n")) == expected
    assert as_lists(read(tmp_path, "source,target,weight\n0,1,.5\n2,0,1e3\n")) == expected
    assert as_lists(read(tmp_path, "from to weight\n00 01 .5\n02 00 1e3\n")) == expected
    assert as_lists(read(tmp_path, "Source;Target;Weight\n0;1;0,5\n2;0;1000,0\n")) == expected
    assert as_lists(read(tmp_path, "weight,a,b\n.5,0,1\n1e3,2,0\n")) == expected
    assert as_lists(read(tmp_path, "0 1 {'weight': 0.5}\n2 0 {'since': 1999, 'weight': 1e3}\n")) == expected
    assert as_lists(read(tmp_path, "0,1,{'weight': 0.5, 'since': 1999}\n2,0,{'weight': 1e3}\n")) == expected
    gephi = "Source,Target,Type,Id,Label,Weight\n0,1,Undirected,0,,0.5\n2,0,Directed,1,,1000.0\n"
    assert as_lists(read(tmp_path, gephi)) == expected
    assert read(tmp_path, "0 1 {'weight': 0.5}\n2 0 {}\n").weight.tolist() == [0.5, 1.0]  # as in networkx


def test_quoted_cells_may_hold_what_separates_them(tmp_path):
    found = read(tmp_path, 'Ann Lee,Bob\nBob,"Cy, Jr"\n')
    assert found.labels == ("Ann Lee", "Bob", "Cy, Jr")
    assert read(tmp_path, '"Source","Target","Weight"\n"Ann","#1","1.0"\n').labels == ("Ann", "#1")


@pytest.mark.parametrize("text", ["u,v\nAnn,Bob\nBob,Cy\n", "# who\nid1 id2\n0 1\n", "u\tv\n0\t1\n1\t2\n"])
def test_a_first_line_of_words_that_occur_nowhere_else_is_a_header(tmp_path, text):
    found = read(tmp_path, text)
    assert found.people == len(set(found.sender.tolist() + found.receiver.tolist()))
    assert found.notes == (f"line {2 if text[0] == '#' else 1} is taken for a header",)


@pytest.mark.parametrize(
    "text", ["a b\nc d\n", "Ann Bob\nBob Cy\n", "a b {}\nc d {}\nd e {}\n", "a b 1\nc d 2\nd e 3\n"]
)
def test_ties_are_not_taken_for_a_header(tmp_path, text):
    found = read(tmp_path, text)
    assert (found.sender.size, found.notes) == (text.count("\n"), ())


@pytest.mark.parametrize("text", ["1 2\n2 4\n", "1,2\n2,04\n", "source,target,x\n1,2,a\n2,4,b\n"])
def test_files_that_count_from_1(tmp_path, text):
    found = read(tmp_path, text, 4)
    assert (found.sender.tolist(), found.receiver.tolist()) == ([0, 1], [1, 3])
    assert found.notes == ("customers are numbered from 1 in it",)
    assert read(tmp_path, text, 5).sender.tolist() == [1, 2]  # customer 4 is there, and nothing says otherwise


@pytest.mark.parametrize(
    ("name", "text", "format"),
    [
        ("g.gml", "graph [\n]", "GML"),
        ("g.net", "*Vertices 3", "Pajek"),
        ("g.gexf", "<gexf/>", "GEXF"),
        ("g.txt", "graph [ node [ id 0 ] ]", "GML"),
        ("g.txt", "*Vertices 3\n1 a\n", "Pajek"),
        ("g.xml", '<?xml version="1.0"?>\n<gexf xmlns="http://gexf.net/1.2"/>', "GEXF"),
    ],
)
def test_other_formats_are_called_by_name(tmp_path, name, text, format):
    assert (
        refused(tmp_path, text, name=name) == f"is {format}, which is not read; write GraphML: networkx.write_graphml"
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("#" * 3_000_000, "line 1: is longer than 1,048,576 characters"),
        ("0 " + "1" * 3_000_000, "line 1: is longer than 1,048,576 characters"),
        ("# nothing\n" * 300_000, "has more than 100,000 lines of comments before its first tie"),
    ],
)
def test_what_is_no_edge_list_costs_no_memory(tmp_path, text, complaint):
    (tmp_path / "graph.txt").write_text(text)
    tracemalloc.start()
    with pytest.raises(Refusal, match=complaint):
        read_graph(tmp_path / "graph.txt")
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_a_large_graphml_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(graph_files, "LARGEST_GRAPHML", 2**20)
    text = graphml("<!--" + "x" * 2**20 + "-->")
    assert refused(tmp_path, text, name="g.graphml") == "is larger than 1 MB, which GraphML may be; write an edge list"


def test_a_graph_of_too_many_ties_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(edge_lists, "MOST_LISTED", 2)
    for text in ("0 1\n1 2\n2 3\n", "a b\nb c\nc d\n"):
        assert refused(tmp_path, text) == "lists more than 2 ties; use a sample of them"


def test_names_are_numbered_as_they_appear(tmp_path):
    text = 'source,target\nAnn Lee,"Bob"\nBob,Cy\nCy,Ann Lee\n'
    assert as_lists(read(tmp_path, text)) == ([0, 1, 2], [1, 2, 0], None, 3, ("Ann Lee", "Bob", "Cy"))
    assert read(tmp_path, "王 李\n", 5).labels == ("王", "李")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", f"is empty; {FORMAT}"),
        (" \n\n", f"is empty; {FORMAT}"),
        ("# nothing\n", f"has comments but no ties; {FORMAT}"),
        ("source,target\n", f"has a header but no ties; {FORMAT}"),
        ("0 1\n2\n", f"line 2: has 1 field; the lines before it have 2, and {FORMAT}"),
        ("0\n", f"line 1: has 1 field; {FORMAT}"),
        ("0 1 1 1\n", f"line 1: has 4 fields; {FORMAT}; a header source,target,weight lets others be ignored"),
        ("# c\n\n0 1\n1 2 3\n", f"line 4: has 3 fields; the lines before it have 2, and {FORMAT}"),
        ("0,1,\n", f"line 1: has an empty field; {FORMAT}"),
        ("0 1\n1 10\n", "line 2: customer 10 does not exist; customers are numbered from 0 to 9"),
        ("source,target\n0,1\n-1,2\n", "line 3: customer -1 does not exist; customers are numbered from 0 to 9"),
        ("0 " + "9" * 5000, "line 1: customer 99999999999999999999 does not exist; customers are numbered from 0 to 9"),
        ("0 1\n1 x\n", 'line 2: "x" is not a whole number, as the customers before it are'),
        ("0 1\n1.5 2\n", 'line 2: "1.5" is not a whole number, as the customers before it are'),
        ("0 1_0\n", 'line 1: "1_0" is not a whole number, as the customers before it are'),
        (
            "a b\nb 0\n",
            'line 2: "0" is a whole number after names; use one or the other '
            "(a header reads 'source,target' or 'from to')",
        ),
        ("0 1\n2 01\n", "line 2: 01 and 1 read as the same customer; write her in one way only"),
        ("0 1\n2 +1\n", "line 2: +1 and 1 read as the same customer; write her in one way only"),
        ("0 1 1\n1 2 nan\n", f'line 2: weight "nan" {NO_WEIGHT}'),
        ("0 1 inf\n", f'line 1: weight "inf" {NO_WEIGHT}'),
        ("0 1 1e39\n", f'line 1: weight "1e39" {NO_WEIGHT}'),
        ("0 1 -0.5\n", f'line 1: weight "-0.5" {NO_WEIGHT}'),
        ("0 1 1_0\n", f'line 1: weight "1_0" {NO_WEIGHT}'),
        ("a b x\n", f'line 1: weight "x" {NO_WEIGHT}'),
    ],
)
def test_the_line_to_blame_is_named(tmp_path, text, complaint):
    assert refused(tmp_path, text, 10) == complaint


def test_more_people_than_customers_are_refused_with_both_numbers(tmp_path):
    assert refused(tmp_path, "a b\nc d\n", 3) == (
        "has 4 people, but the population has 3 customers; set population.customers = 4 or more"
    )


def test_an_id_too_large_for_any_population_is_refused(tmp_path):
    complaint = refused(tmp_path, "0 1\n0 2147483646\n")
    assert complaint == "line 2: customer 2147483646 does not exist; customers are numbered from 0 to 2147483645"


def test_text_that_is_not_utf_8_is_refused(tmp_path):
    assert refused(tmp_path, "a b\nc é\n".encode("latin-1")) == "line 2: not UTF-8 text; save the file as UTF-8"
    for encoding in ("utf-16", "utf-16-le"):
        assert "save the file as UTF-8" in refused(tmp_path, "0 1\n".encode(encoding))


def test_pickles_are_never_read(tmp_path):
    complaint = "pickles are never read, because they can run code; save an edge list or GraphML instead"
    assert refused(tmp_path, b"\x80\x04\x95") == complaint
    for name in ("graph.pkl", "graph.gpickle", "graph.PICKLE"):
        assert refused(tmp_path, "0 1\n", name=name) == complaint


def test_a_file_that_is_not_there_is_refused(tmp_path):
    for name, reason in (("none.csv", "there is no such file"), (".", "cannot be read: Is a directory")):
        with pytest.raises(Refusal, match=reason):
            read_graph(tmp_path / name)


separators = st.sampled_from([" ", "\t", ",", " , ", "  "])
endings = st.sampled_from(["\n", "\r\n", "\n\n", "  # a, b\n", "\n# 1 2\n"])
ids = st.integers(0, 30)
fields = st.one_of(ids.map(str), st.sampled_from(["-1", "007", "+3", "1.0", "x", "", '"4"', "99", "1e2", "٣"]))
weights = st.one_of(st.floats(0, 10).map(repr), st.sampled_from(["nan", "inf", "-1", "1e99", "", "1_0", "0x1", "٣"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(300))
@given(
    st.one_of(
        st.lists(st.tuples(ids.map(str), ids.map(str), separators, endings), min_size=1),
        st.lists(st.tuples(fields, fields, separators, endings), min_size=1, max_size=4),
        st.lists(st.tuples(ids.map(str), ids.map(str), weights, separators, endings), min_size=1, max_size=6),
    ),
    st.booleans(),
    st.sampled_from([None, 20, 40]),
)
def test_reading_at_once_is_reading_line_by_line(tmp_path, monkeypatch, lines, header, customers):
    text = "source,target\n" if header else ""
    text += "".join(separator.join(row) + ending for *row, separator, ending in lines)

    def outcome():
        try:
            return as_lists(read(tmp_path, text, customers))
        except Refusal as refusal:
            return str(refusal)

    usual = outcome()
    with monkeypatch.context() as patched:
        patched.setattr(edge_lists, "_at_once", lambda *_: None)
        assert outcome() == usual


def test_clean_files_of_numbers_take_the_quick_way(tmp_path, monkeypatch):
    monkeypatch.setattr(edge_lists, "_by_line", None)
    pairs = np.random.default_rng(0).integers(0, 1000, (5000, 2))
    for separator in " \t,":
        ties = read(tmp_path, "\n".join(f"{a}{separator}{b}{separator}0.5" for a, b in pairs.tolist()), 1000)
        assert np.array_equal(ties.sender, pairs[:, 0])
        assert np.array_equal(ties.receiver, pairs[:, 1])
        assert set(ties.weight.tolist()) == {0.5}


# ---- GraphML --------------------------------------------------------------------------------------------------------


def graphml(body, direction="undirected", head=""):
    return f'{head}<graphml {NAMESPACE}><graph edgedefault="{direction}">{body}</graph></graphml>'


def test_graphml_from_networkx(tmp_path):
    graph = nx.karate_club_graph()
    path = tmp_path / "karate.graphml"
    nx.write_graphml(graph, path)
    ties = read_graph(path, 40)
    assert (ties.people, ties.labels) == (40, ())
    assert [(a, b) for a, b in zip(ties.sender.tolist(), ties.receiver.tolist(), strict=True)] == list(graph.edges)
    assert ties.weight.tolist() == [w for *_, w in graph.edges(data="weight")]


def test_graphml_is_known_by_its_text_too(tmp_path):
    assert as_lists(read(tmp_path, graphml('<node id="1"/><node id="0"/><edge source="1" target="0"/>'))) == (
        [1], [0], None, 2, (),
    )  # fmt: skip


def test_graphml_names_isolated_nodes_and_parallel_edges(tmp_path):
    nodes = "".join(f'<node id="{name}"/>' for name in ("ann", "bob", "cy"))
    edges = '<edge source="cy" target="ann"/><edge source="ann" target="cy"/><edge source="cy" target="cy"/>'
    ties = read(tmp_path, graphml(nodes + edges), 3)
    assert (ties.people, ties.labels) == (3, ("ann", "bob", "cy"))
    assert sorted(map(sorted, zip(ties.sender.tolist(), ties.receiver.tolist(), strict=True))) == [
        [0, 2],
        [0, 2],
        [2, 2],
    ]
    assert refused(tmp_path, graphml(nodes), 2).startswith("has 3 people, but the population has 2 customers")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (graphml(""), "has no customers; a graph needs nodes and edges"),
        (
            graphml('<node id="0"/><node id="x"/>'),
            '"x" is not a whole number, as the customers before it are',
        ),
        (graphml('<node id="1"/><node id="01"/>'), "01 and 1 read as the same customer; write her in one way only"),
        (graphml('<node id="0"/><edge source="0" target="3"/>'), 'an edge has the target "3", which is no node'),
        (graphml('<node id="0"/><edge target="0"/>'), "an edge has the source None, which is no node"),
        (graphml('<node id="0"/><node id="7"/>'), "customer 7 does not exist; customers are numbered from 0 to 4"),
        (
            graphml('<node id="a"/></graph><graph edgedefault="undirected"><node id="b"/>'),
            "has several graphs; keep one in a file",
        ),
        (
            graphml('<node id="&a;"/>', head='<!DOCTYPE g [<!ENTITY a "aaaa">]>'),
            "declares XML entities, which GraphML does not need; they are never read",
        ),
    ],
)
def test_graphml_that_cannot_be_used_is_refused(tmp_path, text, complaint):
    assert refused(tmp_path, text, 5, "graph.graphml") == complaint


def test_directions_in_graphml_do_not_count(tmp_path):
    body = '<node id="0"/><node id="1"/><edge source="1" target="0"/>'
    found = read(tmp_path, graphml(body, "directed"))
    assert (found.sender.tolist(), found.receiver.tolist()) == ([1], [0])


def test_graphml_weights_are_checked(tmp_path):
    key = '<key id="w" for="edge" attr.name="weight" attr.type="{}"/>'
    body = '<node id="0"/><node id="1"/><edge source="0" target="1"><data key="w">{}</data></edge>'

    def text(kind, weight):
        return graphml(body.format(weight)).replace("<graph ", key.format(kind) + "<graph ")

    assert read(tmp_path, text("double", "0.5"), 2).weight.tolist() == [0.5]
    for kind, weight, said in (("double", "-1", "-1.0"), ("double", "nan", "nan"), ("string", "2", '"2"')):
        complaint = f"the tie '0' – '1' has weight {said}, which {NO_WEIGHT}"
        assert refused(tmp_path, text(kind, weight), 2) == complaint
    assert refused(tmp_path, text("double", "much"), 2).startswith("is not GraphML (")


@pytest.mark.parametrize(
    "text",
    ["0 1\n", "<a/>", "<graphml", "<graphml><graph></graph></graphml>", graphml("<hyperedge/>")],
)
def test_what_is_not_graphml_is_refused_in_one_line(tmp_path, text):
    complaint = refused(tmp_path, text, name="graph.graphml")
    assert complaint.startswith("is not GraphML (") or complaint.startswith("has no customers")
    assert "\n" not in complaint
