"""Ways back for errors: what each kind multiplies with, what it takes from the forward weights, and who says so."""

import numpy as np
import pytest
from test_gradients import NO_CLIP, TARGET, by_edge, label_zero, model_of, usable, worst

import eventsnn as es
from eventsnn.report.transport import find

LENGTH = 12.0  # of a trial [s]


def trial_by_trial(cell):
    """Two patterns in turn, each with a reset, a label, and at the end gather; every third time apply."""
    while True:
        n = cell.state.setdefault("n", 0)
        yield cell.until(LENGTH * n)
        cell.send("reset")
        cell.send("label", float(n % 2))
        yield cell.until(LENGTH * n + 10.0)
        cell.send("gather", 1.0)
        yield cell.until(LENGTH * n + 11.0)
        if n % 3 == 2:
            cell.send("apply", 1.0)
        cell.state["n"] = n + 1


def three_layers(engine, trials=9, mode="gather", middle="sign_symmetric", last="learned", decay=0.05, **pieces):
    """4-5-4-2, with another feedback onto each hidden layer."""
    net = es.Network(seed=3, engine=engine)
    early, late = [LENGTH * n + 0.1 for n in range(0, trials, 2)], [LENGTH * n + 0.1 for n in range(1, trials, 2)]
    trains = [sorted([*early, *[t + 1.5 for t in late]]), sorted([*late, *[t + 1.5 for t in early]])]
    x = net.add(es.SpikeTrain([*trains, *trains]), name="x")
    h, g, y = net.add(es.IF(), 5, name="h"), net.add(es.IF(), 4, name="g"), net.add(es.IF(), 2, name="y")
    pieces = {"step": es.Sgd(lr=0.05), "mode": mode} | pieces
    rule = es.SpikeTimeGradient(**pieces)
    mirror = es.SpikeTimeGradient(mirror=es.KolenPollack(decay=decay), **pieces) if last == "learned" else rule
    own = {"feedback_weight": es.uniform(0.2, 1.0), "feedback_delay": 0.004}
    net.connect(x, h, rule, weight=es.uniform(0.2, 1.2), delay=0.01, name="xh")
    net.connect(h, g, rule, weight=es.uniform(-0.2, 1.2), delay=0.01, feedback=middle, **own, name="hg")
    net.connect(g, y, mirror, weight=es.uniform(0.0, 1.4), delay=0.01, feedback=last, **own, name="gy")
    stimulus = net.add(trial_by_trial, name="stimulus")
    ports = ("reset", "apply", "gather") if mode == "gather" else ("reset", "apply")
    for layer in (h, g, y):
        for port in ports:
            net.connect(stimulus, layer, port=port, delay=0.001, name=f"{port} {layer.name}")
    if mode != "gather":
        net.connect(stimulus, stimulus, port="gather", delay=0.001)
    teacher = net.teach(y, es.TargetTimes([[2.5, 4.0], [4.0, 2.5]]))
    net.connect(stimulus, teacher, port="label", delay=0.001, name="label")
    return net.run(LENGTH * trials)


def synapses(net):
    return {f"{p}.{k}": v for p in ("xh", "hg", "gy") for k, v in net.synapse_state(net.projection(p)).items()}


def test_every_kind_gives_the_same_bits_on_both_engines(plain_python):
    pieces = {
        "step": es.Sign(lr=0.01),
        "norm": es.NeuronNorm(),
        "schedule": es.Stairs(every=3.0, by=0.5),
        "cost": es.Penalty(amount=0.01),
        "silence": es.RateTarget(low=0.9, gain=0.1),
    }
    one, other = (three_layers(engine, **pieces) for engine in ("reference", "compiled"))
    a, b = synapses(one), synapses(other)
    for name, value in a.items():
        assert np.array_equal(value, b[name]), name
    for p in ("hg", "gy"):
        back = one.feedback_weights(one.projection(p))
        assert np.array_equal(back, other.feedback_weights(other.projection(p)))
        assert one.feedback_angle(one.projection(p)) == other.feedback_angle(other.projection(p))
    assert a["gy.errors_back"] > 20
    assert a["hg.errors_back"] > 20


def test_the_report_says_what_each_way_back_takes_from_the_forward_weights():
    net = three_layers("reference")
    found = {t.back: t for t in find(net.plan, net.engine)}
    assert found["hg (back)"].found == "signs"
    assert found["hg (back)"].same_signs == 1.0
    assert found["gy (back)"].found == "none"
    asked = [r for r in net.relaxations() if r.relaxation.name == "weight_transport"]
    assert [str(r) for r in asked] == ["hg needs weight_transport('signs'): feedback=\"sign_symmetric\""]
    w, back = net.weights(net.projection("hg")), net.feedback_weights(net.projection("hg"))
    assert np.array_equal(np.sign(w), np.sign(back))
    assert (w < 0).any()
    state = net.report().to_dict()["projections"]
    gy = next(row for row in state if row["name"] == "gy")
    assert "syn.back" in [v["name"] for v in gy["state"]]  # the learned weight is memory, and is counted


def test_a_learned_way_back_turns_to_the_forward_weights():
    start, half, after = (three_layers("reference", trials=n, mode="immediate", decay=0.05) for n in (1, 60, 150))
    w, back = after.weights(after.projection("gy")), after.feedback_weights(after.projection("gy"))
    changed = w != start.weights(start.projection("gy"))  # the neuron that always comes too late gets no errors
    assert changed.sum() == 6
    assert w[changed] == pytest.approx(back[changed], abs=2e-3)
    assert (
        np.abs(half.weights(half.projection("gy")) - half.feedback_weights(half.projection("gy")))[changed].max() > 0.01
    )
    assert back[~changed].tolist() == start.feedback_weights(start.projection("gy"))[~changed].tolist()
    kept = three_layers("reference", trials=60, mode="immediate", decay=0.0)
    gap = kept.feedback_weights(kept.projection("gy")) - kept.weights(kept.projection("gy"))
    fresh = three_layers("reference", trials=1, mode="immediate", decay=0.0)
    first = fresh.feedback_weights(fresh.projection("gy")) - fresh.weights(fresh.projection("gy"))
    assert gap == pytest.approx(first, abs=1e-12)  # without decay the difference stays


def test_the_difference_of_a_pair_decays_with_every_change():
    decay = 0.03
    one = three_layers("reference", trials=1, mode="immediate", decay=decay)
    many = three_layers("reference", trials=14, mode="immediate", decay=decay)
    gap = [n.feedback_weights(n.projection("gy")) - n.weights(n.projection("gy")) for n in (one, many)]
    changes = np.log(gap[1] / gap[0]) / np.log(1.0 - decay)
    assert changes == pytest.approx(np.round(changes), abs=1e-8)
    assert 5 < changes.max() <= 14


def test_signs_of_the_forward_weights_as_they_are_carry_errors_back():
    checked = 0
    for plain in usable(range(500, 600)):
        if len(plain.weights) < 2:
            continue
        rng = np.random.default_rng(checked)
        size = [rng.uniform(0.1, 1.0, w.shape) for w in plain.weights]
        net = es.Network()
        layers = [net.add(es.SpikeTrain([[t] if np.isfinite(t) else [] for t in plain.start]), name="layer0")]
        projections = []
        for k, (w, d) in enumerate(zip(plain.weights, plain.delays, strict=True)):
            layers.append(net.add(model_of(plain), w.shape[1], name=f"layer{k + 1}"))
            rule = es.SpikeTimeGradient(step=es.Sgd(lr=0.1), mode="accumulate", clip=NO_CLIP)
            way = {"feedback": "sign_symmetric", "feedback_weight": size[k], "feedback_delay": 0.003} if k else {}
            projections.append(net.connect(layers[-2], layers[-1], rule, weight=w, delay=d, **way))
        teacher = net.teach(layers[-1], es.TargetTimes([[TARGET] * layers[-1].size]), delay=0.002)
        net.connect(net.add(label_zero), teacher, port="label")
        net.run(200.0)
        outputs = plain.outputs()
        back = [np.sign(w) * s for w, s in zip(plain.weights, size, strict=True)]
        expected, _ = plain.backward(np.where(np.isfinite(outputs), outputs - TARGET, 0.0), back=[None, *back[1:]])
        assert worst([by_edge(net, p, "syn.gradient") for p in projections], expected) < 1e-9
        checked += 1
    assert checked > 25


def small(rule=None, **feedback):
    net = es.Network()
    h, y = net.add(es.IF(), 3, name="h"), net.add(es.IF(), 2, name="y")
    weight = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    return net, net.connect(h, y, rule or es.SpikeTimeGradient(), weight=weight, delay=0.1, **feedback)


@pytest.mark.parametrize(
    ("rule", "feedback", "error", "words"),
    [
        (None, {"feedback": "mirrored"}, es.NetworkError, "no feedback 'mirrored'"),
        (None, {"feedback": "learned"}, es.NetworkError, "needs feedback_weight"),
        (None, {"feedback": "learned", "feedback_weight": 0.1}, es.NetworkError, "State `back`"),
        (None, {"feedback": "sign_symmetric", "feedback_weight": -0.1}, es.NetworkError, "cannot be a magnitude"),
        (
            None,
            {"feedback": "sign_symmetric", "feedback_weight": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]},
            es.LocalityError,
            "are its forward weights",
        ),
        (
            es.SpikeTimeGradient(mirror=es.KolenPollack()),
            {"feedback": "learned", "feedback_weight": [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]},
            es.LocalityError,
            "are its forward weights",
        ),
        (
            es.SpikeTimeGradient(mirror=es.KolenPollack()),
            {"feedback": "random", "feedback_weight": es.uniform(0.1, 1.0)},
            es.NetworkError,
            "does not use them",
        ),
    ],
)
def test_a_way_back_that_cannot_be_is_refused(rule, feedback, error, words):
    with pytest.raises(error, match=words):
        small(rule, **feedback)[0].run(1.0)


def test_a_projection_without_a_way_back_has_no_angle():
    net, hy = small()
    with pytest.raises(es.NetworkError, match="has no feedback of its own"):
        net.feedback_angle(hy)


def test_the_angle_is_that_between_the_vectors():
    back = np.array([[0.2, -0.1], [0.4, 0.4], [0.1, 0.9]])
    net, hy = small(feedback="random", feedback_weight=back)
    w = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    cosine = (w @ back.ravel()) / np.sqrt((w @ w) * (back.ravel() @ back.ravel()))
    assert net.feedback_angle(hy) == pytest.approx(np.degrees(np.arccos(cosine)), rel=1e-9)
