"""Each way to cheat is refused, with words that say what, where and what to do instead."""

import importlib.util
import re
import textwrap

import cheats
import pytest
from cheats_of_processes import PROCESSES

import eventsnn as es

HEAD = """\
import math
import numpy as np
import eventsnn as es

LEVEL = 0.5
COUNT = 0
LOG = []
LOCK = None
W = np.zeros((3, 3))
NEURONS = ()


def watched(function):
    LOG.append(function)
    return function


def learn(make, neuron=None):
    net = es.Network()
    x, y = net.add(es.Regular(period=0.01), 2), net.add(neuron or es.LIF(), 2)
    net.connect(x, y, make(), weight=0.1)
    return net


"""
RULE = """\
class Bad(es.Rule):
    lr: float = 0.1
    step: es.Part = es.Sgd()
    trace: es.State = 0.0

"""


def load(tmp_path, text):
    """Import a file with this text."""
    path = tmp_path / "cheat.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("cheat", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def attempt(tmp_path, text):
    """Import the file and run its network."""
    load(tmp_path, text).net.run(0.5)


def refuse(tmp_path, text, cheat):
    """Import the file, run its network if it has one, and look at the error."""
    with pytest.raises(es.LocalityError) as caught:
        attempt(tmp_path, text)
    error = caught.value
    for word in cheat.words:
        assert word in str(error), f"{word!r} is not in: {error}"
    assert error.kind == cheat.kind, error
    assert error.variable, error
    assert error.owner, error
    return str(error)


@pytest.mark.parametrize("name", cheats.HANDLERS)
def test_a_handler_cannot(name, tmp_path):
    cheat = cheats.HANDLERS[name]
    body = textwrap.indent(cheat.text, "    ")
    message = refuse(tmp_path, f"{HEAD}{RULE}{body}\n", cheat)
    if "derived" not in message and "defines" not in message and "secret" not in message:
        assert message.startswith(f"{tmp_path / 'cheat.py'}:"), message


@pytest.mark.parametrize("name", cheats.CLASSES)
def test_a_class_cannot(name, tmp_path):
    refuse(tmp_path, HEAD + cheats.CLASSES[name].text + "\n", cheats.CLASSES[name])


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_cannot(name, tmp_path):
    message = refuse(tmp_path, HEAD + PROCESSES[name].text + "\n", PROCESSES[name])
    if "share" in message:
        assert re.match(
            rf"{re.escape(str(tmp_path / 'cheat.py'))}:\d+: processes \w+\[0\] and \w+\[\d\] share", message
        )


def test_there_are_enough():
    tables = (cheats.HANDLERS, cheats.CLASSES, PROCESSES)
    assert sum(len(table) for table in tables) >= 80
    assert all(cheat.reason for table in tables for cheat in table.values())


@pytest.mark.parametrize("name", ["a handler replaced on the class", "feedback through the forward weights"])
def test_the_compiled_engine_refuses_the_same(name, tmp_path):
    text = HEAD + cheats.CLASSES[name].text.replace("es.Network()", "es.Network(engine='compiled')") + "\n"
    text = text.replace("net = es.Network()", "net = es.Network(engine='compiled')")
    refuse(tmp_path, text, cheats.CLASSES[name])
