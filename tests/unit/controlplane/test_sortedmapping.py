"""A sorted mapping that changes a little stays sorted, and is the same object while nothing changes."""

import pytest

from controlplane.sortedmapping import patched

BEFORE = {"b": 1, "d": 2, "f": 3}


@pytest.mark.parametrize(
    ("gone", "made", "expected"),
    [
        (["d"], {}, [("b", 1), ("f", 3)]),
        (["d", "d"], {}, [("b", 1), ("f", 3)]),
        (["d"], {"d": 9}, [("b", 1), ("d", 9), ("f", 3)]),
        ([], {"f": 9}, [("b", 1), ("d", 2), ("f", 9)]),
        ([], {"a": 9, "e": 8}, [("a", 9), ("b", 1), ("d", 2), ("e", 8), ("f", 3)]),
        (["b", "unknown"], {"c": 9}, [("c", 9), ("d", 2), ("f", 3)]),
        (["b", "d", "f"], {}, []),
    ],
)
def test_what_is_gone_is_out_and_what_is_made_is_in_its_place(gone, made, expected):
    assert list(patched(BEFORE, gone, made).items()) == expected


def test_nothing_changed_is_the_same_object():
    assert patched(BEFORE, ["unknown"], {}) is BEFORE


def test_what_was_before_stays_as_it_was():
    patched(BEFORE, ["b"], {"z": 1})
    assert BEFORE == {"b": 1, "d": 2, "f": 3}
