"""Properties of random networks: no crossing is missed, and every spike is one."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import eventsnn as es

ROUNDING = 1e-12  # of the voltage, in units of the threshold


@st.composite
def models(draw):
    """A LIF or IF neuron with any time constants, time constant of order 1."""
    t_refractory = draw(st.sampled_from([0.05, 0.2, 30.0]))  # above 0, so that no network explodes
    reset = draw(st.sampled_from(["to_value", "subtract"]))
    tau_syn = draw(st.sampled_from([0.05, 0.5, 1 / 1.05, 1.0, 1 + 1e-9, 1.2, 8.0]) | st.floats(0.1, 5.0))
    if draw(st.booleans()):
        return es.IF(tau_syn=tau_syn, t_refractory=t_refractory, reset=reset)
    v_leak = draw(st.floats(-0.5, 0.5))
    return es.LIF(tau_mem=1.0, tau_syn=tau_syn, t_refractory=t_refractory, reset=reset, v_leak=v_leak)


@st.composite
def networks(draw):
    """Sources onto two recurrently connected populations, delays per synapse, some of them zero."""
    net = es.Network(seed=draw(st.integers(0, 2**32)))
    x = net.add(es.Poisson(rate=draw(st.floats(0.2, 2.0)), stop=10.0), 4, name="x")
    cells = []
    for name in "ab":
        model = draw(models())
        initial = {"i_bias": es.uniform(0.0, draw(st.floats(0.0, 1.5)))} if isinstance(model, es.LIF) else {}
        cells.append(net.add(model, 3, name=name, record=("spikes", "state"), **initial))
    a, b = cells
    strength = draw(st.floats(0.5, 4.0))
    for y in cells:
        shortest = y.model.time_constants()[-1]
        net.connect(x, y, weight=es.uniform(-strength, 3 * strength / min(1.0, shortest)), delay=es.uniform(0.0, 0.5))
    net.connect(a, b, weight=es.normal(0.0, strength))
    net.connect(b, a, weight=es.normal(0.0, strength), delay=es.uniform(draw(st.floats(1e-3, 1.0)), 1.5))
    net.connect(a, a, weight=es.normal(-0.5 * strength, strength), delay=draw(st.floats(0.01, 2.0)))
    return net, cells


@given(networks())
@settings(max_examples=40)
def test_a_crossing_is_never_missed(case):
    """Between its spikes a voltage sampled densely never lies above the threshold."""
    net, cells = case
    net.run(15.0, max_events=100_000)
    for y in cells:
        for i in range(y.size):
            v = net.state(y, i, np.linspace(0.0, 15.0, 751))["v"]
            assert v.max() <= y.model.v_threshold + ROUNDING * largest(net, y, i)


@given(networks())
@settings(max_examples=40)
def test_every_spike_is_a_crossing(case):
    """Just before each spike the voltage is the threshold, up to what it rises in the last bit of time."""
    net, cells = case
    net.run(15.0, max_events=100_000)
    for y in cells:
        for i, times in net.spikes(y).spike_trains().items():
            if not len(times):
                continue
            before = np.nextafter(times, -np.inf)
            v, slope = net.state(y, i, before)["v"], net.state(y, i, times)["slope"]
            rise = np.abs(slope) * (times - before)
            assert (slope >= -ROUNDING * largest(net, y, i)).all()
            assert (np.abs(v - y.model.v_threshold) <= rise + ROUNDING * largest(net, y, i)).all()


def largest(net, y, i):
    """The largest current that ever flowed there, at least 1: voltages are differences of such numbers."""
    times = np.linspace(0.0, 15.0, 151)
    return max(1.0, float(np.abs(net.state(y, i, times)["i"]).max()))


@given(st.floats(0.05, 20.0), st.floats(-3.0, 8.0), st.floats(-3.0, 8.0), st.floats(-2.0, 2.0), st.floats(0.0, 4.0))
@settings(max_examples=400)
def test_crossing_search_agrees_with_a_dense_scan(tau_syn, w, w_later, v_inf, gap):
    """The closed-form search on its own: the first offset at which the voltage is up, or none."""
    m = es.LIF(tau_mem=1.0, tau_syn=tau_syn)
    c0, c1 = 0.1 - v_inf, 0.0
    for s, weight in ((0.0, w), (gap, w_later)):
        f0, f1 = m.factors(s)
        c0, c1 = c0 + weight * f0, c1 + weight * f1
    grid = gap + np.concatenate([[0.0], np.geomspace(1e-6, 200.0, 1500)])
    v = np.array([m.voltage(c0, c1, v_inf, s) for s in grid])
    found = m.first(c0, c1, v_inf, gap)
    above = grid[v >= m.v_threshold + 1e-12]
    if len(above):
        assert found <= above[0]
    if found < np.inf:
        assert found >= gap
        assert m.voltage(c0, c1, v_inf, found) >= m.v_threshold - 1e-12
        assert (v[grid < found * (1 - 1e-12)] <= m.v_threshold + 1e-12).all()


@given(st.floats(0.05, 20.0), st.floats(0.0, 8.0), st.floats(-2.0, 0.999), st.floats(-2.0, 2.0))
@settings(max_examples=400)
def test_a_neuron_stays_calm_as_long_as_it_says(tau_syn, i, v, v_inf):
    """The bound by which crossings are not looked for: never later than the crossing, and not only 0."""
    m = es.LIF(tau_mem=1.0, tau_syn=tau_syn)
    _, f1 = m.factors(0.0)
    c0, c1 = v - v_inf - m.start(i * f1), i * f1
    calm = m.calm(v_inf, v, i)
    assert calm > 0.0
    assert calm <= m.first(c0, c1, v_inf, 0.0)


@given(st.floats(0.05, 20.0), st.floats(-2.0, 0.999), st.floats(-2.0, 0.999))
@settings(max_examples=400)
def test_the_largest_current_that_is_called_calm_for_ever_fires_nobody(tau_syn, v, v_inf):
    """Found by bisection."""
    m = es.LIF(tau_mem=1.0, tau_syn=tau_syn)
    low, high = 0.0, 1e3
    assert m.calm(v_inf, v, low) == np.inf > m.calm(v_inf, v, high)
    for _ in range(60):
        i = 0.5 * (low + high)
        low, high = (i, high) if m.calm(v_inf, v, i) == np.inf else (low, i)
    c1 = low * m.factors(0.0)[1]
    assert m.first(v - v_inf - m.start(c1), c1, v_inf, 0.0) == np.inf


@given(
    st.floats(0.05, 20.0),
    st.floats(0.0, 8.0),
    st.floats(-2.0, 0.999),
    st.floats(-2.0, 0.9),
    st.floats(0.01, 4.0),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=3),
)
@settings(max_examples=400)
def test_excitation_within_the_headroom_fires_nobody(tau_syn, i, v, v_inf, span, times):
    """Whenever within the span it comes; and with the headroom of all time, ever."""
    m = es.LIF(tau_mem=1.0, tau_syn=tau_syn)
    for horizon in (span, np.inf):
        left = m.headroom(v_inf, v, i, *m.horizon(horizon))
        if left < 0.0:
            continue
        _, f1 = m.factors(0.0)
        c0, c1 = v - v_inf - m.start(i * f1), i * f1
        for s in sorted(times):
            f0, f1 = m.factors(s * span)
            assert m.first(c0, c1, v_inf, 0.0) > min(s * span, horizon)
            c0, c1 = c0 + left / len(times) * f0, c1 + left / len(times) * f1
        end = m.first(c0, c1, v_inf, max(times) * span)
        assert end > horizon or end == np.inf


@st.composite
def moments(draw):
    """A neuron below its threshold, with any current and bias, at offset 0."""
    tau_syn = draw(st.sampled_from([0.0, 0.05, 0.5, 1.0, 1.05, 3.0]))
    m = es.LIF(tau_mem=1.0, tau_syn=tau_syn) if draw(st.booleans()) else es.IF(tau_syn=tau_syn)
    v, i, bias = draw(st.floats(-2.0, 0.999)), draw(st.floats(-8.0, 8.0)), draw(st.floats(-2.0, 2.0))
    cell = SimpleNamespace(v=v, i=i if tau_syn > 0.0 else 0.0, i_bias=bias, c0=0.0, c1=0.0, hold=-1.0, v_hold=0.0)
    m.begin(cell)
    return m, cell


@given(moments(), st.floats(0.01, 4.0))
@settings(max_examples=400)
def test_a_voltage_that_rises_below_threshold_was_nowhere_higher(moment, span):
    """What ends a search for crossings early: the slope's sign at the end of a span."""
    m, cell = moment
    level = m.level(cell)
    b0, b1, g = m.basis(span)
    later = level + cell.c0 * b0 + cell.c1 * b1
    if m.calm(level, later, cell.c1 * g) > 0.0 and m.trend(level, later, cell.c1 * g) >= 0.0:
        assert m.crossing(cell, 0.0) > span


@given(moments(), st.floats(0.0, 4.0))
@settings(max_examples=400)
def test_a_neuron_stays_calm_after_its_refractory_period(moment, hold):
    """Never longer than until the crossing that would come without input."""
    m, cell = moment
    cell.hold, cell.v_hold = hold, cell.v
    assert 0.0 < m.calm_after(cell) <= m.crossing(cell, 0.0) - hold + ROUNDING
