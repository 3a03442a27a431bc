"""Learning has no phases: a layer changes its weights while the next samples' spikes are already on their way to it."""

import ast
from pathlib import Path

import numpy as np

import eventsnn as es
from eventsnn.events import Kind

PACKAGE = Path(es.__file__).parent
PERIOD, WAY, SECOND = 6.0, 7.0, 0.5  # a sample begins every 6 s; its spikes need 7 s to the hidden layer


def pipeline(samples=60, way=WAY, period=PERIOD):
    """Two layers taught by a stream. Resets and labels travel along with the samples, with the same delays."""
    net = es.Network(seed=3)
    rng = np.random.default_rng(0)
    times = rng.choice([0.0, 1.5], (samples, 3))
    labels = (times[:, 0] != times[:, 1]).astype(int)
    stimulus = net.add(es.Stimulus(times, labels, period=period, passes=1), name="stimulus")
    x = net.add(es.Latency(), 3, name="x")
    h, y = net.add(es.IF(), 5, name="h"), net.add(es.IF(), 2, name="y")
    net.connect(stimulus, x, port="value")
    for layer, delay in ((x, 0.0), (h, way), (y, way + SECOND)):
        net.connect(stimulus, layer, port="reset", delay=delay)

    def rule():
        return es.SpikeTimeGradient(step=es.Adaptive(lr=0.02), mode="immediate")

    xh = net.connect(x, h, rule(), weight=es.uniform(0.3, 1.0), delay=way, record=["weights"], name="x->h")
    net.connect(
        h, y, rule(), weight=es.uniform(0.2, 0.8), delay=SECOND, feedback="symmetric", feedback_delay=0.01, name="h->y"
    )
    teacher = net.teach(y, es.MarginRace(margin=0.5), delay=0.01)
    net.connect(stimulus, teacher, port="label", delay=way + SECOND)
    net.record_messages()
    net.run(samples * period + 3 * period)
    return net, x, xh, times


def test_first_layer_weights_change_while_later_samples_are_on_their_way():
    net, x, xh, times = pipeline()
    m, changes = net.messages(), net.weight_changes(xh)
    first = [p.name for p in net.description.projections].index("x->h")
    arrive = m.t[m.projection == first]
    arrive = arrive[m.port[m.projection == first] == "spike"]
    sent = arrive - WAY
    spikes = net.spikes(x)
    sample_of_spike = (sent // PERIOD).astype(int)
    assert len(arrive) == len(spikes) * 5  # every spike of x, at each of 5 hidden neurons
    # the sample that taught a change: the one whose trial was open at the hidden layer
    taught_by = ((changes.t - WAY) // PERIOD).astype(int)
    assert len(changes.t) > 200
    interleaved = 0
    for t, sample in zip(changes.t, taught_by, strict=True):
        on_the_way = (sent < t) & (t < arrive) & (sample_of_spike > sample)
        interleaved += on_the_way.any()
    assert interleaved > 0.9 * (np.count_nonzero(taught_by < len(times) - 1))
    assert np.unique(taught_by).size > 25  # not one lucky moment: in most samples of the stream
    # and changes fall between the spikes of a stream that goes on: both kinds alternate many times
    order = np.argsort(np.concatenate([spikes.t, changes.t]), kind="stable")
    is_change = (order >= len(spikes.t)).astype(int)
    assert np.count_nonzero(np.diff(is_change)) > 60


def test_the_pipeline_learns_what_one_sample_at_a_time_learns():
    """Every error met the spikes that caused it: with no sample under way during learning, the weights are the same."""
    net, _, xh, _ = pipeline()
    slow, _, slow_xh, _ = pipeline(way=0.25, period=32.0)
    changes, slow_changes = net.weight_changes(xh), slow.weight_changes(slow_xh)
    assert np.array_equal(changes.k, slow_changes.k)
    assert np.allclose(changes.w, slow_changes.w, rtol=0, atol=1e-9)  # times differ by rounding only
    assert np.abs(changes.w[-15:] - changes.initial[changes.k[-15:]]).max() > 0.1  # and something was learned


def test_no_event_and_no_port_is_a_barrier():
    """All kinds of events there are: none of them waits for all neurons."""
    assert {k.name for k in Kind} == {"CROSSING", "APPLY", "RESET", "CONTROL", "ERROR", "SPIKE", "JUMP", "WAKE"}


def test_no_code_waits_for_several_events():
    """No module of the engine or of the rules uses a condition over events, and neurons wait at their mailbox only."""
    waits = set()
    for path in [*PACKAGE.glob("*.py"), *(PACKAGE / "engines").glob("*.py"), *(PACKAGE / "rules").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node, "attr", getattr(node, "id", ""))
            assert name not in ("all_of", "any_of", "AllOf", "AnyOf", "Barrier", "Condition"), (path.name, node.lineno)
            if isinstance(node, ast.Yield) and path.name == "reference.py":
                waits.add(ast.unparse(node))
    assert waits == {"(yield node.mailbox)"}


def test_the_margin_race_answers_while_other_outputs_have_yet_to_fire():
    """A teacher without waiting: it has answered before the last output of that trial fires."""
    net = es.Network()
    y = net.add(es.SpikeTrain([[1.0], [1.2], [3.0]]), name="y")
    ear = net.add(es.IF(), 3)
    teacher = net.add(es.MarginRace(margin=0.5))
    net.connect(y, teacher)
    net.connect(teacher, ear, port="error")

    def label(cell):
        cell.send("label", 0.0)
        yield cell.receive()

    net.connect(net.add(label), teacher, port="label")
    net.record_messages()
    net.run(10.0)
    m = net.messages()
    assert m.t[m.port == "error"].max() == 1.2
