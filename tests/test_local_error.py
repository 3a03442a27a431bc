"""Layers that learn from readouts of their own: what is sent, that they learn, the same bits on both engines."""

import networks
import numpy as np
import pytest

import eventsnn as es

PERIOD, TOLD, SAMPLES = 0.1, 30, 40
FLAT = es.FastSigmoid(beta=2.0)
FORMS = {
    "held": (es.LocalError(surrogate=FLAT, step=es.Sgd(lr=10.0)), es.SampledError(every=10e-3, threshold=0.05)),
    "triggered": (
        es.ErrorTriggered(surrogate=FLAT, step=es.Sgd(lr=0.1)),
        es.SampledError(every=10e-3, form="event", threshold=0.25),
    ),
}


def network(form, engine="reference", seed=1, layers=1, told=TOLD, samples=SAMPLES):
    """Two classes of samples, told by which of four inputs are busy; returns (net, readouts, labels)."""
    (rule, sampled), rng = FORMS[form], np.random.default_rng(seed)
    labels = rng.integers(0, 2, samples)
    rates = np.where(labels[:, None] == [0, 0, 1, 1], 120.0, 15.0)
    known = np.where(np.arange(samples) < told, labels, -1)
    net = es.Network(seed, engine)
    pre = net.add(es.SpikeTrain(es.rate_trains(rates, PERIOD, seed)), name="x")
    stimulus = net.add(es.Stimulus(np.zeros((samples, 1)), known, PERIOD, passes=1), name="stimulus")
    made = []
    for k in range(layers):
        layer = net.add(es.LIF(tau_mem=10e-3, tau_syn=5e-3), 8, name=f"layer {k}")
        net.connect(pre, layer, rule, weight=es.uniform(0.0, 1.6))
        made.append(es.connect_local_readout(net, layer, stimulus, 2, sampled=sampled, record=["state"]))
        pre = layer
    return net, made, labels


def right(net, readout, labels, since):
    """Fraction of the samples from number `since` on whose class has the larger readout, on average over the sample."""
    looks = PERIOD * (np.arange(since, len(labels))[:, None] + np.linspace(0.3, 0.99, 12))
    values = [net.state(readout, k, looks.ravel())["v"].reshape(looks.shape).mean(axis=1) for k in range(2)]
    return float(np.mean(np.argmax(values, axis=0) == labels[since:]))


@pytest.mark.parametrize("form", FORMS)
def test_a_layer_learns_from_its_own_readout(form):
    """Ten samples that come untold after thirty are named rightly; without those thirty, half of them."""
    (idle, untaught, labels), (net, made, _) = network(form, told=0), network(form)
    assert right(idle.run(SAMPLES * PERIOD), untaught[0].readout, labels, TOLD) <= 0.7
    assert right(net.run(SAMPLES * PERIOD), made[0].readout, labels, TOLD) >= 0.9


@pytest.mark.parametrize("form", FORMS)
def test_errors_are_those_of_the_readouts(form):
    """Every message of a critic follows from the exact value of its readout when it was asked, and no other is sent."""
    net, made, labels = network(form, told=3, samples=4)
    net.record_messages()
    net.run(4 * PERIOD)
    sampled, log = FORMS[form][1], net.messages()
    of_layer = net.plan.of(net.population("layer 0"))
    sender = net.plan.of(made[0].critic).offset
    for k in range(2):
        wanted, said = [], 0.0
        for look in np.arange(1, 31) * sampled.every:
            y = net.state(made[0].readout, k, [look])["v"][0]
            label = labels[int(look / PERIOD + 1e-9)] if look < 3 * PERIOD - 1e-9 else -1
            e = np.clip(y - float(label == k), -1.0, 1.0) if label >= 0 else 0.0
            if form == "triggered":
                e = np.trunc(e / 0.25) * 0.25
                wanted += [e] if e != 0.0 else []
            elif abs(e - said) > (0.05 if label >= 0 else 0.0):
                wanted.append(e - said)
                said = e
        mine = (log.port == "error") & (log.sender == sender + k) & (log.target == of_layer.offset)
        assert log.value[mine] == pytest.approx(wanted, abs=1e-12)
        assert len(wanted) > 5


def test_nothing_is_sent_or_learned_while_no_label_is_told():
    net, _, _ = network("held", told=0, samples=3)
    xy = net.projection("x->layer 0")
    net.run(1e-3)
    before = net.weights(xy)
    net.run(3 * PERIOD)
    assert np.array_equal(net.weights(xy), before)
    assert net.message_counts()["layer 0 critic->layer 0"] == 0


@pytest.mark.parametrize("form", FORMS)
def test_same_bits_on_both_engines(form, plain_python, tmp_path):
    """Of two layers, each with a readout of its own; also when saved and loaded in between."""
    whole = network(form, layers=2, samples=4)[0].run(4 * PERIOD)
    part = network(form, "compiled", layers=2, samples=4)[0].run(1.55 * PERIOD)
    part.save(tmp_path / "part")
    other = es.Network.load(tmp_path / "part").run(until=4 * PERIOD)
    assert networks.differences(networks.outcome(whole), networks.outcome(other)) == []
    begun = network(form, layers=2, samples=4)[0].run(1e-3)
    for name in ("x->layer 0", "layer 0->layer 1"):
        assert np.abs(whole.weights(whole.projection(name)) - begun.weights(begun.projection(name))).max() > 1e-3


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: es.SampledError(form="held"), "form is 'held'"),
        (lambda: es.SampledError(every=1e-4), "patience < every"),
        (lambda: es.SampledError(form="event"), "above 0 for events"),
        (lambda: es.SampledError(most=0.0), "most is 0.0"),
        (lambda: bad(classes=0), "classes is 0"),
        (lambda: bad(amplitude=-1.0), "amplitude is -1.0"),
        (lambda: bad(delay=0.0), "delay is 0.0"),
    ],
)
def test_bad_input_is_refused(make, says):
    with pytest.raises(es.NetworkError, match=says):
        make()


def bad(**options):
    """A readout with one wrong argument."""
    net = es.Network()
    layer, told_by = net.add(es.LIF(), 3), net.add(es.Stimulus(np.zeros((1, 1)), np.array([0]), 0.1))
    es.connect_local_readout(net, layer, told_by, **{"classes": 2, **options})
