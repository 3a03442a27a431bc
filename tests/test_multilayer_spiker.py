"""MultilayerSpiker: what hidden neurons learn is the published formula, at every message exactly, on both engines."""

import math

import numpy as np
import pytest
from networks import differences, outcome
from test_escape_noise import clock, integral, psp

import eventsnn as es

OUT = {"tau_mem": 12e-3, "tau_syn": 4e-3, "rate": 100.0, "delta_u": 0.25, "reset": "subtract", "reset_by": "target"}
HIDDEN = {"tau_mem": 10e-3, "tau_syn": 5e-3, "delta_u": 0.15}
TARGET = (0.02, 0.09, 0.3)
END = 0.4
THERE, BACK = 0.3e-3, 0.2e-3  # delays of a hidden spike, and of an error


def taught(outputs=2, w_out=0.4, engine="reference", when="apply"):
    """Six inputs, three hidden neurons of which one is silent, outputs with one target; the gradient at the end."""
    rng = np.random.default_rng(1)
    trains = [np.sort(rng.uniform(0.0, END - 0.05, 12)) for _ in range(6)]
    net = es.Network(seed=3, engine=engine)
    x = net.add(es.SpikeTrain(trains), name="x")
    h = net.add(es.EscapeLIF(**HIDDEN), 3, name="h")
    y = net.add(es.EscapeLIF(**OUT), outputs, name="y")
    w = np.linspace(0.6, 2.8, 18).reshape(6, 3) * [1.0, 1.0, -20.0]
    taus = {"tau_syn_out": OUT["tau_syn"], "tau_mem_out": OUT["tau_mem"]}
    rule = es.MultilayerSpiker(step=es.Sgd(lr=1.0), when=when, **taus)
    plastic = net.connect(x, h, rule, weight=w, delay=1e-3)
    v = np.repeat(w_out * np.array([[1.0], [2.0], [1.5]]), outputs, axis=1)
    above = es.EscapeGradient(
        surrogate=es.EscapeRate(beta=1 / OUT["delta_u"], height=OUT["rate"]),
        step=es.Sgd(lr=0.0), when="apply", errors="return",
    )  # fmt: skip
    net.connect(h, y, above, weight=v, delay=THERE, feedback="symmetric", feedback_delay=BACK)
    net.teach(y, es.TargetTrains([TARGET] * outputs), delay=0.1e-3)
    net.connect(net.add(clock, at=END - 1e-4), h, port="apply")
    net.run(END)
    return net, w - net.matrix(plastic), v, trains


def eligibility(net, trains, t):
    """psp_o * (S_h (psp_h * S_pre)) at a time, for every input and hidden neuron."""
    fired = net.spikes(net.population("h")).spike_trains()
    e = np.zeros((6, 3))
    for i, train in enumerate(trains):
        for j in range(3):
            for f in fired[j]:
                if f < t:
                    e[i, j] += psp(t - f, OUT["tau_mem"], OUT["tau_syn"]) * sum(psp(f - s - 1e-3) for s in train)
    return e


def test_every_message_meets_the_eligibility_of_the_formula():
    """Sum over errors, by plain convolution of the spikes that there were; epochs turn many times on the way."""
    net, gradient, v, trains = taught()
    own = net.spikes(net.population("y"))
    assert len(net.spikes(net.population("h"))) > 20
    assert len(own) > 5
    errors = [(t + 0.1e-3, k, 1.0) for t, k in zip(own.t, own.i, strict=True)]
    errors += [(t + 0.1e-3, k, -1.0) for t in TARGET for k in range(2)]
    expected = np.zeros((6, 3))
    for t, k, value in errors:
        expected += value / OUT["delta_u"] / HIDDEN["delta_u"] * v[:, k] * eligibility(net, trains, t + BACK)
    assert np.abs(expected[:, :2]).min() > 0.1
    assert gradient == pytest.approx(expected, rel=1e-10)
    assert not gradient[:, 2].any()  # a neuron that does not fire does not learn


def psps(times, spikes, tau_mem, tau_syn):
    """The textbook's psp, summed over spikes."""
    u = np.subtract.outer(times, np.asarray(spikes))
    late = np.maximum(u, 0.0)
    return (tau_syn / (tau_mem - tau_syn) * (np.exp(-late / tau_mem) - np.exp(-late / tau_syn))).sum(axis=-1)


def test_the_mean_over_the_outputs_spikes_is_the_published_integral():
    """Of (hazard - target) times the eligibility, by quadrature; 40 outputs fire by chance with one history."""
    n = 40
    net, gradient, v, trains = taught(outputs=n, w_out=0.8)
    fired = net.spikes(net.population("h")).spike_trains()
    target = np.array(TARGET) + 0.1e-3
    out = OUT["tau_mem"], OUT["tau_syn"]
    late = 0.1e-3 + BACK  # how late an error comes to the hidden neurons
    breaks = [target, *(fired[j] + u for j in range(3) for u in (THERE, -late)), np.linspace(0.0, END - late, 400)]
    ends = np.unique(np.concatenate(breaks))
    ends = ends[(ends >= 0.0) & (ends <= END - late)]
    x, q = np.polynomial.legendre.leggauss(6)
    t = (ends[:-1, None] + np.diff(ends)[:, None] * (x + 1.0) / 2.0).ravel()
    dt = (np.diff(ends)[:, None] * q / 2.0).ravel()
    after = np.exp(-np.maximum(t[:, None] - target, 0.0) / OUT["tau_mem"]) * (t[:, None] > target)
    drive = sum(v[j, 0] * psps(t, fired[j] + THERE, *out) for j in range(3))
    hazard = OUT["rate"] * np.exp((drive - after.sum(axis=1) - 1.0) / OUT["delta_u"])
    count = n * hazard @ dt
    assert len(net.spikes(net.population("y"))) == pytest.approx(count, abs=4 * math.sqrt(count))
    checked = 0
    for i, j in np.ndindex(6, 2):

        def e(times):
            passed = psps(fired[j], trains[i] + 1e-3, HIDDEN["tau_mem"], HIDDEN["tau_syn"])  # noqa: B023
            return sum(psps(times, [f], *out) * p for f, p in zip(fired[j], passed, strict=True))  # noqa: B023

        formula = hazard * e(t + late) @ dt - e(target + BACK).sum()
        spread = math.sqrt(hazard * e(t + late) ** 2 @ dt / n)
        found = gradient[i, j] / n * OUT["delta_u"] * HIDDEN["delta_u"] / v[j, 0]
        assert found == pytest.approx(formula, abs=4 * spread)
        checked += abs(formula) > 4 * spread
    assert checked >= 6


@pytest.mark.parametrize("when", ["apply", "spike"])
def test_both_engines_give_the_same_bits(when, plain_python):
    nets = [taught(engine=engine, when=when)[0] for engine in ("reference", "compiled")]
    assert differences(*(outcome(net) for net in nets)) == []


@pytest.mark.parametrize(
    ("chain", "says"),
    [
        (es.spike() >> es.gate(es.own_spikes()) >> es.psp(), "one or two filters"),
        (es.spike() >> es.psp() >> es.gate(es.own_spikes()), "one or two filters"),
        (es.spike() >> es.psp() >> es.gate(es.own_spikes() >> es.hold()) >> es.low_pass(1.0), "stands there once"),
        (es.spike() >> es.psp() >> es.gate(es.Sigmoid()) >> es.gate(es.own_spikes()) >> es.low_pass(1.0), "one by own"),
    ],
)  # fmt: skip
def test_paths_that_make_no_sense_are_refused(chain, says):
    with pytest.raises(es.NetworkError, match=says):
        es.path("Wrong", chain >> es.gate(es.error()) >> es.weight(es.Sgd()))


def test_a_lasting_error_of_a_path_gated_by_own_spikes():
    """Pairs of spikes leave an eligibility that a reward, filtered, turns into a change: against quadrature."""
    kind = es.path(
        "PairsThenReward",
        es.spike() >> es.low_pass(20e-3, "tau_pre") >> es.gate(es.own_spikes()) >> es.low_pass(50e-3, "tau_e")
        >> es.gate(es.error() >> es.low_pass(30e-3, "tau_reward")) >> es.weight(es.Sgd(lr=1.0)),
    )  # fmt: skip
    net = es.Network(seed=1)
    pre, forced, told = [0.01, 0.05, 0.2], [0.03, 0.06, 0.21], [0.02, 0.1]
    x, f = net.add(es.SpikeTrain([pre]), name="x"), net.add(es.SpikeTrain([forced]), name="f")
    y = net.add(es.LIF(tau_mem=10e-3, tau_syn=0.0), name="y")
    plastic = net.connect(x, y, kind(when="apply"), weight=0.0, delay=1e-3)
    net.connect(f, y, weight=2.0)
    net.connect(net.add(es.SpikeTrain([told])), net.add(relay, name="relay"))
    net.connect(net.population("relay"), y, port="error", weight=0.5)
    net.connect(net.add(clock, at=0.3), y, port="apply")
    net.run(0.31)

    def low(t, tau):
        return math.exp(-t / tau) / tau if t >= 0.0 else 0.0

    def eligible(t):
        return sum(low(t - s, 50e-3) * sum(low(s - p - 1e-3, 20e-3) for p in pre) for s in forced)

    def product(t):
        return eligible(t) * sum(0.5 * low(t - e, 30e-3) for e in told)

    breaks = [*forced, *told, *pre]
    assert -net.weights(plastic)[0] == pytest.approx(integral(product, 0.0, 0.3, breaks), rel=1e-10)


def relay(cell):
    """Says 1 for every spike."""
    while True:
        yield cell.receive()
        cell.send("error", 1.0)
