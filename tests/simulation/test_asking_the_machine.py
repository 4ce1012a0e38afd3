"""What a handler asks of its machine is answered, and is the same in every play; nothing else gets out."""

import ctypes.util
import json
import uuid

from llminv.history import RealRefused
from llminv.scenario import Call, Scenario
from llminv.simulation.dialects.interface import EPOCH_S
from llminv.simulation.machine import NODE

PLAIN = Scenario((Call("complete"),))
# From 15 October 1582, where ids of version 1 count from, to 1970, in seconds.
GREGORIAN_S = 12_219_292_800


def test_libraries_are_looked_for_on_the_machine(play_all):
    (history,) = play_all("handlers/machine.py:Libraries", {0: PLAIN}).values()
    assert json.loads(history.outcome(0).reply.text) == [ctypes.util.find_library("c"), None, 2.0]
    assert list(history.of(RealRefused)) == []


def test_a_program_of_the_handlers_is_refused_all_the_same(play_all):
    (history,) = play_all("handlers/machine.py:Program", {0: PLAIN}).values()
    assert history.outcome(0).reply.text == "RealWorldRefusedError"
    assert list(history.of(RealRefused)) == [RealRefused(0.0, 0, "the handler", "the program hostname")]


def test_ids_of_version_1_are_of_the_world(play_all):
    before = uuid.uuid1(NODE)
    first, second = play_all("handlers/machine.py:Ids", {0: PLAIN, 1: PLAIN}).values()
    assert first == second
    ids, nodes, times = zip(*json.loads(first.outcome(0).reply.text), strict=True)
    assert len(set(ids)) == len(ids)
    assert nodes == (NODE, NODE, NODE, 5, NODE)
    start = (EPOCH_S + GREGORIAN_S) * 10**7
    assert [made - start for made in times] == [0, 1, 2, 3, 20_000_000]
    assert list(first.of(RealRefused)) == []
    assert uuid.uuid1(NODE).time > before.time, "outside, real ids go on from the last real one"
    assert uuid.getnode() != NODE
