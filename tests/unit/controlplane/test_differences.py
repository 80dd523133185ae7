"""What differs between two mappings is found wherever it stands."""

import random

from controlplane.differences import differing


def looked_up(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """The same, one key after the other."""
    changed = [key for key, value in after.items() if before.get(key) is not value]
    return changed + [key for key in before if key not in after]


def test_what_came_went_or_changed_is_found():
    for seed in range(500):
        before, after = a_pair(random.Random(seed))
        assert differing(before, after) == looked_up(before, after), f"seed {seed}"


def a_pair(rng: random.Random) -> tuple[dict[str, object], dict[str, object]]:
    """A mapping, and one that is a little different, perhaps in another order."""
    before: dict[str, object] = {key: object() for key in rng.sample("abcdefghijkl", rng.randrange(13))}
    after = {key: object() if rng.random() < 0.1 else value for key, value in before.items() if rng.random() < 0.9}
    after |= {key: object() for key in rng.sample("abcdefghijklmnop", rng.randrange(3))}
    if rng.random() < 0.5:
        after = dict(sorted(after.items()))
    if rng.random() < 0.3:
        before = dict(sorted(before.items()))
    return before, after


def test_a_mapping_does_not_differ_from_itself():
    mapping = {"a": object()}
    assert differing(mapping, mapping) == differing(mapping, dict(mapping)) == differing({}, {}) == []
