import pytest

from controlplane.sametext import same_length


@pytest.mark.parametrize("same", [0, 1, 4095, 4096, 4097, 12288, 100_000])
@pytest.mark.parametrize("rest", [("", ""), ("x", ""), ("", "y"), ("xz", "yz"), ("x" * 9000, "y" * 9000)])
@pytest.mark.parametrize("start", [0, 3])
def test_what_is_the_same_is_counted_to_the_letter(same, rest, start):
    text = "ab\n" * (same // 3) + "c" * (same % 3)
    assert same_length("." * start + text + rest[0], start, "-" * 5 + text + rest[1], 5) == same
