"""Pictures show the results they were given, and a recorded state is exact at any time."""

import subprocess
import sys

import matplotlib
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eventsnn as es
from eventsnn import plot
from eventsnn.record import Spikes, WeightChanges

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.text import Annotation

PERIOD = 8.0


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def learning_xor():
    """Two passes of temporal XOR through two layers that learn."""
    net = es.Network(seed=2)
    data = es.datasets.temporal_xor()
    stimulus = net.add(es.Stimulus(data.times, data.labels, period=PERIOD), name="stimulus")
    x = net.add(es.Latency(), 2, name="x")
    h = net.add(es.IF(), 4, name="h", record=["spikes", "state"])
    y = net.add(es.IF(), 2, name="y", record=["spikes", "state"])
    net.connect(stimulus, x, port="value")
    for layer in (x, h, y):
        net.connect(stimulus, layer, port="reset")
    net.connect(x, h, es.SpikeTimeGradient(), weight=es.uniform(0.5, 2.5), name="x->h", record=["weights"])
    net.connect(h, y, es.SpikeTimeGradient(), weight=es.uniform(0.25, 1.25), feedback="symmetric")
    teacher = net.teach(y, es.FirstToSpike(outputs=2, patience=7.0))
    net.connect(stimulus, teacher, port="label")
    return net.run(8 * PERIOD)


@pytest.fixture(scope="module")
def xor():
    return learning_xor()


@pytest.fixture(scope="module")
def lif():
    net = es.Network(seed=3)
    source = net.add(es.Poisson(rate=60.0), 3, name="input")
    neurons = net.add(es.LIF(t_refractory=2 * es.ms), 3, name="lif", record=["spikes", "state"])
    net.connect(source, neurons, weight=es.uniform(0.5, 3.5))
    return net.run(0.2)


@pytest.fixture(scope="module")
def xor_trials(xor):
    windows = [(k * PERIOD, k * PERIOD + 6.0) for k in range(4)]
    return plot.trials(xor, [xor.population(n) for n in "xhy"], windows, titles=["ee", "el", "le", "ll"])


def segments(ax):
    """(x, lower y, upper y) of every vertical stroke."""
    strokes = [s for c in ax.collections for s in c.get_segments()]
    return np.array([(s[0, 0], s[0, 1], s[1, 1]) for s in strokes])


def labels(ticks):
    return [t.get_text() for t in ticks]


# -- loading ----------------------------------------------------------------------------------------------------------


def test_plot_is_there_without_an_import_of_its_own():
    code = "import sys, eventsnn as e; assert 'matplotlib' not in sys.modules; print(e.plot.raster.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "eventsnn.plot.activity"


# -- raster -----------------------------------------------------------------------------------------------------------


def test_raster_draws_every_spike_in_its_row(xor):
    x, h = (xor.spikes(xor.population(n)) for n in "xh")
    ax = plot.raster(x, h)
    drawn = segments(ax)
    assert len(drawn) == len(x) + len(h) > 0
    np.testing.assert_array_equal(drawn[:, 0], np.concatenate([x.t, h.t]))
    np.testing.assert_allclose(drawn[:, 1:].mean(axis=1), np.concatenate([x.i, 2 + h.i]))
    assert labels(ax.get_yticklabels()) == ["x (2)", "h (4)"]
    np.testing.assert_array_equal(ax.get_yticks(), [0.5, 3.5])  # the middle of rows 0-1 and 2-5
    assert ax.get_xlabel() == "time [s]"


def test_raster_of_many_rows_draws_dots_at_the_same_places():
    rng = np.random.default_rng(1)
    spikes = Spikes(np.sort(rng.uniform(0, 0.5, 400)), rng.integers(0, 300, 400), 300, "many")
    dots = plot.raster(spikes).lines[0]
    np.testing.assert_array_equal(dots.get_xdata(), spikes.t * 1e3)
    np.testing.assert_array_equal(dots.get_ydata(), spikes.i)


@pytest.mark.parametrize(("span", "unit"), [(3.0, "s"), (0.5, "ms"), (2e-4, "µs")])
def test_unit_of_time_follows_the_span(span, unit):
    ax = plot.raster(Spikes(np.array([10.0, 10.0 + span]), np.array([0, 0]), 1, "a"))
    assert ax.get_xlabel() == f"time [{unit}]"


def test_raster_keeps_silent_populations_and_given_axes_colours_labels_and_unit():
    silent = Spikes(np.empty(0), np.empty(0, int), 3, "silent")
    one = Spikes(np.array([0.25]), np.array([0]), 1, "one")
    given = plt.subplots()[1]
    ax = plot.raster(silent, one, ax=given, colors=["red", "lime"], labels=["a", "b"], unit="ms")
    assert ax is given
    assert labels(ax.get_yticklabels()) == ["a", "b"]
    assert segments(ax).tolist() == [[250.0, 3 - 0.38, 3 + 0.38]]
    assert ax.collections[1].get_color().tolist() == [[0, 1, 0, 1]]
    assert ax.get_ylim()[1] > 3


def test_raster_refuses(xor):
    spikes = xor.spikes(xor.population("x"))
    with pytest.raises(es.NetworkError, match="raster got nothing"):
        plot.raster()
    with pytest.raises(es.NetworkError, match="raster got ndarray; give Spikes"):
        plot.raster(spikes, spikes.t)
    with pytest.raises(es.NetworkError, match="2 labels for 1 populations"):
        plot.raster(spikes, labels=["a", "b"])
    with pytest.raises(es.NetworkError, match="no unit of time 'h'; there are s, ms, us"):
        plot.raster(spikes, unit="h")
    with pytest.raises(es.NetworkError, match="colors is empty"):
        plot.raster(spikes, colors=[])


# -- voltage ----------------------------------------------------------------------------------------------------------


def test_voltage_draws_traces_threshold_and_spikes(lif):
    neurons = lif.population("lif")
    t = np.linspace(0.0, 0.2, 501)
    v = [lif.state(neurons, i, t)["v"] for i in range(3)]
    spikes = lif.spikes(neurons)
    ax = plot.voltage(t, v, threshold=1.0, spikes=spikes, labels=["a", "b", "c"])
    traces, (dashed,) = ax.lines[:3], ax.lines[3:]
    for trace, own, name in zip(traces, v, "abc", strict=True):
        np.testing.assert_array_equal(trace.get_ydata(), own)
        np.testing.assert_array_equal(trace.get_xdata(), t * 1e3)
        assert trace.get_label() == name
    assert len({trace.get_color() for trace in traces}) == 3
    assert set(dashed.get_ydata()) == {1.0}
    for strokes, (i, train) in zip(ax.collections, spikes.spike_trains().items(), strict=True):
        assert [s[0, 0] for s in strokes.get_segments()] == (train * 1e3).tolist()
        assert strokes.get_color().tolist() == [list(matplotlib.colors.to_rgba(traces[i].get_color()))]
    assert set(segments(ax)[:, 1]) == {1.0}  # they stand on the threshold
    assert labels(ax.get_legend().get_texts()) == ["a", "b", "c"]
    assert ax.get_xlabel() == "time [ms]"


def test_voltage_of_one_neuron_takes_plain_spike_times():
    ax = plot.voltage([0.0, 1.0, 2.0], [0.0, 0.5, -1.0], spikes=[1.0])
    assert segments(ax)[:, :2].tolist() == [[1.0, 0.5]]  # without a threshold: above the highest voltage
    assert ax.get_legend() is None


@pytest.mark.parametrize(
    ("t", "v", "more", "message"),
    [
        ([], [], {}, r"t has shape \(0,\), v \(0,\)"),
        ([0, 1], [0, 1, 2], {}, r"t has shape \(2,\), v \(3,\)"),
        ([0, 1], [[0, 1, 2]], {}, r"v \(1, 3\)"),
        ([[0, 1]], [0, 1], {}, r"t has shape \(1, 2\)"),
        ([0, 1], [[0, 1], [2, 3]], {"spikes": [[0.5]]}, "spikes of 1 neurons for 2 traces"),
        ([0, 1], [0, 1], {"spikes": Spikes(np.empty(0), np.empty(0), 3)}, "spikes of 3 neurons for 1 traces"),
        ([0, 1], [0, 1], {"labels": ["a", "b"]}, "2 labels for 1 traces"),
    ],
)
def test_voltage_refuses(t, v, more, message):
    with pytest.raises(es.NetworkError, match=message):
        plot.voltage(t, v, **more)
    assert not plt.get_fignums(), "a half-made figure is left"


# -- weights ----------------------------------------------------------------------------------------------------------


def bars(ax):
    return [(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in ax.patches]


def test_weights_of_a_matrix_shows_it_and_counts_every_synapse(xor):
    matrix = xor.matrix(xor.projection("x->h"))
    ax = plot.weights(matrix, bins=5)
    np.testing.assert_array_equal(ax.images[0].get_array(), matrix.T)  # source to the right, target up
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("source neuron", "target neuron")
    histogram = ax.figure.axes[-1]
    counts, edges = np.histogram(matrix, 5)
    np.testing.assert_allclose([b[2] for b in bars(histogram)], counts)
    np.testing.assert_allclose([b[1] for b in bars(histogram)], edges[:-1])
    assert sum(b[2] for b in bars(histogram)) == matrix.size
    shown = ax.images[0].cmap(ax.images[0].norm((edges[:-1] + edges[1:]) / 2))
    np.testing.assert_array_equal([p.get_facecolor() for p in histogram.patches], shown)  # it is the colour scale


def test_a_matrix_of_one_target_has_whole_neurons_on_its_axes():
    ax = plot.weights(np.linspace(0.0, 1.0, 50)[:, None])
    ax.figure.canvas.draw()
    for axis in (ax.xaxis, ax.yaxis):
        ticks = axis.get_majorticklocs()
        assert len(ticks) > 0
        assert (ticks == np.round(ticks)).all()


def test_weights_leaves_out_what_is_no_synapse_and_centres_signs_on_white():
    matrix = np.array([[1.0, np.nan], [-2.0, 0.0]])
    ax = plot.weights(matrix)
    assert ax.images[0].norm(0.0) == 0.5
    assert sum(b[2] for b in bars(ax.figure.axes[-1])) == 3
    assert ax.get_title(loc="right") == "grey: no synapse"


def test_weights_without_a_matrix_is_a_histogram():
    w = np.random.default_rng(0).normal(size=100)
    ax = plot.weights(w, bins=12)
    np.testing.assert_allclose([b[3] for b in bars(ax)], np.histogram(w, 12)[0])
    assert not ax.images
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("weight", "synapses")


def test_weights_of_a_matrix_fit_into_given_axes_under_any_layout():
    for layout in (None, "tight", "constrained"):
        figure, (left, right) = plt.subplots(1, 2, layout=layout)
        assert plot.weights(np.eye(3), ax=left) is left
        figure.canvas.draw()
        boxes = [ax.get_window_extent() for ax in (left, figure.axes[-1], right)]
        assert boxes[0].x1 <= boxes[1].x0 < boxes[1].x1 <= boxes[2].x0


@pytest.mark.parametrize(
    ("w", "message"),
    [
        ([], r"shape \(0,\) with 0 numbers"),
        ([[np.nan, np.nan]], r"shape \(1, 2\) with 0 numbers"),
        (np.ones((2, 2, 2)), r"shape \(2, 2, 2\)"),
        ([1.0, np.inf], "finite"),
    ],
)
def test_weights_refuses(w, message):
    with pytest.raises(es.NetworkError, match=message):
        plot.weights(w)
    assert not plt.get_fignums()


def test_weight_trace_steps_at_every_change(xor):
    projection = xor.projection("x->h")
    changes = xor.weight_changes(projection)
    ax = plot.weight_trace(changes, end=xor.now)
    assert len(ax.lines) == len(changes.initial) == 8
    assert len(changes.t) > 8
    for k, line in enumerate(ax.lines):
        assert line.get_drawstyle() == "steps-post"
        t, w = line.get_xdata(), line.get_ydata()
        own = changes.k == k
        assert t.tolist() == [0.0, *changes.t[own], xor.now]
        assert w.tolist() == [changes.initial[k], *changes.w[own], xor.weights(projection)[k]]
    assert ax.get_xlabel() == "time [s]"


def test_weight_trace_of_some_synapses_in_a_time_span():
    changes = WeightChanges(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 0]), np.array([0.5, 0.6, 0.7]), np.zeros(2))
    ax = plot.weight_trace(changes, synapses=[0], start=1.0, end=2.5, labels=["w"])
    assert ax.lines[0].get_xydata().tolist() == [[1.0, 0.5], [2.5, 0.5]]
    assert labels(ax.get_legend().get_texts()) == ["w"]
    assert labels(plot.weight_trace(changes).get_legend().get_texts()) == ["synapse 0", "synapse 1"]


def test_weight_trace_says_when_it_draws_only_some():
    changes = WeightChanges(np.array([1.0]), np.array([3]), np.array([0.5]), np.zeros(1000))
    ax = plot.weight_trace(changes)
    assert len(ax.lines) == 200
    assert ax.get_title(loc="right") == "200 of 1000 synapses"


def test_weight_trace_refuses():
    changes = WeightChanges(np.array([1.0]), np.array([0]), np.array([0.5]), np.zeros(2))
    with pytest.raises(es.NetworkError, match=r"no synapse \[2\]; the projection has 2"):
        plot.weight_trace(changes, synapses=[0, 2])
    with pytest.raises(es.NetworkError, match="no synapse given"):
        plot.weight_trace(changes, synapses=[])
    with pytest.raises(es.NetworkError, match=r"nothing changes between 5.0 s and 1.0 s"):
        plot.weight_trace(changes, start=5.0)
    with pytest.raises(es.NetworkError, match="1 labels for 2 synapses"):
        plot.weight_trace(changes, synapses=[0, 1], labels=["a"])
    assert not plt.get_fignums()


# -- learning curves --------------------------------------------------------------------------------------------------


def test_learning_curve_is_the_mean_of_the_last_samples(xor):
    notes = xor.notes(xor.population("teacher"), "loss")
    loss = notes[1]
    assert len(loss) == 8
    assert np.isfinite(loss).all()
    ax = plot.learning_curve(notes, window=2, name="loss")
    raw, mean = ax.lines
    np.testing.assert_array_equal(raw.get_ydata(), loss)
    np.testing.assert_array_equal(mean.get_xdata(), np.arange(2, 9))
    np.testing.assert_allclose(mean.get_ydata(), (loss[1:] + loss[:-1]) / 2)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("sample", "loss (mean of last 2)")


def test_learning_curve_of_several_runs_of_accuracy():
    runs = [np.arange(40) % 2, np.ones(40)]
    ax = plot.learning_curve(*runs, window=100, labels=["a", "b"])
    assert len(ax.lines) == 2  # no dots for 0 and 1
    np.testing.assert_allclose(ax.lines[0].get_ydata(), 0.5)
    assert ax.get_ylabel() == "accuracy (mean of last 10)"  # a quarter of 40 at most
    assert ax.get_ylim()[0] == 0.0


def test_learning_curve_marks_infinite_losses_and_leaves_them_out():
    loss = np.array([1.0, np.inf, 3.0, np.inf, np.inf, 5.0, 5.0, 5.0])
    raw, mean, marks = plot.learning_curve(loss, window=2, name="loss").lines
    np.testing.assert_array_equal(raw.get_xdata(), [1, 3, 6, 7, 8])
    np.testing.assert_allclose(mean.get_ydata(), [1.0, 3.0, 3.0, np.nan, 5.0, 5.0, 5.0])
    np.testing.assert_array_equal(marks.get_xdata(), [2, 4, 5])


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30), st.integers(1, 12))
def test_running_mean(values, window):
    expected = [np.mean(values[max(0, k + 1 - window) : k + 1]) for k in range(len(values))]
    np.testing.assert_allclose(plot.running_mean(np.array(values), window), expected, atol=1e-11)


def test_learning_curve_refuses():
    with pytest.raises(es.NetworkError, match="0 runs"):
        plot.learning_curve()
    with pytest.raises(es.NetworkError, match=r"got shape \(0,\)"):
        plot.learning_curve([])
    with pytest.raises(es.NetworkError, match=r"got shape \(2, 2\)"):
        plot.learning_curve(np.ones((2, 2)))
    with pytest.raises(es.NetworkError, match="not NaN"):
        plot.learning_curve([1.0, np.nan])
    with pytest.raises(es.NetworkError, match="window 0"):
        plot.learning_curve([1.0], window=0)
    assert not plt.get_fignums()


# -- the panel --------------------------------------------------------------------------------------------------------


def arrows(ax):
    """(time, foot, tip) of every arrow."""
    return np.array([(a.xy[0], a.xyann[1], a.xy[1]) for a in ax.texts if isinstance(a, Annotation)])


def traces(ax):
    return [line for line in ax.lines if line.get_linestyle() == "-"]


def test_trials_hold_what_the_network_recorded(xor, xor_trials):
    hidden = xor.population("h")
    spikes = xor.spikes(hidden)
    for k, trial in enumerate(xor_trials):
        layer, output = trial.layers
        assert (layer.name, layer.below, layer.threshold, trial.duration) == ("h", "x", 1.0, 6.0)
        own = spikes.between(k * PERIOD, k * PERIOD + 6.0).spike_trains()
        for i in range(4):
            np.testing.assert_array_equal(layer.spikes_out[i], own[i] - k * PERIOD)
            np.testing.assert_array_equal(layer.v[i], xor.state(hidden, i, layer.t + k * PERIOD)["v"])
        assert output.spikes_in is layer.spikes_out
        assert layer.t[0] == 0.0
        assert 5.9 < layer.t[-1] < 6.0


def test_trials_reach_the_threshold_just_before_each_spike_and_the_reset_at_it(xor_trials):
    seen = 0
    for layer in (layer for trial in xor_trials for layer in trial.layers):
        for v, train in zip(layer.v, layer.spikes_out, strict=True):
            for t in train:
                after = int(np.searchsorted(layer.t, t, side="left"))
                assert layer.t[after] == t
                assert v[after] == 0.0
                assert v[after - 1] == pytest.approx(1.0, abs=1e-12)
                seen += 1
    assert seen >= 16


def test_panel_has_a_column_per_trial_and_offset_traces(xor_trials):
    figure = plot.temporal_panel(xor_trials)
    axes = np.reshape(figure.axes, (2, 4))
    assert [ax.get_title() for ax in axes[0]] == ["ee", "el", "le", "ll"]
    assert [labels(ax.get_yticklabels()) for ax in axes[:, 0]] == [
        ["x 0", "x 1", "h 0", "h 1", "h 2", "h 3"],
        ["h 0", "h 1", "h 2", "h 3", "y 0", "y 1"],
    ]
    assert [ax.get_xlabel() for ax in axes[1]] == ["time [s]"] * 4
    for row in (0, 1):
        offsets = []
        for trial, ax in zip(xor_trials, axes[row], strict=True):
            layer = trial.layers[row]
            assert len(traces(ax)) == len(layer.v)
            gaps = [line.get_ydata() - v for line, v in zip(traces(ax), layer.v, strict=True)]
            np.testing.assert_allclose(np.ptp(gaps, axis=1), 0.0, atol=1e-12)  # a trace is only moved, never scaled
            offsets.append(np.mean(gaps, axis=1))
            dashed = [line.get_ydata()[0] for line in ax.lines if line not in traces(ax)]
            np.testing.assert_allclose(dashed, offsets[-1] + 1.0)
        np.testing.assert_allclose(offsets, offsets[0][None].repeat(4, axis=0))  # the same in every trial
        layers = [trial.layers[row] for trial in xor_trials]
        low = np.min([layer.v.min(axis=1) for layer in layers], axis=0) + offsets[0]
        assert (low[1:] > offsets[0][:-1] + 1.0).all(), "a trace runs into the one below"


def test_panel_arrows_stand_at_the_spikes(xor_trials):
    axes = np.reshape(plot.temporal_panel(xor_trials).axes, (2, 4))
    for column, trial in enumerate(xor_trials):
        for ax, layer in zip(axes[:, column], trial.layers, strict=True):
            drawn = arrows(ax)
            out = [
                (t, line.get_ydata()[0] - v[0] + 1.0)
                for v, line, train in zip(layer.v, traces(ax), layer.spikes_out, strict=True)
                for t in train
            ]
            inside = [t for train in layer.spikes_in for t in train]
            assert len(drawn) == len(out) + len(inside) > 0
            np.testing.assert_allclose(drawn[: len(out), :2], out)  # from the threshold of its own trace
            np.testing.assert_array_equal(drawn[len(out) :, 0], inside)
            assert (drawn[:, 2] > drawn[:, 1]).all()  # up
            floor = min(line.get_ydata().min() for line in traces(ax))
            assert (drawn[len(out) :, 2] < floor).all()  # spikes in lie below all traces
            lanes = drawn[len(out) :, 1]
            middles = (lanes + drawn[len(out) :, 2]) / 2
            senders = [i for i, train in enumerate(layer.spikes_in) for _ in train]
            np.testing.assert_allclose(middles, ax.get_yticks()[senders])  # each in the lane with its neuron's name
            low, high = ax.get_ylim()
            assert low < drawn[:, 1].min()
            assert drawn[:, 2].max() < high


def test_panel_keeps_a_neurons_colour_from_its_trace_to_the_next_layer(xor_trials):
    top, bottom = np.reshape(plot.temporal_panel(xor_trials).axes, (2, 4))[:, 0]
    hidden = [line.get_color() for line in traces(top)]
    lanes = [a.arrow_patch.get_edgecolor() for a in bottom.texts if isinstance(a, Annotation)][-4:]
    assert lanes == [matplotlib.colors.to_rgba(c) for c in hidden]
    assert len({*hidden, *(line.get_color() for line in traces(bottom))}) == 6


def plain_trial(v=((0.0, 0.5),), t=(0.0, 1e-3), spikes_in=((),), spikes_out=((),), threshold=None):
    trains = [[np.array(train, float) for train in trains] for trains in (spikes_in, spikes_out)]
    return plot.Trial("a", 2e-3, [plot.Layer("n", "in", np.array(t), np.array(v), *trains, threshold)])


def test_panel_takes_plain_data_without_threshold():
    (ax,) = plot.temporal_panel([plain_trial(spikes_out=[[1e-3]], spikes_in=[[0.5e-3], []])]).axes
    assert len(ax.lines) == 1
    assert ax.get_xlabel() == "time [ms]"
    (out, into) = arrows(ax)
    assert (out[0], into[0]) == (1.0, 0.5)
    assert out[1] == ax.lines[0].get_ydata().max()


def test_panel_gives_a_deep_trace_its_room():
    layer = plain_trial(v=[[0.0, 1.0], [0.0, -6.0], [0.0, 1.0]], spikes_out=[[], [], []], threshold=1.0)
    (ax,) = plot.temporal_panel([layer]).axes
    below, deep, _ = (line.get_ydata() for line in traces(ax))
    assert deep.min() > below.max()


def test_panel_refuses(xor, xor_trials):
    with pytest.raises(es.NetworkError, match="nothing to draw"):
        plot.temporal_panel([])
    with pytest.raises(es.NetworkError, match=r"'a', n: v has shape \(1, 2\), t \(3,\); give \(1 neurons, times\)"):
        plot.temporal_panel([plain_trial(t=[0.0, 1.0, 2.0])])
    with pytest.raises(es.NetworkError, match="spikes of 1 neurons come in and of 2 go out; 1 and 1 are expected"):
        plot.temporal_panel([plain_trial(spikes_out=[[], []])])
    with pytest.raises(es.NetworkError, match="'a' has 1 layers, 'ee' 2"):
        plot.temporal_panel([xor_trials[0], plain_trial()])
    populations = [xor.population(n) for n in "xh"]
    with pytest.raises(es.NetworkError, match="got 1 populations"):
        plot.trials(xor, populations[:1], [(0, 1)])
    with pytest.raises(es.NetworkError, match=r"the window \(2, 2\) is empty"):
        plot.trials(xor, populations, [(0, 1), (2, 2)])
    with pytest.raises(es.NetworkError, match="no windows"):
        plot.trials(xor, populations, [])
    with pytest.raises(es.NetworkError, match="1 titles for 2 windows"):
        plot.trials(xor, populations, [(0, 1), (1, 2)], titles=["a"])
    assert not plt.get_fignums()


# -- the state between events is exact --------------------------------------------------------------------------------


def kernel(tau_mem, tau_syn, u):
    """Voltage u seconds after a unit spike, at 50 digits; tau_mem None: no leak."""
    with mpmath.workdps(50):
        u = mpmath.mpf(u)
        if tau_mem is None:
            return mpmath.mpf(1) if tau_syn == 0 else 1 - mpmath.exp(-u / tau_syn)
        m, s = mpmath.mpf(tau_mem), mpmath.mpf(tau_syn)
        if s == 0:
            return mpmath.exp(-u / m)
        if m == s:
            return u / m * mpmath.exp(-u / m)
        return s / (m - s) * (mpmath.exp(-u / m) - mpmath.exp(-u / s))


def model(tau_mem, tau_syn, **more):
    return es.IF(tau_syn=tau_syn, **more) if tau_mem is None else es.LIF(tau_mem=tau_mem, tau_syn=tau_syn, **more)


def driven(neuron, times, weights):
    """A network of one neuron that gets given spikes."""
    net = es.Network(seed=0)
    source = net.add(es.SpikeTrain([[t] for t in times]))
    cell = net.add(neuron, name="cell", record=["spikes", "state"])
    net.connect(source, cell, weight=np.array(weights)[:, None])
    return net, cell


TIME_CONSTANTS = [
    (None, 1.0),
    (None, 0.0),
    (2.0, 1.0),
    (1.0, 1.0),
    (1.0, 1.0 + 1e-9),
    (1.0, 0.95),
    (0.5, 3.0),
    (1.0, 0.0),
]


@pytest.mark.parametrize(("tau_mem", "tau_syn"), TIME_CONSTANTS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_silent_state_is_the_closed_form_at_any_time(tau_mem, tau_syn, data):
    times = data.draw(st.lists(st.floats(0, 20), min_size=1, max_size=5))
    weights = data.draw(st.lists(st.floats(-0.19, 0.19), min_size=len(times), max_size=len(times)))
    asked = data.draw(st.lists(st.floats(0, 30), max_size=5)) + times  # also at the instants of the events
    net, cell = driven(model(tau_mem, tau_syn), times, weights)
    net.run(30.5)
    assert len(net.spikes(cell)) == 0
    found = net.state(cell, 0, asked)
    for t, v in zip(asked, found["v"], strict=True):
        exact = sum(w * kernel(tau_mem, tau_syn, t - a) for a, w in zip(times, weights, strict=True) if a <= t)
        assert abs(v - exact) < 1e-13


@pytest.mark.parametrize(("tau_mem", "tau_syn"), [c for c in TIME_CONSTANTS if c[1] > 0])
@pytest.mark.parametrize("reset", ["to_value", "subtract"])
def test_state_around_a_spike(tau_mem, tau_syn, reset):
    w, hold, v_reset = 6.0, 0.7, -0.25
    net, cell = driven(model(tau_mem, tau_syn, t_refractory=hold, v_reset=v_reset, reset=reset), [0.3], [w])
    net.run(5.0)
    fired = float(net.spikes(cell).t[0])
    end = fired + hold
    again = net.spikes(cell).t[1] if len(net.spikes(cell)) > 1 else 5.0
    with mpmath.workdps(50):
        exact = mpmath.findroot(lambda t: w * kernel(tau_mem, tau_syn, t - mpmath.mpf(0.3)) - 1, fired)
    assert abs(fired - exact) < 1e-14

    def v(t):
        return net.state(cell, 0, t)["v"][0]

    assert v(np.nextafter(fired, 0)) == pytest.approx(1.0, abs=1e-13)
    held = [v(t) for t in (fired, np.nextafter(fired, 9), fired + hold / 2, np.nextafter(end, 0))]
    np.testing.assert_allclose(held, v_reset, rtol=0, atol=1e-15)
    assert held[0] == held[1] == held[2] == held[3]
    current = w * mpmath.exp((mpmath.mpf(0.3) - end) / tau_syn)
    for t in np.linspace(end, again, 9, endpoint=False)[1:]:
        leak = v_reset if tau_mem is None else v_reset * mpmath.exp((end - t) / tau_mem)
        assert abs(v(t) - (leak + current * kernel(tau_mem, tau_syn, t - end))) < 1e-13
        i = net.state(cell, 0, t)["i"][0]
        assert abs(i - w * mpmath.exp((mpmath.mpf(0.3) - t) / tau_syn)) < 1e-13


@pytest.mark.parametrize("tau_mem", [None, 1.0])
def test_state_at_the_instant_of_an_event_is_that_just_after(tau_mem):
    net, cell = driven(model(tau_mem, 0.0), [1.0, 1.0], [0.5, 0.25])
    net.run(2.0)
    before, at = net.state(cell, 0, [np.nextafter(1.0, 0.0), 1.0])["v"]
    assert (before, at) == (0.0, 0.75)


def test_state_says_what_it_does_not_know(lif):
    with pytest.raises(es.NetworkError, match=r"0.3 s is not known yet"):
        lif.state(lif.population("lif"), 0, [0.1, 0.3])
    with pytest.raises(es.NetworkError, match=r"input\[0\] records no state"):
        lif.state(lif.population("input"), 0, 0.1)
    with pytest.raises(es.NetworkError, match=r"-1.0 s was not recorded"):
        lif.state(lif.population("lif"), 0, -1.0)


def test_looking_changes_no_bit():
    looked, fresh = learning_xor(), learning_xor()
    plot.trials(looked, [looked.population(n) for n in "xhy"], [(0.0, 3.0), (11.3, 20.0)])
    for net in (looked, fresh):
        net.run(2 * PERIOD)
    for name in "xhy":
        a, b = (net.spikes(net.population(name)).t for net in (looked, fresh))
        assert len(a) > 0
        assert a.tobytes() == b.tobytes()
    a, b = (net.weights(net.projection("x->h")) for net in (looked, fresh))
    assert a.tobytes() == b.tobytes()
