"""Any interleaving of datagrams, answers, changes and time agrees with a plain list of flows."""

import os
import random

import pytest

from proxy.flows import FlowSettings, FlowTable
from proxy.model import Endpoint

SEEDS = [int(os.environ["FLOW_SEED"])] if "FLOW_SEED" in os.environ else range(60)
STEPS = int(os.environ.get("FLOW_STEPS", "600"))

SETTINGS = FlowSettings(idle_seconds=3, stream_idle_seconds=12, most=8)
ENDPOINTS = [Endpoint("10.244.0.1", port) for port in range(4)]
CLIENTS = [("10.0.0.1", port) for port in range(20)]


class Model:
    """What the table should hold, in the plainest way."""

    def __init__(self):
        self.flows = {}  # client: [endpoint, active_at, is_answered, stream_at, is_stream]

    def touch(self, client, now):
        flow = self.flows[client]
        flow[1] = now
        flow[4] = flow[4] or (flow[2] and now >= flow[3])

    def oldest(self):
        return min((flow[1], client) for client, flow in self.flows.items())[0]

    def expired(self, now):
        return {client for client, flow in self.flows.items() if flow[1] <= now - (12 if flow[4] else 3)}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_table_agrees_with_the_model(seed):
    choose, table, model, now = random.Random(seed), FlowTable(SETTINGS), Model(), 0.0
    for step in range(STEPS):
        where = f"replay with FLOW_SEED={seed}, step {step}"
        client = choose.choice(CLIENTS)
        flow = table.find(client)
        assert (flow is None) == (client not in model.flows), where
        match choose.choices(["datagram", "answer", "time", "change", "refuse"], [10, 6, 6, 1, 1])[0]:
            case "datagram" if flow is None:
                if table.is_full:
                    evicted = table.evict()
                    assert evicted.active_at == model.oldest(), where
                    del model.flows[evicted.client]
                endpoint = choose.choice(ENDPOINTS)
                table.add(client, endpoint, None, now)
                model.flows[client] = [endpoint, now, False, now + 2.0, False]
            case "datagram":
                table.touch(flow, now)
                model.touch(client, now)
            case "answer" if flow is not None:
                flow.is_answered = model.flows[client][2] = True
                table.touch(flow, now)
                model.touch(client, now)
            case "refuse" if flow is not None:
                table.remove(flow)
                del model.flows[client]
            case "change":
                serving = set(choose.sample(ENDPOINTS, 3))
                cut = {each.client for each in table.retain(serving)}
                assert cut == {each for each, values in model.flows.items() if values[0] not in serving}, where
                model.flows = {each: values for each, values in model.flows.items() if each not in cut}
            case "time":
                now += choose.uniform(0, 2)
                expired = {each.client for each in table.expire(now)}
                assert expired == model.expired(now), where
                model.flows = {each: values for each, values in model.flows.items() if each not in expired}
        assert len(table) == len(model.flows) <= SETTINGS.most, where
        assert table.next_expiry() > now, where
