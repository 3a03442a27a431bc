"""Spike times, states and kernels of LIF and IF against 50-digit answers, and over very long times."""

import itertools
import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from oracles import exact, twin
from oracles.exact import Cell

import eventsnn as es

TOLERANCE = 1e-12  # of a time constant, where the voltage meets the threshold at a slope of at least 1/tau
RATIOS = [0.0, 1.0, 1 + 2**-52, 1 - 1e-12, 1 - 1e-9, 1 - 1e-6, 1 / 1.01, 1.01, 1 / 1.09, 1 / 1.11, 1.11, 0.5, 2.0]
RATIOS += [0.01, 100.0]
FAST = settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.filter_too_much])


def decided(answer, until):
    """Whether float64 can tell: no peak only touches the threshold, and no spike falls on the end of the run."""
    return answer.missed > 1e-11 and all(abs(t - until) > 1e-9 for t in answer.times)


def check(cell, inputs, until, answer=None, states=True):
    """Our spikes and states are the oracle's; return how many spikes there were."""
    answer = answer or exact.simulate(cell, inputs, until)
    assert decided(answer, until), "choose another case"
    net, y = twin.network(cell, inputs)
    net.run(until=until)
    times = net.spikes(y).t
    assert len(times) == len(answer.times)
    tau = cell.tau_mem if cell.leaky else cell.tau_syn or 1.0
    flattest = 1.0  # an error of the voltage moves a spike by 1/slope, and with it all later ones
    for ours, theirs, slope in zip(times, answer.times, answer.slopes, strict=True):
        flattest = max(flattest, float(1 / (slope * tau)) if slope > 0 else 1.0)
        assert abs(mp.mpf(ours) - theirs) <= TOLERANCE * tau * flattest
    if states:
        check_states(net, y, answer, until, flattest)
    return len(times)


def check_states(net, y, answer, until, flattest):
    """v and i between the events are the oracle's."""
    starts = [float(p.start) for p in answer.pieces] + [until]
    between = [a + f * (b - a) for a, b in itertools.pairwise(starts) for f in (0.3, 0.9) if b - a > 1e-6]
    state = net.state(y, 0, between)
    for t, v, i in zip(between, state["v"], state["i"], strict=True):
        exact_v, exact_i = answer.at(t)
        assert abs(v - exact_v) <= 1e-11 * flattest
        assert abs(i - exact_i) <= 1e-11 * flattest


@st.composite
def lif_cells(draw):
    tau = draw(st.sampled_from([1.0, 20e-3]))
    return Cell(
        tau_mem=tau,
        tau_syn=tau * draw(st.sampled_from(RATIOS)),
        v_reset=draw(st.sampled_from([0.0, -0.5])),
        v_leak=draw(st.sampled_from([0.0, -0.7, 0.3])),
        t_refractory=tau * draw(st.sampled_from([0.0, 0.3, 40.0])),
        subtract=draw(st.booleans()),
        i_bias=draw(st.sampled_from([0.0, 0.5, 0.9, 1.2, 3.0])),
    )


@st.composite
def trains(draw, unit, most=12):
    """Inputs with silences, coincidences and t = 0 among them; weights sum to no runaway."""
    gap = st.one_of(st.just(0.0), st.floats(1e-6, 3.0), st.floats(30.0, 60.0))
    gaps = draw(st.lists(gap, min_size=1, max_size=most))
    weight = st.floats(-3.0, 6.0).map(lambda w: round(w, 3))
    weights = draw(st.lists(weight, min_size=len(gaps), max_size=len(gaps)))
    return list(zip((unit * np.cumsum(gaps)).tolist(), weights, strict=True))


@given(st.data())
@FAST
def test_lif_spikes_when_the_oracle_says(data):
    cell = data.draw(lif_cells())
    assume(cell.tau_syn > 0 or not cell.subtract or cell.t_refractory > 0)  # else above threshold after the reset
    inputs = data.draw(trains(cell.tau_mem))
    until = inputs[-1][0] + 8 * cell.tau_mem
    answer = exact.simulate(cell, inputs, until)
    assume(decided(answer, until))
    check(cell, inputs, until, answer)


@given(st.data())
@FAST
def test_if_spikes_when_the_oracle_says(data):
    tau = data.draw(st.sampled_from([0.0, 1.0, 5e-3]))
    cell = Cell(
        tau_mem=math.inf,
        tau_syn=tau,
        v_reset=data.draw(st.sampled_from([0.0, -0.5])),
        t_refractory=(tau or 1.0) * data.draw(st.sampled_from([0.3, 40.0, math.inf])),
        subtract=data.draw(st.booleans()),
    )
    inputs = data.draw(trains(tau or 1.0))
    until = inputs[-1][0] + 8 * (tau or 1.0)
    answer = exact.simulate(cell, inputs, until)
    assume(decided(answer, until))
    check(cell, inputs, until, answer)


def seeded_case(seed, ratio):
    rng = np.random.default_rng([seed, round(1000 * ratio)])
    span = 10 * max(1.0, min(ratio, 5.0))
    cell = Cell(1.0, ratio, t_refractory=rng.choice([0.0, 0.3]), subtract=bool(rng.integers(2)) and ratio > 0,
                i_bias=rng.choice([0.0, 0.5, 1.2]))  # fmt: skip
    times = np.sort(rng.uniform(0, span, 25))
    weights = rng.uniform(-2, 5, 25) / min(1, 4 * ratio or 1)
    return cell, list(zip(times.tolist(), weights.tolist(), strict=True)), span + 3


@pytest.mark.parametrize("ratio", RATIOS)
def test_dense_input(ratio):
    assert sum(check(*seeded_case(seed, ratio), states=False) for seed in range(4)) > 20


@pytest.mark.slow
@pytest.mark.parametrize("ratio", RATIOS)
def test_dense_input_at_length(ratio):
    assert sum(check(*seeded_case(seed, ratio), states=False) for seed in range(10, 35)) > 150


@pytest.mark.parametrize("ratio", [r for r in RATIOS if r > 0])
def test_oracle_is_the_sum_over_its_inputs(ratio):
    cell = Cell(1.0, ratio, v_leak=-0.25, i_bias=0.125)
    inputs = [(0.0, 0.1), (0.5, -0.2), (0.5, 0.3), (2.0, 0.15)]
    run = exact.simulate(cell, inputs, 5.0)
    assert not run.times
    for t in (0.25, 0.5, 1.0, 2.5, 4.75):
        assert abs(run.at(t)[0] - exact.superposition(cell, inputs, t)) < mp.mpf(10) ** -30


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("leaky", [True, False])
def test_psp_and_its_slope(ratio, leaky):
    cell = Cell(1.0 if leaky else math.inf, ratio)
    m = twin.model(cell)
    for u in (0.0, 1e-9, 1e-3, 0.1, 1.0, 3.0, 30.0, 1e4):
        piece = exact.Piece(cell, mp.mpf(0), mp.mpf(ratio == 0), mp.mpf(ratio > 0), False)
        assert m.psp(u) == pytest.approx(float(piece.at(mp.mpf(u))[0]), rel=1e-13, abs=1e-16 * min(1, u))
        slope = float(piece.slope(mp.mpf(u)))
        assert m.psp_slope(u) == pytest.approx(slope, rel=1e-12, abs=3e-16 / (ratio if not leaky and ratio else 1.0))
    assert m.psp(-1e-3) == 0.0
    assert m.psp_slope(-1e-3) == 0.0


@pytest.mark.parametrize("ratio", [r for r in RATIOS if r > 0])
@pytest.mark.parametrize("leaky", [True, False])
def test_slope_at_the_spike(ratio, leaky):
    cell = Cell(1.0 if leaky else math.inf, ratio, t_refractory=1.0)
    inputs = [(0.1, 3.0 + 30.0 * max(ratio, 1 / ratio)), (0.15, -0.5)]
    answer = exact.simulate(cell, inputs, 0.9)
    net, y = twin.network(cell, inputs)
    net.run(until=0.9)
    slope = net.state(y, 0, net.spikes(y).t)["slope"]
    assert len(slope) == len(answer.slopes) == 1
    assert slope[0] == pytest.approx(float(answer.slopes[0]), rel=1e-12)


# -- special instants ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", RATIOS[1:])
def test_voltage_that_rises_and_falls_between_two_messages(ratio):
    """One input whose peak is a little above threshold; nothing else ever happens."""
    cell = Cell(1.0, ratio)
    highest = peak(cell)
    for excess in (1e-2, 1e-6, 1e-9):
        assert check(cell, [(0.125, (1 + excess) / highest)], 1000.0, states=False) == 1
        assert check(cell, [(0.125, (1 - excess) / highest)], 1000.0, states=False) == 0


def peak(cell):
    """The highest voltage that one input of weight 1 causes."""
    tm, ts = mp.mpf(cell.tau_mem), mp.mpf(cell.tau_syn)
    u = tm if tm == ts else tm * ts / (tm - ts) * mp.log(tm / ts)
    return float(cell.psp(u))


@pytest.mark.parametrize("ratio", RATIOS[1:])
def test_tangency(ratio):
    """A peak within a few units in the last place of the threshold may count or not; if it does, it is at the peak."""
    cell = Cell(1.0, ratio)
    weight = 1 / peak(cell)
    top = float(mp.mpf(ratio) / (1 - mp.mpf(ratio)) * -mp.log(mp.mpf(ratio))) if ratio != 1 else 1.0
    fired = []
    for ulps in range(-40, 41):
        times = twin.spike_times(cell, [(0.0, weight * (1 + ulps * 2**-52))], 100.0)
        fired.append(len(times))
        if len(times):
            assert times[0] == pytest.approx(top, abs=1e-6 * max(1, ratio))
    assert fired[0] == 0
    assert fired[-1] == 1


@pytest.mark.parametrize("tau_syn", [0.0, 0.25, 1.0, 1.05])
def test_inputs_together_count_as_their_sum(tau_syn):
    cell = Cell(1.0, tau_syn)
    net, y = twin.network(cell, [(0.5, 9.0), (0.5, -9.0), (0.5, 0.2), (1.5, 3.0), (1.5, 3.0), (1.5, 3.0)])
    net.run(4.0)
    alone = twin.spike_times(cell, [(0.5, 0.2), (1.5, 9.0)], 4.0)
    np.testing.assert_allclose(net.spikes(y).t, alone, rtol=0, atol=1e-13)
    assert len(alone)
    assert alone[0] >= 1.5


@pytest.mark.parametrize("tau_syn", RATIOS)
def test_input_at_time_zero(tau_syn):
    assert check(Cell(1.0, tau_syn), [(0.0, 4.0 / min(tau_syn or 1.0, 1.0))], 3.0) >= 1
    if tau_syn == 0.0:
        assert twin.spike_times(Cell(1.0, 0.0), [(0.0, 4.0)], 3.0).tolist() == [0.0]


def test_initial_voltage_above_threshold_fires_at_time_zero():
    net = es.Network()
    y = net.add(es.LIF(), v=1.5)
    assert net.run(0.1).spikes(y).t.tolist() == [0.0]


@pytest.mark.parametrize("ratio", RATIOS)
def test_inputs_exactly_at_window_boundaries(ratio):
    cell = Cell(1.0, ratio, i_bias=0.4, t_refractory=0.5)
    width = twin.network(cell, [])[0].plan.width
    rng = np.random.default_rng(5)
    grid = np.unique(rng.integers(0, 12, 10)) * width
    inputs = list(zip(grid.tolist(), (rng.uniform(2, 6, 10) / min(1, ratio or 1)).tolist(), strict=False))
    assert check(cell, inputs, grid[-1] + 5.0) > 0


@pytest.mark.parametrize("t_refractory", [0.1, 0.3, 7.7, 33.3])
@pytest.mark.parametrize("early", [0.0, 1e-9])
def test_delta_pulse_exactly_at_the_end_of_the_refractory_period(t_refractory, early):
    """A pulse is lost in the refractory period and counts at its very end, here as the neuron's own echo."""
    net = es.Network()
    x = net.add(es.SpikeTrain([[0.3]]))
    y = net.add(es.LIF(tau_mem=1.0, tau_syn=0.0, t_refractory=t_refractory), record=("spikes", "state"))
    net.connect(x, y, weight=2.0)
    net.connect(y, y, weight=2.0, delay=t_refractory - early)
    net.run(10.5 * t_refractory)
    echoes = twin.instants(net, y)
    if early:
        assert len(echoes) == 1
        return
    assert len(echoes) == 11 if t_refractory > 0.3 else len(echoes) >= 8
    for k, t in enumerate(echoes):
        assert abs(t - Fraction(0.3) - k * Fraction(t_refractory)) <= k * Fraction(math.ulp(16 + t_refractory))


@pytest.mark.parametrize("ratio", [0.0, 0.25, 1.0, 1.05, 4.0])
def test_refractory_period_of_many_windows(ratio):
    """The current goes on while the voltage is held; what is left of it counts afterwards."""
    cell = Cell(1.0, ratio, t_refractory=50.0, i_bias=0.3)
    more = 1 / min(ratio or 1, 1)
    inputs = [(0.25, 8.0 * more), (20.0, 9.0), (50.25, 2.0 * more), (51.0, 3.0), (90.0, 9.0), (102.0, 9.0)]
    net, _ = twin.network(cell, inputs)
    assert net.plan.width < 50.0 / 2
    assert check(cell, inputs, 160.0) >= 2


def test_infinite_refractory_period_waits_for_a_reset():
    net = es.Network()
    x = net.add(es.SpikeTrain([[0.1, 0.2, 1.1]]))
    r = net.add(es.SpikeTrain([[1.0]]))
    y = net.add(es.LIF(tau_mem=1.0, tau_syn=0.0, t_refractory=math.inf))
    net.connect(x, y, weight=2.0)
    relay = net.add(send_reset)
    net.connect(r, relay)
    net.connect(relay, y, port="reset")
    assert net.run(3.0).spikes(y).t.tolist() == [0.1, 1.1]


def send_reset(cell):
    while True:
        yield cell.receive()
        cell.send("reset")


# -- very long times ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("silence", [5e3, 2.0**33])
def test_thousands_of_time_constants_of_silence(ratio, silence):
    """After any silence the neuron answers as at the beginning, bit for bit."""
    cell = Cell(1.0, ratio, v_reset=-0.5)
    first = [(0.0, 0.3), (0.25, 5.0 / min(ratio or 1, 1)), (0.5, -0.5), (2.5, 5.0 / min(ratio or 1, 1))]
    width = Fraction(twin.network(cell, [])[0].plan.width)
    later = math.ceil(Fraction(silence * max(1, ratio)) / width) * width
    net, y = twin.network(cell, first + [(float(later) + t, w) for t, w in first])
    net.run(until=2 * float(later))
    times = twin.instants(net, y)
    n = len(times) // 2
    assert 1 <= n < 600  # of each, so the current has faded
    assert [t + later for t in times[:n]] == times[n:]


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.05])
def test_bias_alone_after_a_current_has_faded_to_nothing(ratio):
    """The last denormal remainder of a current must not mislead the search for the crossing."""
    cell = Cell(1.0, ratio, i_bias=1.5)
    times = twin.spike_times(cell, [(0.0, 0.1)], 2000.0)
    intervals = np.diff(times[40:])
    np.testing.assert_allclose(intervals, math.log(3.0), rtol=0, atol=1e-12)
    assert len(times) == pytest.approx(2000.0 / math.log(3.0), abs=2)


@pytest.mark.parametrize("tau_syn", [0.0, 5e-3, 20e-3])
def test_regular_firing_does_not_drift(tau_syn):
    """Every interval is exact, so errors add up as rounding errors do and no faster."""
    cell = Cell(20e-3, tau_syn, i_bias=1.5, t_refractory=2e-3)
    net, y = twin.network(cell, [])
    net.run(60.0)
    times = twin.instants(net, y)
    period = Fraction(str(mp.mpf(cell.tau_mem) * mp.log(3) + mp.mpf(cell.t_refractory)))
    assert len(times) > 2000
    drift = [float(abs(t - times[0] - k * period)) for k, t in enumerate(times)]
    assert all(d <= 4 * 2**-52 * k * period for k, d in enumerate(drift))
    assert max(abs(float(b - a - period)) for a, b in itertools.pairwise(times)) < 1e-16


@pytest.mark.parametrize("start", [0, 2**20, 2**40])
def test_delays_keep_their_precision_at_any_time(start):
    """Two neurons that wake each other: after a million seconds the intervals are as exact as at the beginning."""
    delay = 1e-3
    net = es.Network()
    x = net.add(es.SpikeTrain([[float(start)]]))
    y = net.add(es.LIF(tau_mem=1e-3, tau_syn=0.0), 2, record=("spikes", "state"))
    net.connect(x, y, weight=[[1.5, 0.0]])
    net.connect(y, y, weight=[[0.0, 1.5], [1.5, 0.0]], delay=delay)
    net.run(until=start + 2.0)
    windows = start / net.plan.width
    assert windows >= 1e9 or start < 2**40
    times = twin.instants(net, y)
    assert len(times) == 1000
    for k, t in enumerate(times):
        assert abs(t - start - 2 * k * Fraction(delay)) <= 2 * k * Fraction(2) ** -62
