"""What the compiled engine records is what the reference engine records, row by row and to the last bit."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_stdp import plastic, trains

import eventsnn as es
from eventsnn.engines import compiled_records
from eventsnn.record import Messages, WeightChanges

HERE = Path(__file__).parent
ENGINES = ("reference", "compiled")


def rows(net):
    """Every row recorded so far."""
    out = {("state", *key): log.rows.arrays() for key, log in net.recorder.states.items()}
    for p in net.description.projections:
        if p.record:
            changes = net.weight_changes(p)
            out["weights", p.name] = {name: getattr(changes, name) for name in WeightChanges.__dataclass_fields__}
    messages = net.messages()
    out["messages"] = {name: getattr(messages, name) for name in Messages.__dataclass_fields__}
    return out


def same(a, b):
    assert a.keys() == b.keys()
    for key, columns in a.items():
        assert columns.keys() == b[key].keys()
        for name, column in columns.items():
            assert np.array_equal(column, b[key][name], equal_nan=column.dtype.kind == "f"), (key, name)


@pytest.fixture
def small_buffers(monkeypatch):
    monkeypatch.setattr(compiled_records, "ROWS", 16)


def busy(engine, seed=0, **changed):
    settings = {
        "size": 4, "weight": es.uniform(0.0, 1.0), "delay": es.uniform(0.0, 3e-3), "strength": 0.6,
        "i_bias": es.uniform(0.8, 1.2), "record_messages": True,
    }  # fmt: skip
    x, drive = trains(seed, 8, 60.0, 0.3), trains(50 + seed, 1, 150.0, 0.3)[0]
    return plastic(engine, x, drive, es.PairSTDP(a_plus=0.05, mu_minus=1.0), **{**settings, **changed})


@pytest.mark.parametrize(
    ("seed", "changed"),
    [
        (0, {}),
        (1, {"tau_syn": 0.0, "t_refractory": 2e-3}),
        (2, {"tau_syn": 20e-3, "size": 1}),
        (3, {"t_refractory": 15e-3, "delay": 0.0}),
        (4, {"i_bias": 40.0}),  # many spikes between two arrivals
    ],
)
def test_states_weights_and_messages(small_buffers, seed, changed):
    a, b = (busy(engine, seed, **changed).run(0.3) for engine in ENGINES)
    assert len(a.messages().t) > 300
    same(rows(a), rows(b))
    times = np.linspace(0.0, 0.3, 101)
    for i in range(a.population("y").size):
        x, y = (net.state(net.population("y"), i, times) for net in (a, b))
        assert np.ptp(x["v"]) > 0.1
        same({"state": x}, {"state": y})


def test_splitting_a_run_changes_nothing(small_buffers):
    whole, parts = busy("compiled").run(0.3), busy("compiled")
    for end in np.linspace(0.0, 0.3, 23)[1:]:
        parts.run(until=float(end))
    same(rows(whole), rows(parts))


def test_messages_can_be_asked_for_between_runs():
    recorded = []
    for engine in ENGINES:
        net = busy(engine, record_messages=False).run(0.1)
        assert len(net.recorder.messages or ()) == 0
        net.record_messages()
        recorded.append(rows(net.run(0.2)))
    assert recorded[0]["messages"]["t"].min() > 0.1
    same(*recorded)


@pytest.mark.parametrize("until", [0.0, 0.13])
@pytest.mark.parametrize("engines", [("compiled", "compiled"), ("reference", "compiled"), ("compiled", "reference")])
def test_records_go_on_after_saving_and_loading(tmp_path, engines, until):
    whole = busy(engines[1]).run(0.3)
    net = busy(engines[0])
    if until > 0.0:
        net.run(until)
    net.save(tmp_path / "net")
    loaded = es.Network.load(tmp_path / "net", engines[1]).run(until=0.3)
    a, b = rows(whole), rows(loaded)
    same({k: v for k, v in a.items() if k[0] != "state"}, {k: v for k, v in b.items() if k[0] != "state"})
    times = np.linspace(0.0, 0.3, 101)
    for i in range(4):
        x, y = (n.state(n.population("y"), i, times) for n in (whole, loaded))
        same({"state": x}, {"state": y})


def test_guests_errors_and_control_messages(small_buffers, plain_python):
    """Temporal XOR with its teacher and stimulus, as the demo runs it."""
    spec = importlib.util.spec_from_file_location("xor", HERE.parent / "demos" / "temporal_xor.py")
    demo = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(demo)
    recorded = []
    for engine in ENGINES:
        net = demo.build(3, engine, record=("spikes", "state"))
        net.record_messages()
        for _ in range(5):
            net.run(demo.EPOCH)
        recorded.append(rows(net))
    ports = set(recorded[0]["messages"]["port"].tolist())
    assert ports == {"spike", "error", "value", "reset", "apply", "label"}
    same(*recorded)


def test_a_neuron_that_fires_as_another_hears_a_spike(small_buffers):
    """Both change weights at one instant; the kernel comes to the one that fires later.

    All of it happens in the first window, where a time in seconds names an instant exactly.
    """
    settings = {
        "size": 2, "i_bias": np.array([12.0, 40.0]), "delay": np.array([[3e-4, 0.0]]), "weight": 0.1, "tau_syn": 0.0,
    }  # fmt: skip
    before = plastic("reference", [[1e-4]], [], es.PairSTDP(), **settings).run(0.01)
    spikes = before.spikes(before.population("y"))
    time = float(spikes.t[spikes.i == 0][0])
    recorded = []
    for engine in ENGINES:
        net = plastic(engine, [[1e-4, time]], [], es.PairSTDP(), record_messages=True, **settings)
        recorded.append(rows(net.run(0.01)))
    changes = recorded[0]["weights", "xy"]
    assert changes["k"][changes["t"] == time].tolist() == [1, 0]  # synapses go by delay: 1 leads to neuron 0
    same(*recorded)


EVERYTHING = """
import busy
from eventsnn.engines import compiled_records
from test_recording import rows, same

compiled_records.ROWS = 64
recorded = []
for engine in ("reference", "compiled"):
    net = busy.everything()
    net.engine_name = engine
    for p in net.description.populations:
        p.record = ("spikes", "state")
    for p in net.description.projections:
        p.record = ("weights",) if p.rule is not None else ()
    net.run(until=20.0)
    net.run(until=busy.END)
    recorded.append(rows(net))
assert sum(len(v["t"]) for k, v in recorded[0].items() if k[0] == "weights") > 50
assert len({k[1] for k in recorded[0] if k[0] == "state"}) >= 5
same(*recorded)
"""


def test_every_kind_of_neuron_rule_and_message():
    """With the kernel as plain Python, because its compilation would take minutes."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(HERE)}
    command = [sys.executable, "-c", EVERYTHING]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr


def test_what_is_not_recorded_costs_nothing():
    """A network that records neither states nor weights has none of the code for it."""
    x, drive = [[0.1]], [0.2]
    recording = plastic("compiled", x, drive, es.PairSTDP())
    quiet = plastic("compiled", x, drive, es.PairSTDP())
    quiet.population("y").record = ("spikes",)
    quiet.projection("xy").record = ()
    for part in ("LOGS = 1", "log_LIF", " log_change("):
        assert part in recording.kernel()
        assert part not in quiet.kernel().replace("def log_change(", "")
