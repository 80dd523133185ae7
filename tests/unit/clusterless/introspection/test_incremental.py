"""What is made of one snapshot after the other is what would be made of the last one alone."""

import random

import pytest

from clusterless.introspection.events import events_between
from clusterless.introspection.inventory import Inventory
from clusterless.introspection.ledger import Ledger
from clusterless.introspection.resources import RESOURCES, SLICES
from controlplane.differences import differing

from .conftest import endpoints, service

ONE, TWO, THREE = object(), object(), object()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, []),
        ({1: ONE}, {1: ONE}, []),
        ({1: ONE, 2: TWO}, {1: ONE, 2: THREE}, [2]),
        ({1: ONE, 2: TWO}, {2: TWO, 1: ONE}, []),
        ({1: ONE}, {1: ONE, 2: TWO}, [2]),
        ({1: ONE, 2: TWO}, {1: ONE}, [2]),
        ({1: ONE, 2: TWO}, {1: ONE, 3: TWO}, [3, 2]),
        ({1: ONE}, {1: THREE, 0: ONE}, [1, 0]),
    ],
)
def test_the_keys_of_what_differs(before, after, expected):
    assert differing(before, after) == expected


def a_pod(name, app):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": app}},
        "spec": {"containers": [{"name": "a", "image": "a"}]},
    }


def a_state(rng):
    """Some Services, with a selector or with slices of their own, and some Pods."""
    names = [name for name in "abcdef" if rng.random() < 0.7]
    for name in names:
        if rng.random() < 0.5:
            yield service(name, selector={"app": rng.choice("xy")}, ports=[{"port": rng.choice([80, 81])}])
        else:
            yield service(name, ports=[{"port": 80}])
            piece = endpoints(*(f"10.0.0.{n}" for n in range(1, rng.randrange(2, 5))), of=name)
            yield piece if rng.random() < 0.7 else {**piece, "metadata": {"name": f"{name}-1", "namespace": "default"}}
    for number in range(3):
        if rng.random() < 0.6:
            yield a_pod(f"p{number}", rng.choice("xy"))


@pytest.mark.parametrize("seed", range(15))
def test_step_by_step_is_as_all_at_once(cluster, seed: int):
    rng = random.Random(seed)
    inventory, ledgers = Inventory(), {resource: Ledger() for resource in RESOURCES}
    before = None
    for version in range(1, 12):
        snapshot = cluster.apply(*a_state(rng))
        fresh = Inventory().collect(snapshot)
        assert sorted(fresh[SLICES].values(), key=id) == sorted(snapshot.all_slices(), key=id)
        for resource, objects in inventory.collect(snapshot).items():
            assert list(objects.items()) == list(fresh[resource].items())
            ledgers[resource].replace(objects, version, "now")
            assert [(key, entry.object) for key, entry in ledgers[resource].entries.items()] == list(objects.items())
        created = (
            {e.subject.name for e in events_between(before, snapshot) if e.reason == "Created"} if before else set()
        )
        assert created == {k.name for k in snapshot.services if before and k not in before.services}
        before = snapshot
