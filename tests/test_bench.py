"""`eventsnn bench`: every benchmark runs and reports what it should. How long anything takes is not tested."""

import dataclasses
import json
import sys

import numpy as np
import pytest

import eventsnn as es
from eventsnn import Rule, rules
from eventsnn.bench import (
    BENCHMARKS,
    Options,
    Result,
    bars,
    circuits,
    closed_form,
    learning,
    machine,
    runners,
    table,
    three_factor,
)
from eventsnn.bench.learning import RULES
from eventsnn.cli import main
from eventsnn.datasets import Samples
from eventsnn.errors import EngineError

FIELDS = [field.name for field in dataclasses.fields(Result)]
CASES = {
    "balanced": 2, "sparse": 3, "plastic": len(RULES) + 1, "rules": 19, "training": 1, "startup": 7, "simpy": 2,
    "threads": 1,  # two on the compiled engine
}  # fmt: skip
LOSSLESS = "nest iaf_psc_exp_ps_lossless"


def check(name, results, cases=CASES):
    """Every record is complete and consistent, and can be shown."""
    assert len(results) == cases[name]
    for r in results:
        assert r.name == name
        assert list(r.as_json()) == FIELDS
        assert r.seconds_min <= r.seconds <= r.seconds_max
        assert 0 < r.seconds_max < 1000
        if r.events:
            assert r.min <= r.ns_per_event_median <= r.max
            assert r.ns_per_event_median == pytest.approx(1e9 * r.seconds / r.events, rel=1.0)
        else:
            assert r.ns_per_event_median is None
    lines = table(results).splitlines()
    assert len(lines) == 1 + len(results)
    for r, line in zip(results, lines[1:], strict=True):
        assert line.startswith(r.case)
        assert r.engine in line
    json.loads(json.dumps([r.as_json() for r in results]))


@pytest.mark.parametrize("name", BENCHMARKS)
def test_runs(name, monkeypatch):
    monkeypatch.delenv("EVENTSNN_DATA", raising=False)
    check(name, list(BENCHMARKS[name].run(Options(size="tiny", engine="reference"))))


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHMARKS)
def test_runs_on_the_compiled_engine(name):
    check(name, list(BENCHMARKS[name].run(Options(size="tiny"))), CASES | {"threads": 2})


def test_no_benchmark_is_forgotten():
    assert list(CASES) == list(BENCHMARKS)
    shipped = [x for x in (getattr(rules, n) for n in rules.__all__) if isinstance(x, type) and issubclass(x, Rule)]
    assert {rule.__name__ for rule in shipped} == set(RULES)


def test_events_are_what_the_engine_counts():
    c = circuits.balanced(50, 10, 0.4, seed=2, spread=True)
    ours = runners.Ours(c, 0.3, "reference")
    ours.run()
    end = runners.WARM_UP + 0.3
    spikes = ours.net.spikes(ours.cells)
    # Sent is not yet arrived: messages are on their way for up to 3 ms.
    surely = c.events(spikes.i[spikes.t < end - 3e-3], 0.0, end - 3e-3)
    assert 1000 < surely <= sum(ours.net.message_counts().values()) <= c.events(spikes.i, 0.0, end)


def test_same_seed_same_circuit():
    a, b, other = (circuits.balanced(40, 10, 0.1, seed).arrays() for seed in (1, 1, 2))
    assert all(np.array_equal(a[name], b[name]) for name in a)
    assert not np.array_equal(a["pre"], other["pre"])


@pytest.mark.parametrize(("n", "k"), [(10, 5), (40, 10), (400, 100)])
def test_circuits_are_what_they_say(n, k):
    c = circuits.balanced(n, k, 0.5, seed=3, spread=True)
    excitatory = c.pre < int(0.8 * n)
    assert np.bincount(c.post).tolist() == [k] * n
    assert np.bincount(c.post[excitatory]).tolist() == [int(0.8 * k)] * n
    assert (c.pre != c.post).all()
    assert ((c.pre >= 0) & (c.pre < n)).all()
    assert (c.weight[excitatory] > 0).all()
    assert (c.weight[~excitatory] < 0).all()
    steps = c.delay / circuits.STEP
    assert np.abs(steps - steps.round()).max() < 1e-9
    assert (steps.round().min(), steps.round().max()) >= (5, 6)
    assert (np.diff(c.input_t) >= 0).all()
    assert all((np.diff(train) > 0.5 * circuits.STEP).all() for train in c.trains())
    assert sum(map(len, c.trains())) == len(c.input_t)


def test_text_picture_and_json(capsys, tmp_path, monkeypatch):
    entry = dataclasses.replace(
        BENCHMARKS["simpy"], run=lambda _: BENCHMARKS["sparse"].run(Options(size="tiny", engine="reference"))
    )
    monkeypatch.setitem(BENCHMARKS, "training", entry)
    assert main(["bench", "training", "--quick", "--out", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(machine().split(",")[0])
    assert lines[-1] == f"picture: {tmp_path / 'bench_training.png'}"
    assert (tmp_path / "bench_training.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert main(["bench", "training", "--quick", "--json", "--out", str(tmp_path)]) == 0
    records = json.loads(capsys.readouterr().out)
    assert [list(record) for record in records] == [FIELDS] * 3


def test_picture_without_events():
    assert bars(list(BENCHMARKS["startup"].run(Options(size="tiny", engine="reference")))).axes


def test_without_a_name_every_benchmark_is_listed(capsys):
    assert main(["bench"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(BENCHMARKS)


def test_peers_where_there_are_none(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["bench", "startup", "--peers"])
    assert stop.value.code == 2
    assert "startup has no peers" in capsys.readouterr().err


def epoch(peers):
    """An epoch of made-up digits, on the reference engine."""
    rng = np.random.default_rng(1)
    samples = Samples(rng.integers(0, 4, (12, 20)), np.arange(12) % 10, np.array([np.inf, 0.0, 1.0, 2.0]))
    return list(learning.epoch(samples, Options(size="tiny", engine="reference", peers=peers)))


def test_an_epoch_without_pytorch(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    ours = epoch(peers=True)
    case = "MNIST, 20-8-10, 60,000 digits, from 4, "
    assert [(r.case, r.engine) for r in ours] == [
        (case + "one at a time", "eventsnn"),
        (case + "in batches of 100", "eventsnn"),
    ]
    assert all(r.samples_per_second == pytest.approx(60_000 / r.seconds) for r in ours)
    assert capsys.readouterr().err.startswith("eventsnn: skipped pytorch, batches of 100: ")


def test_an_epoch_beside_pytorch():
    pytest.importorskip("torch")
    _, ours, theirs = epoch(peers=True)
    assert ours.case == theirs.case
    assert theirs.engine == "pytorch, batches of 100"
    assert 0 < theirs.seconds_min <= theirs.seconds


def test_the_peer_has_the_same_gradients():
    """One step of plain descent on one sample changes every weight as the messages do."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    times = np.where(rng.random((1, 12)) < 0.3, np.inf, rng.uniform(0.0, 2.0, (1, 12)))
    weights = [rng.uniform(0.0, 0.4, (12, 9)), rng.uniform(0.0, 0.6, (9, 10))]
    peer = closed_form.Batches(Samples(times, np.array([3])), weights, 3.0, [0.1, 0.1])
    peer.w = [torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in weights]
    peer.loss(torch.exp(torch.tensor(times)), torch.tensor([3])).backward()

    net = es.Network()
    layers = [net.add(es.Latency(), 12), net.add(es.IF(), 9), net.add(es.IF(), 10)]
    rule = es.SpikeTimeGradient(step=es.Sgd(lr=1.0), clip=es.Clip(slope=closed_form.SLOPE), mode="accumulate")
    projections = [
        net.connect(a, b, rule, weight=w, feedback="symmetric" if a is layers[1] else None)
        for a, b, w in zip(layers[:-1], layers[1:], weights, strict=True)
    ]
    teacher = net.teach(layers[2], es.FirstToSpike(outputs=10, patience=30.0, sharpness=3.0, tau=np.inf))
    net.stimulate(es.Stimulus(times, [3], 40.0, passes=1), layers[0], layers=layers[1:], teacher=teacher)
    net.run(50.0)
    for projection, w, tensor in zip(projections, weights, peer.w, strict=True):
        by_messages = w - net.matrix(projection)
        assert np.abs(by_messages).max() > 1e-3
        assert tensor.grad.numpy() == pytest.approx(by_messages, rel=1e-9, abs=1e-12)


def test_a_batch_of_the_race_moves_every_weight_as_the_peer_does():
    pytest.importorskip("torch")
    rng = np.random.default_rng(2)
    times = np.where(rng.random((100, 20)) < 0.3, np.inf, rng.uniform(0.0, 2.0, (100, 20)))
    samples = Samples(times, rng.integers(0, 10, 100))
    net = learning.race(samples, 8, Options(size="tiny", engine="reference"), batch=closed_form.BATCH)
    projections = [p for p in net.description.projections if p.rule is not None]
    weights = [net.matrix(p) for p in projections]
    peer = closed_form.Batches(samples, weights, learning.SHARPNESS, [learning.RATE] * 2)
    net.run((closed_form.BATCH + 0.5) * learning.PERIOD)
    peer.run(closed_form.BATCH)
    for projection, w, tensor in zip(projections, weights, peer.w, strict=True):
        moved, theirs = net.matrix(projection) - w, tensor.detach().numpy() - w
        assert np.abs(moved).max() > 0.9 * learning.RATE
        assert theirs == pytest.approx(moved, abs=1e-3 * learning.RATE)  # of single precision


def test_missing_peers_are_skipped_by_name(capsys, tmp_path):
    bare = tmp_path / "python"
    bare.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'import runpy, sys\nsys.modules.update(nest=None, brian2=None)\n"
        'sys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name="__main__")\' "$@"\n'
    )
    bare.chmod(0o755)
    python = {"nest": str(bare), "brian2": str(bare)}
    options = Options(size="tiny", engine="reference", peers=True, python=python)
    results = list(BENCHMARKS["balanced"].run(options))
    assert [r.engine for r in results] == ["eventsnn", "eventsnn"]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == [f"skipped {engine}" for engine in runners.PEERS] * 2


def test_a_peer_without_an_interpreter_is_skipped(capsys, tmp_path):
    python = dict.fromkeys(("nest", "brian2"), str(tmp_path / "none"))
    options = Options(size="tiny", engine="reference", peers=True, python=python)
    assert runners.peers(circuits.balanced(20, 5, 0.1, 1), 0.1, options) == []
    assert "cannot start" in capsys.readouterr().err


def spikes_of_both(c, duration, engine):
    """Neurons and times [s] of all spikes up to shortly before the end: here, and in NEST without a grid."""
    net, cells = runners.network(c, engine)
    ours = net.run(duration).spikes(cells)
    with runners.Peer(c, 0.1, LOSSLESS, sys.executable, warm_up=duration) as peer:
        t, i = peer.spikes()
    for times, neurons in ((ours.t, ours.i), (t, i)):
        keep = times < duration - 5e-3  # NEST reports the last ones later
        order = np.lexsort((times[keep], neurons[keep]))
        yield neurons[keep][order], times[keep][order]


@pytest.mark.slow
@pytest.mark.parametrize("spread", [False, True])
def test_pieces_make_the_same_spikes_as_one_run(spread):
    """Each piece ends within a window, and some neurons have arrivals on both sides of that."""
    c = circuits.balanced(400, 100, 0.5, seed=1, spread=spread)
    (whole, cells), (pieces, same_cells) = (runners.network(c, "compiled") for _ in range(2))
    whole.run(0.5)
    for end in np.linspace(0.0, 0.5, 301)[1:]:
        pieces.run(until=end)
    a, b = whole.spikes(cells), pieces.spikes(same_cells)
    assert len(a) > 1000
    assert a.i.tolist() == b.i.tolist()
    assert a.t.tolist() == b.t.tolist()


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize("spread", [False, True])
def test_the_balanced_network_agrees_with_nest(spread):
    pytest.importorskip("nest")
    c = circuits.balanced(1000, 100, 0.2, seed=1, spread=spread)
    (i, t), (i_nest, t_nest) = spikes_of_both(c, 0.2, "compiled")
    assert len(t) > 1000
    assert i.tolist() == i_nest.tolist()
    assert np.abs(t - t_nest).max() < 1e-9


@pytest.mark.oracle
def test_a_peer_without_spikes():
    pytest.importorskip("nest")
    c = circuits.driven(40, 10, 0.0, 0.2, seed=1)
    with runners.Peer(c, 0.05, LOSSLESS, sys.executable) as peer:
        _, spikes = peer.run()
    assert c.events(spikes, 0.0, 0.2) == 0


@pytest.mark.oracle
def test_peers_run_side_by_side():
    pytest.importorskip("nest")
    engines = [f"nest {model}" for model in ("iaf_psc_exp", "iaf_psc_exp_ps_lossless")]
    options = Options(size="tiny", engine="reference", peers=True, python={"brian2": "/no/such/interpreter"})
    for name in ("balanced", "plastic"):
        results = [r for r in BENCHMARKS[name].run(options) if "50 x 10" in r.case]
        for case in dict.fromkeys(r.case for r in results):
            ours, grid, exact = (r for r in results if r.case == case)
            assert [grid.engine, exact.engine] == engines
            assert grid.events > 0
            if name == "balanced":  # the same network: the same spikes
                assert exact.events == ours.events


def test_a_peer_that_fails_says_why():
    c = circuits.balanced(20, 5, 0.1, 1)
    pytest.importorskip("nest")
    with pytest.raises(EngineError, match="no_such_model"):
        runners.Peer(c, 0.1, "nest no_such_model", sys.executable)


@pytest.mark.oracle
def test_eprop_beside_nest():
    """The same spikes arrive at as many synapses, and both have neurons that fire."""
    pytest.importorskip("nest")
    lesson = three_factor.Lesson(10, 40, 20.0, 0.6, 1)
    options = Options(size="tiny", engine="reference", peers=True)
    found = {r.engine: r for r in three_factor.measure(lesson, rules.EProp, 0.2, options)}
    assert list(found) == ["eventsnn", three_factor.CLOCKED, *three_factor.PEERS]
    assert len({r.events for r in found.values()}) == 1
    rates = [found[engine].rate for engine in ("eventsnn", *three_factor.PEERS)]
    assert 5.0 < min(rates) <= max(rates) < 60.0
