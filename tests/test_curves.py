"""Teachers of graded readouts: at each look the error in a rule's filter is the readout's distance from its curve."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eventsnn as es
from eventsnn import ms

EVERY, TAU = 4 * ms, 15 * ms


def readouts(values, engine="reference"):
    """Two readouts that follow one input, what they should be, and their teacher."""
    net = es.Network(1, engine)
    x = net.add(es.SpikeTrain([[3 * ms, 11 * ms, 30 * ms]]), name="x")
    y = net.add(es.Readout(tau_mem=10 * ms), 2, name="y", record=["state"])
    net.connect(x, y, weight=[[0.7, -0.4]])
    es.teach_readout(net, y, es.TargetCurves(values, every=EVERY, tau=TAU))
    net.record_messages()
    return net


def told(net):
    """What reached each readout as errors: times and values."""
    log = net.messages()
    where = [p.name for p in net.description.projections].index("teacher->y (error)")
    y = net.plan.of(net.population("y")).offset
    mine = log.projection == where
    return [(log.t[mine & (log.target == y + k)], log.value[mine & (log.target == y + k)]) for k in range(2)]


@settings(max_examples=20)
@given(values=st.lists(st.one_of(st.floats(-2.0, 2.0), st.just(math.nan)), min_size=1, max_size=12))
def test_the_filtered_errors_are_the_distances(values):
    """Right after each message; nothing is wanted, and nothing said, where the curve is NaN. It repeats."""
    values = np.array([values, values[::-1]])
    net = readouts(values).run(60 * ms)
    for k, (t, e) in enumerate(told(net)):
        filtered, last = 0.0, 0.0
        known = {}
        for time, value in zip(t, e, strict=True):
            filtered = filtered * math.exp((last - time) / TAU) + value / TAU
            last = time
            known[round(time / EVERY - 0.2)] = time, filtered
        for look in range(1, 14):
            wanted = values[k][(look - 1) % values.shape[1]]
            if math.isnan(wanted):
                assert known.get(look, (0.0, 0.0))[1] == pytest.approx(0.0, abs=1e-12)
            elif look in known:
                v = net.state(net.population("y"), k, look * EVERY)["v"]
                assert known[look][1] == pytest.approx(v - wanted, abs=1e-9)
            else:
                assert wanted == 0.0  # nothing to say


def test_both_engines_tell_the_same(plain_python):
    """To the last bit."""
    values = [[0.3, math.nan, -0.2], [0.0, 0.1, 0.2]]
    one, two = (told(readouts(values, engine).run(50 * ms)) for engine in ("reference", "compiled"))
    for (t, e), (u, f) in zip(one, two, strict=True):
        assert len(t) > 5
        assert np.array_equal(t, u)
        assert np.array_equal(e, f)


def test_a_saved_teacher_goes_on(tmp_path):
    """Between two looks, and the errors are those of a run without a pause."""
    values = [[0.3, math.nan, -0.2], [0.0, 0.1, 0.2]]
    whole, net = readouts(values).run(50 * ms), readouts(values).run(22.5 * ms)
    net.save(tmp_path / "net")
    for (t, e), (u, f) in zip(told(whole), told(es.Network.load(tmp_path / "net").run(27.5 * ms)), strict=True):
        assert np.array_equal(t, u)
        assert np.array_equal(e, f)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"values": [1.0, 2.0]}, r"shape \(2,\)"),
        ({"values": [[]]}, "shape"),
        ({"values": [[math.inf]]}, "finite values"),
        ({"values": [[0.0]], "every": 0.0}, "every is 0.0"),
        ({"values": [[0.0]], "tau": math.inf}, "tau is inf"),
    ],
)
def test_curves_that_cannot_be(arguments, says):
    with pytest.raises(es.NetworkError, match=says):
        es.TargetCurves(**arguments)


def test_a_curve_for_each_readout():
    with pytest.raises(es.NetworkError, match="1 curves for 2 readouts"):
        readouts([[0.0]])
