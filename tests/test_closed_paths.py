"""Steps of a signal path in closed form, against 50 digits; and that a surrogate's line is what it says."""

import math
from types import SimpleNamespace

import mpmath as mp
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eventsnn as es
from eventsnn.paths.writing import pairs

MS = 1e-3
Traces = es.path(
    "Traces",
    es.spike()
    >> es.double_exponential(4e-3, 9e-3)
    >> es.gate(es.Triangular())
    >> es.low_pass(20e-3)
    >> es.gate(es.error() >> es.low_pass(30e-3, "tau_error"))
    >> es.weight(es.Sgd(lr=1e-3)),
)


def quad(f, ends):
    """An integral of a smooth function."""
    return mp.quad(f, ends, method="gauss-legendre")


def wave(u, a, b):
    """What a unit in a filter of rate a makes of the next one, of rate b."""
    return b * (mp.exp(-a * u) - mp.exp(-b * u)) / (b - a) if a != b else b * u * mp.exp(-b * u)


def by_fifty_digits(rule, post, h, leak, drive, q, slope):
    """What units of the modes before the gate make of those behind it, and of the change that is due: {(i, j): f}."""
    c, n = rule.circuit, len(rule.circuit.modes)
    r_m, r_s = 1 / mp.mpf(post.tau_mem), 1 / mp.mpf(post.tau_syn)
    rate = {"tau_membrane": r_m, "tau_current": r_s} | {tau: 1 / mp.mpf(getattr(rule, tau)) for tau in c.taus}
    r = [rate[m.tau] for m in c.modes[:-1]]
    gate = next(i for i, m in enumerate(c.modes) if m.surrogate)
    w = [rate[tau] for tau in c.error]

    def passed(j, t):
        psi = q + slope * (leak * mp.exp(-r_m * t) + drive * wave(t, r_s, r_m))
        return psi * (mp.exp(-r[j] * t) if j == gate - 1 else wave(t, r[0], r[1]))

    def kept(i, u):
        """What is left in mode i, u seconds after a unit passed."""
        return r[gate] * (mp.exp(-r[gate] * u) if i == gate else wave(u, r[gate], r[gate + 1]))

    def error(t):
        if len(w) == 2:
            return post.e_1 * mp.exp(-w[1] * t) + post.e_0 * wave(t, *w)
        return post.e_0 * (mp.exp(-w[0] * t) if w else 1)

    def due(t):
        return quad(lambda u: error(t + u) * kept(n - 2, u), [0, h - t]) if gate < n - 1 else error(t)

    found = {}
    for j in range(gate):
        for i in range(gate, n - 1):
            found[i, j] = quad(lambda t, i=i, j=j: passed(j, t) * kept(i, h - t), [0, h])
        with mp.workdps(20):  # of integrals of integrals
            found[n - 1, j] = quad(lambda t, j=j: passed(j, t) * due(t), [0, h])
    return found


@pytest.mark.parametrize(
    ("kind", "taus", "neuron", "steps"),
    [
        (es.EProp, {"tau_out": 20.0}, (20.0, 5.0), [1.0]),  # a filter as slow as the membrane
        (es.EProp, {"tau_out": 20.0}, (20.0, 5.0), [0.05] * 20),
        (es.EProp, {"tau_out": 5.0}, (10.0, 5.0 * (1 + 1e-9)), [40.0]),  # and one nearly as fast as twice that
        (es.SuperSpike, {"tau_rise": 5.0, "tau_decay": 10.0}, (10.0, 5.0), [2.0, 1.0]),
        (es.LocalError, {}, (10.0, 14.0), [0.1] * 10),
        (es.LocalError, {}, (10.0, 14.0), [70.0]),
        (Traces, {}, (10.0, 5.0), [3.0]),
    ],
)
def test_a_step_is_closed_to_twelve_digits(kind, taus, neuron, steps):
    """Whatever the rates of filters and voltage (apart, near or equal), one long step or many short ones."""
    rule = kind(surrogate=es.Triangular(), **{name: MS * tau for name, tau in taus.items()})
    n = len(rule.circuit.modes)
    post = SimpleNamespace(tau_mem=MS * neuron[0], tau_syn=MS * neuron[1], e_0=0.7, e_1=-1.3)
    for i, j in pairs(n):
        setattr(post, f"p_{i}_{j}", float(i == j))
    assert rule.apart(post) == 1.0
    with mp.workdps(50):
        truth = by_fifty_digits(rule, post, sum(map(mp.mpf, steps)) * MS, -0.4, 1.7, 0.8, 0.9)
    leak, drive = -0.4, 1.7
    for h in steps:
        leak, drive = rule.closed(post, h * MS, leak, drive, 0.8, 0.9)
    for i in {i for i, _ in truth}:
        row = {j: f for (k, j), f in truth.items() if k == i}
        scale = max(map(abs, row.values()))
        off = [abs(getattr(post, f"p_{i}_{j}") - f) / scale for j, f in row.items()]
        assert max(off) < 1e-12


@given(
    st.floats(-3.0, 3.0),
    st.floats(0.4, 5.0),
    st.sampled_from([es.Triangular, es.Boxcar, es.Surrogate]),
)
def test_a_piece_is_what_the_surrogate_is_there(x, beta, kind):
    """Its line at x has the value at x."""
    surrogate = kind(beta=beta, height=2.0)
    a, b = surrogate.piece(x)
    assert a + b * x == pytest.approx(surrogate.at(x), abs=1e-14)
    assert surrogate.straight() == 1.0


def test_a_surrogate_is_straight_only_if_its_class_says_so():
    """One that changes `at` alone is no longer what the `piece` of its parent says."""

    class Bent(es.Triangular):
        """A parabola in a triangle's window."""

        def at(self, x):
            """The value at x above threshold."""
            return self.height * max(0.0, 1.0 - self.beta * abs(x)) * abs(x)

    assert [kind().straight() for kind in (Bent, es.FastSigmoid, es.Quadratic, es.EscapeRate)] == [0.0] * 4
    assert math.isinf(Bent().reach(0.0))


@pytest.mark.parametrize("surrogate", [es.Triangular(beta=1.0), es.Boxcar(beta=2.0)])
def test_pauses_take_one_step(surrogate):
    """However long: a step of a second is two of half a second, and none is cut because it is long."""
    steps = []

    class Counted(es.LocalError):
        """Counts its steps."""

    rule = Counted(surrogate=surrogate)
    glide = type(rule).glide_straight
    Counted.glide_straight = lambda self, post, h, *rest: steps.append(h) or glide(self, post, h, *rest)
    post = SimpleNamespace(tau_mem=10e-3, tau_syn=5e-3, e_0=1.0, age=0.0, course=lambda u: (-0.3, -0.2, 0.1, math.inf))
    for i, j in pairs(3):
        setattr(post, f"p_{i}_{j}", float(i == j))
    rule.flow(post, 0.3)
    assert steps == [0.3]
