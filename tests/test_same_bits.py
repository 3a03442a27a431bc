"""Every engine gives the same bits: spikes, weights, rule variables, counts, notes, and everything that still moves.

Most networks here run the kernel's text as plain Python, which needs no compilation, so that each can be another
network; a few shapes are compiled. Buffers, rings and slices are made small, so that all that happens at their ends
happens often.
"""

import collections
import os
import random
import subprocess
import sys

import networks
import numpy as np
import pytest
from networks import END, differences, moving, outcome, random_network

import eventsnn as es
from eventsnn.engines import arrays, compiled

EVENTS = 2000  # networks that run away are of no use here, and busy ones take long
SEEDS = (*range(60), 85, 123)  # the last two have what the others lack: RMax, KolenPollack
RARE = (57, 109, 188, 249)  # rules that are seldom drawn: several spikes, correlation, MultilayerSpiker, axonal delays
SHAPES = (
    35,
    68,
    169,
    188,
    203,
    210,
    313,
)  # quickly compiled; together they have every kind of neuron and guest


@pytest.fixture
def narrow(monkeypatch):
    """Make everything that can be full, or wrap around, small; returns a function that draws how small."""

    def draw(rng):
        monkeypatch.setattr(arrays, "RING", rng.choice([2, 4, 16, 1024]))
        monkeypatch.setattr(arrays, "ENTRIES", rng.choice([1, 1, 1024]))
        monkeypatch.setattr(arrays, "SPIKES", rng.choice([4, 8, 1 << 16]))
        monkeypatch.setattr(compiled, "SLICE", rng.choice([1, 10, 100, 2_000_000]))

    return draw


def expected(seed, shape=None):
    """The network of a seed after a whole run on the reference engine; None for one that runs away."""
    net = random_network(seed, shape=shape)
    if net.plan.width < 1e-12:  # a loop with next to no delay
        return None
    try:
        return net.run(END, max_events=EVENTS)
    except es.RunawayError:
        return None


def cuts(net, rng):
    """Where to divide a run: anywhere, at spikes, and just after them."""
    times = sorted({float(t) for p in net.description.populations for t in net.spikes(p).t}) or [1.0]
    places = [rng.uniform(0.0, END), rng.choice(times), float(np.nextafter(rng.choice(times), END))]
    return sorted(rng.choice(places) for _ in range(rng.randint(0, 5)))


def in_pieces(net, rng, whole, path, shape):
    """Run a network in pieces; between them it is now and then saved, and loaded by either engine."""
    beside = random_network(whole.description.seed, shape=shape)
    for cut in cuts(whole, rng):
        net.run(until=cut)
        assert differences(outcome(beside.run(until=cut)), outcome(net)) == []
        if rng.random() < 0.6:
            net.save(path)
            net = es.Network.load(path, engine=rng.choice(["reference", "compiled"]))
    return net.run(until=END)


def check(seed, narrow, path, shape=None):
    """See that a network gives the same bits, whole and in pieces; return whether it could be run at all."""
    a = expected(seed, shape)
    if a is None:
        return False
    rng = random.Random(seed)
    narrow(rng)
    b = random_network(seed, "compiled", shape).run(END)
    assert (seed, differences(outcome(a), outcome(b))) == (seed, [])
    assert (seed, differences(moving(a), moving(b))) == (seed, [])
    c = in_pieces(random_network(seed, "compiled", shape), rng, a, path, shape)
    assert (seed, differences(outcome(a), outcome(c))) == (seed, [])
    assert (seed, differences(moving(a), moving(c))) == (seed, [])
    return True


@pytest.mark.parametrize("first", range(0, len(SEEDS), 21))
def test_random_networks(first, plain_python, narrow, tmp_path):
    assert sum(check(seed, narrow, tmp_path / "net") for seed in SEEDS[first : first + 21]) > 10


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_random_networks_on_a_grid(first, plain_python, monkeypatch):
    """Messages wait for the next multiple of dt, on either engine for the same one."""
    runs = 0
    for seed in range(first, first + 20):
        dt = random.Random(seed).choice([2.0**-7, 0.01, 0.037])
        nets = [random_network(seed, engine) for engine in ("reference", "compiled")]
        if nets[0].plan.width < 1e-12:
            continue
        for net in nets:
            net.description.grid = net.plan.grid = dt
        try:
            a, b = (net.run(END, max_events=EVENTS) for net in nets)
        except es.RunawayError:
            continue
        assert (seed, differences(outcome(a), outcome(b))) == (seed, [])
        assert (seed, differences(moving(a), moving(b))) == (seed, [])
        runs += 1
    assert runs > 10


@pytest.mark.slow
@pytest.mark.parametrize("first", range(60, 1000, 20))
def test_more_random_networks(first, plain_python, narrow, tmp_path):
    assert sum(check(seed, narrow, tmp_path / "net") for seed in range(first, first + 20)) > 10


@pytest.mark.parametrize("shape", SHAPES)
def test_compiled_networks(shape, narrow, tmp_path):
    assert sum(check(seed, narrow, tmp_path / "net", shape) for seed in range(12)) > 4


@pytest.mark.slow
@pytest.mark.parametrize("shape", RARE)
def test_compiled_networks_with_rare_rules(shape, narrow, tmp_path):
    assert sum(check(seed, narrow, tmp_path / "net", shape) for seed in range(12)) > 3


def test_the_rare_rules_are_there():
    rules = [p.rule for shape in RARE for p in random_network(0, shape=shape).description.projections if p.rule]
    kinds = {type(one) for rule in rules for one in (rule, *rule.parts.values())}
    assert {es.MultiSpikeGradient, es.AxonalDelay, es.MultilayerSpiker, es.Correlation} <= kinds


def test_the_networks_have_everything():
    """The random networks above contain every model and rule, and what is hard about networks."""
    seen, spikes = collections.Counter(), 0
    for seed in SEEDS:
        net = expected(seed)
        if net is None:
            continue
        description, stages = net.description, {c.name: k for k, c in enumerate(net.plan.stages)}
        seen.update({type(p.model) for p in description.populations})
        seen.update({repr(p.model) for p in description.populations if isinstance(p.model, es.processes.Process)})
        for s in net.plan.synapses:
            p = s.projection
            if p.rule is not None:
                seen.update({type(p.rule), *(type(part) for part in p.rule.parts.values())})
            seen[p.port] += 1
            seen["back", p.feedback and p.feedback.kind] += 1
            if len(s):
                seen["zero delay"] += float(s.delay.min()) == 0.0
                seen["hardly a delay"] += 0.0 < float(s.delay.min()) < 1e-8
                seen["many delays"] += len(np.unique(s.delay)) > 3
                seen["many windows"] += float(s.delay.max()) > 1000 * net.plan.width
            seen["recurrent"] += stages[s.post.name] <= stages[s.pre.name]
        pairs = collections.Counter((p.pre.name, p.post.name, p.port) for p in description.projections)
        seen["several"] += max(pairs.values()) > 1
        seen["on a grid"] += networks.Draw(seed, seed).on_grid
        for p in description.populations:
            spikes += len(net.spikes(p))
            seen["silent"] += p.size > len(np.unique(net.spikes(p).i))
            seen["ties"] += len(np.unique(net.spikes(p).t)) < len(net.spikes(p))
    wanted = {*networks.NEURONS, *networks.SOURCES, *networks.RULES, *networks.STEPS, es.Bump, es.WeightSum, es.Clip}
    wanted |= {*networks.MIRRORS, es.LearnedDelays, ("back", "learned")}
    wanted |= {"burst", "nag", "patient", es.Stimulus, es.FirstToSpike, es.MarginRace, es.TargetTimes}
    wanted |= {*networks.PORTS}
    wanted |= {("back", kind) for kind in (None, "symmetric", "random", "broadcast")}
    wanted |= {"zero delay", "hardly a delay", "many delays", "many windows", "recurrent", "several", "on a grid"}
    wanted |= {"silent", "ties"}
    assert {what for what in wanted if not seen[what]} == set()
    assert spikes > 4000


CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
import numba, networks
assert numba.config.DISABLE_JIT
for seed in range(6):
    net = networks.random_network(seed, "compiled", 1).run(3.0)
    assert type(net.engine.module.run) is type(networks.outcome), "compiled after all"
    print(seed, networks.digest(net))
"""


def test_without_the_jit_by_the_environment():
    """NUMBA_DISABLE_JIT=1, with which coverage is measured, runs the same text to the same bits."""
    here = os.path.dirname(__file__)
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", CHILD, here], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wanted = [f"{seed} {networks.digest(random_network(seed, shape=1).run(3.0))}" for seed in range(6)]
    assert done.stdout.split("\n")[:-1] == wanted
