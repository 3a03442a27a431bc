"""Stimuli known ahead: the kernel never stops for them, and all is as if it did."""

import numpy as np
import pytest
from networks import differences, moving, outcome

import eventsnn as es
from eventsnn.engines import ahead, compiled, loop


class Own(es.Stimulus):
    """A stimulus with a life of its own, of which the program says nothing."""

    def run(self, cell):
        """Half of what the program says."""
        while (k := cell.state.get("k", 0)) < 3:
            yield cell.until(1.0 + 2.0 * k)
            cell.state["k"] = k + 1
            cell.send("value", self.times[k])
            cell.note("sample", k)


def network(engine="reference", kind=es.Stimulus, two=False, inputs=4, **options):
    """Inputs, a layer, and one stimulus or two."""
    rng = np.random.default_rng(3)
    times, labels = rng.uniform(0.0, 0.9, (5, inputs)), np.array([0, 1, -1, 2, 1])
    net = es.Network(2, engine)
    x, y = net.add(es.Latency(), 4, name="x"), net.add(es.IF(t_refractory=0.1), 3, name="y")
    rule = es.SpikeTimeGradient(mode="accumulate", step=es.Sgd(lr=0.1))
    net.connect(x, y, rule, weight=es.uniform(0.3, 0.9), delay=es.uniform(0.01, 0.2))
    teacher = net.teach(y, es.MarginRace(margin=0.2))
    for name in ("one", "two")[: 1 + two]:
        given = {"period": 1.3 if name == "one" else 0.7, **options}
        stimulus = net.stimulate(kind(times.copy(), labels.copy(), **given), x, layers=[y], teacher=teacher, name=name)
        assert stimulus.name == name
    return net


def stops(net, monkeypatch):
    """Why the kernel stopped, each time."""
    found, call = [], compiled.CompiledEngine.call

    def listen(self, function, *arguments):
        answer = call(self, function, *arguments)
        if function == "run" and self is net.engine:
            found.append((answer, net.engine.plan.stages[int(self.arrays.net.i[loop.STAGE]) - 1].name))
        return answer

    monkeypatch.setattr(compiled.CompiledEngine, "call", listen)
    return found


CASES = {
    "as it is": {},
    "shuffled": {"shuffle": True, "passes": 2, "seed": 8},
    "late and in batches": {"start": 0.77, "batch": 3, "passes": 3},
    "many in a window": {"period": 0.004, "passes": 20},
    "spikes get lost": {"lost": 0.4, "passes": 3},
    "images move": {"moved": 1, "shape": (2, 2), "passes": 3, "lost": 0.1},
    "two": {"two": True, "passes": 3},
    "of its own": {"kind": Own},
}


@pytest.fixture(autouse=True)
def small(plain_python, monkeypatch):
    """Little is known ahead at a time."""
    monkeypatch.setattr(ahead, "ENTRIES", 20)


@pytest.mark.parametrize("case", CASES)
def test_all_is_as_if_the_stimulus_ran(case, tmp_path):
    a, b = network(**CASES[case]), network("compiled", **CASES[case])
    for k, cut in enumerate((0.0, 1.3, 1.31, 5.2, 9.0, 30.0)):
        a.run(until=cut)
        b.run(until=cut)
        assert differences(outcome(a), outcome(b)) == []
        assert differences(moving(a), moving(b)) == []
        b.save(tmp_path / "net")
        b = es.Network.load(tmp_path / "net", engine="compiled" if k % 2 else "reference")


def test_the_kernel_does_not_stop_for_it(monkeypatch):
    net = network("compiled", passes=4)
    found = stops(net, monkeypatch)
    net.run(25.9)
    assert (loop.GUEST, "one") not in found
    assert sum(answer == loop.MORE for answer, _ in found) > 4
    net.run(2.0)  # its last word comes from itself
    assert found.count((loop.GUEST, "one")) == 1


def test_a_stimulus_with_a_life_of_its_own_is_asked(monkeypatch):
    net = network("compiled", Own)
    found = stops(net, monkeypatch)
    net.run(10.0)
    assert found.count((loop.GUEST, "one")) == 3


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_the_wrong_number_of_inputs_is_an_error(engine):
    with pytest.raises(es.EngineError, match=r"payload of shape \(5,\); x has 4 targets"):
        network(engine, inputs=5).run(5.0)


def test_what_never_comes_is_no_trouble():
    a, b = (network(engine, start=1e290, period=1e300).run(5.0) for engine in ("reference", "compiled"))
    assert differences(outcome(a), outcome(b)) == []
