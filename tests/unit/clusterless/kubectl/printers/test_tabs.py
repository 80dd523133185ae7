"""Columns as Go's text/tabwriter makes them for kubectl."""

from clusterless.kubectl.printers.tabs import Columns, described


def test_a_table_has_three_blanks_between_columns_and_none_at_the_end():
    assert Columns().lines([("NAME", "TYPE", "AGE"), ("web", "ClusterIP", "5m")]) == [
        "NAME   TYPE        AGE",
        "web    ClusterIP   5m",
    ]


def test_a_column_is_at_least_six_wide():
    assert Columns().lines([("A", "B"), ("b", "c")]) == ["A     B", "b     c"]


def test_rows_that_come_later_keep_the_columns_and_only_widen_them():
    columns = Columns()
    columns.lines([("NAME", "AGE"), ("a-long-name", "1s")])
    assert columns.lines([("web", "2s")]) == ["web           2s"]
    assert columns.lines([("an-even-longer-name", "2s"), ("web", "2s")])[1] == "web                   2s"


def test_a_last_cell_that_is_empty_leaves_the_padding_before_it():
    assert Columns().lines([("NAME", "LABEL"), ("web", "")]) == ["NAME   LABEL", "web    "]


def test_a_column_of_a_description_goes_on_while_neighbouring_lines_have_it():
    lines = ["Name:\tweb", "Port:\thttp\t80/TCP", "TargetPort:\t80/TCP", "Port:\thttps-with-a-name\t443/TCP", "Events:"]
    assert described(lines) == [
        "Name:        web",
        "Port:        http  80/TCP",
        "TargetPort:  80/TCP",
        "Port:        https-with-a-name  443/TCP",
        "Events:",
    ]


def test_a_line_without_a_tab_ends_a_column():
    assert described(["a:\t1", "Subsets:", "long-name:\t2"]) == ["a:  1", "Subsets:", "long-name:  2"]


def test_nothing_has_no_lines():
    assert described([]) == []
    assert Columns().lines([]) == []
