"""eRBP against a plain event simulation, what it may and may not do, and its neurons one by one."""

import ast
import heapq
import math

import networks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eventsnn as es
from eventsnn import linear
from eventsnn.wiring import random_feedback

ENGINES = ("reference", "compiled")
LR, DELAY, END = 0.02, 1e-3, 0.3


def circuit(engine, seed=0, sizes=(6, 8, 3), rates=(80.0, 80.0), **given):
    """Inputs, one hidden layer, labels; whether labels are told changes at half time."""
    net = es.Network(seed, engine)
    x = net.add(es.Poisson(rate=rates[0]), sizes[0], name="x")
    labels = net.add(es.Poisson(rate=rates[1], stop=END / 2), sizes[2], name="labels")
    neuron = es.TwoCompartment(p_transmit=given.pop("p_transmit", 1.0), t_refractory=given.pop("t_refractory", 3.9e-3))
    teacher = net.add(close, name="teacher", at=END / 2)
    made = es.connect_erbp(
        net, x, labels, (sizes[1],), neuron=neuron, rule=es.ERBP(i_min=-2.0, i_max=1.5), lr=LR, init=20.0,
        delay=DELAY, told_by=teacher, i_bias=0.4, **given,
    )  # fmt: skip
    return net, made


def close(cell, at):
    """Says that there are no labels any more."""
    yield cell.until(at)
    cell.send("label", -1.0)


# -- the rule ---------------------------------------------------------------------------------------------------------


def test_a_synaptic_event_costs_an_addition_and_two_comparisons():
    """The published count, read off the handler's text: no multiplication, no call, no clock."""
    tree = es.ERBP().handlers["on_pre"].tree
    nodes = [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
    assert sum(len(node.ops) for node in nodes if isinstance(node, ast.Compare)) == 2
    arithmetic = [type(node.op) for node in nodes if isinstance(node, (ast.AugAssign, ast.BinOp, ast.UnaryOp))]
    assert arithmetic == [ast.Add]
    assert not [node for node in nodes if isinstance(node, (ast.Call, ast.For, ast.While, ast.BoolOp))]
    assert set(es.ERBP().handlers) == {"on_pre"}
    assert ("msg", "time") not in es.ERBP().handlers["on_pre"].reads


class Layer:
    """Two-compartment neurons as arrays, advanced from event to event by the textbook propagators."""

    def __init__(self, n):
        self.v, self.i, self.u, self.release = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)

    def voltage(self, u):
        """v of all neurons u free seconds from now."""
        em, left = np.exp(-u / 1e-3), np.exp(-u / 4e-3)
        return 0.4 + np.multiply.outer(em, self.v - 0.4) + np.multiply.outer(4.0 / 3.0 * (left - em), self.i)

    def advance(self, u, now):
        """Go on by u seconds, in which no neuron fires and no refractory period ends."""
        self.v = np.where(self.release > now, self.v, self.voltage(np.array(u)))
        self.i, self.u = self.i * math.exp(-u / 4e-3), self.u * math.exp(-u / 5e-3)

    def crossing(self, length, now):
        """(time, neuron) of the first crossing within so many seconds, by a scan and bisection."""
        grid = np.linspace(0.0, length, 100)
        over = (self.voltage(grid) >= 1.0) & (self.release <= now)
        if not over.any():
            return math.inf, -1
        k = int(over.any(axis=1).argmax())
        found = []
        for j in np.flatnonzero(over[k]):
            low, high = grid[k - 1], grid[k]
            for _ in range(60):
                middle = 0.5 * (low + high)
                low, high = (low, middle) if self.voltage(np.array(middle))[j] >= 1.0 else (middle, high)
            found.append((high, int(j)))
        return min(found)


class Simulation:
    """The whole network in a plain event loop that shares no code with the package."""

    def __init__(self, x, labels, w1, w2, g, closed):
        self.w, self.g, self.closed = [w1.copy(), w2.copy()], g, closed
        self.layers = [Layer(m.shape[1]) for m in self.w]
        self.counts = np.zeros((2, w2.shape[1]))  # lacking, too many
        self.spikes = [[], []]
        self.errors = 0
        self.queue = [(t, "x", i) for i, train in x.items() for t in train]
        self.queue += [(t, "label", k) for k, train in labels.items() for t in train]
        heapq.heapify(self.queue)

    def run(self, end):
        """Until a time."""
        now = 0.0
        while now < end:
            after = [t for layer in self.layers for t in layer.release if t > now]
            target = min([end, *(entry[0] for entry in self.queue[:1]), *after])
            u, j, k = min((*layer.crossing(target - now, now), n) for n, layer in enumerate(self.layers))
            step = min(u, target - now)
            for layer in self.layers:
                layer.advance(step, now)
            now = target if u == math.inf else now + u
            if u < math.inf:
                self.fire(now, k, j)
            elif self.queue and self.queue[0][0] == now:
                self.happen(*heapq.heappop(self.queue))
        return self

    def fire(self, now, k, j):
        """Neuron j of layer k."""
        self.spikes[k].append((now, j))
        self.layers[k].v[j], self.layers[k].release[j] = 0.0, now + 3.9e-3
        if k == 0:
            self.arrive(1, j)
        elif now < self.closed:
            self.compare(now, j, -1.0)

    def happen(self, now, what, which):
        """Something that was due."""
        if what == "x":
            self.arrive(0, which)
        elif what == "label":
            self.compare(now, which, 1.0)
        else:
            k, sign = which
            self.layers[1].u[k] += sign * LR
            self.layers[0].u += sign * LR * self.g[k]

    def arrive(self, k, i):
        """A spike of source i: learn, then transmit."""
        layer = self.layers[k]
        gate = (layer.i > -2.0) & (layer.i < 1.5)
        self.w[k][i] += np.where(gate, layer.u, 0.0)
        layer.i += self.w[k][i]

    def compare(self, now, k, sign):
        """A spike reaches a pair of error neurons."""
        for which, s in ((0, sign), (1, -sign)):
            self.counts[which, k] = max(0.0, self.counts[which, k] + 0.9 * s)
            if self.counts[which, k] >= 1.0:
                self.counts[which, k] -= 1.0
                self.errors += 1
                heapq.heappush(self.queue, (now + DELAY, "error", (k, 1.0 - 2.0 * which)))


@pytest.mark.parametrize("seed", range(3))
def test_a_whole_network_as_in_a_plain_simulation(seed):
    net, made = circuit("reference", seed)
    net.run(END)
    initial, _ = circuit("reference", seed)
    inputs = [net.spikes(net.population(name)).spike_trains() for name in ("x", "labels")]
    first = [matrix(initial, p.name) for p in made.plastic]
    plain = Simulation(*inputs, *first, random_feedback(seed, "hidden 1", 3, 8, 20.0), END / 2).run(END)
    assert plain.errors > 10
    for k, layer in enumerate(made.layers):
        spikes = net.spikes(layer)
        assert len(spikes) == len(plain.spikes[k]) > 5
        assert np.array_equal(spikes.i, [j for _, j in plain.spikes[k]])
        assert np.abs(spikes.t - [t for t, _ in plain.spikes[k]]).max() < 1e-12
        learned = net.matrix(made.plastic[k])
        assert np.abs(learned - first[k]).max() > 1e-2
        assert np.abs(learned - plain.w[k]).max() < 1e-12


def matrix(net, name):
    """The weights at the beginning."""
    s = next(s for s in net.plan.synapses if s.name == name)
    dense = np.zeros((s.pre.size, s.post.size))
    dense[s.source, s.target] = s.weight
    return dense


@pytest.mark.parametrize("given", [{}, {"p_transmit": 0.6}, {"t_refractory": 0.0}])
def test_same_bits_on_both_engines(given, plain_python):
    nets = [circuit(engine, 4, sizes=(5, 6, 2), **given)[0].run(END) for engine in ENGINES]
    assert networks.differences(*(networks.outcome(net) for net in nets)) == []
    assert networks.moving(nets[0]) == networks.moving(nets[1])


def test_same_bits_compiled_and_in_pieces(tmp_path):
    whole = circuit("reference", 5, p_transmit=0.7)[0].run(END)
    net = circuit("compiled", 5, p_transmit=0.7)[0].run(0.11)
    net.save(tmp_path / "net")
    net = es.Network.load(tmp_path / "net").run(0.07).run(until=END)
    assert networks.differences(networks.outcome(whole), networks.outcome(net)) == []


def test_nothing_is_learned_while_no_label_is_told():
    net, made = circuit("reference", 2)
    net.run(END / 2 + 0.1)  # the dendrites have forgotten all errors but exp(-20)
    before = [net.weights(p) for p in made.plastic]
    net.run(until=END)
    for old, projection in zip(before, made.plastic, strict=True):
        assert np.abs(net.weights(projection) - old).max() < 1e-9
    assert len(net.spikes(made.output).t[net.spikes(made.output).t > END / 2]) > 0


def test_feedback_is_centred_and_fixed_by_the_seed():
    g = random_feedback(3, "hidden 1", 10, 200)
    assert np.abs(g.sum(axis=0)).max() < 1e-14
    assert abs(g.std() - np.sqrt(7 / 210 / 3 * 0.9)) < 0.01
    assert np.array_equal(g, random_feedback(3, "hidden 1", 10, 200))
    assert not np.array_equal(g, random_feedback(4, "hidden 1", 10, 200))


# -- inputs ----------------------------------------------------------------------------------------------------------


def test_rate_trains_have_the_rates_of_each_sample():
    rates = np.array([[400.0, 0.0, 50.0], [0.0, 1000.0, 50.0]])
    trains = es.rate_trains(np.tile(rates, (200, 1)), period=0.1, seed=3, start=2.0)
    for i, train in enumerate(trains):
        assert np.all(np.diff(train) > 0)
        sample = np.floor((train - 2.0) / 0.1).astype(int)
        for k in range(2):
            expected = rates[k, i] * 0.1 * 200
            assert abs((sample % 2 == k).sum() - expected) < 4 * math.sqrt(expected) + 1e-9
    assert np.array_equal(trains[1], es.rate_trains(np.tile(rates, (200, 1)), period=0.1, seed=3, start=2.0)[1])
    for wrong in ([[-1.0]], [[np.inf]], [1.0]):
        with pytest.raises(es.NetworkError, match="rate_trains: rates"):
            es.rate_trains(np.array(wrong), 0.1)


# -- the neurons ------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-0.95, 0.95), max_size=60))
def test_an_error_neuron_never_falls_below_zero_and_loses_nothing_above(weights):
    neuron = es.ErrorNeuron()
    cell = type("cell", (), {"v": 0.0, "open": 1.0})()
    v, fired, count = 0.0, 0, 0
    for w in weights:
        neuron.receive(cell, w)
        v = max(0.0, v + w)
        if neuron.next_spike(cell) == 0.0:
            neuron.fire(cell, 0.0)
            fired += 1
        if v >= 1.0:
            v, count = v - 1.0, count + 1
        assert cell.v == v >= 0.0
        assert fired == count


def listen(cell):
    """Notes what every error is worth."""
    while True:
        message = yield cell.receive()
        cell.note("worth", message.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_errors_fade_with_the_labels_that_were_told(engine, plain_python):
    """Of five labels the third names nothing, so nothing is said then; the others make errors of 1, 1/2, 0 and 0."""
    net = es.Network(2, engine)
    x = net.add(es.SpikeTrain([0.15, 0.25, 0.35, 0.45, 0.55]), name="x")
    tells = net.add(es.Stimulus(np.zeros((5, 1)), np.array([3, 0, -1, 1, 2]), period=0.1, passes=1), name="tells")
    e, ear = net.add(es.ErrorNeuron(steady=2, fading=2), name="e"), net.add(listen, name="ear")
    net.connect(x, e, weight=1.0)
    net.connect(tells, e, port="label")
    net.connect(e, ear, port="error", weight=8.0)
    times, worth = net.run(0.6).notes(ear, "worth")
    np.testing.assert_array_equal(times, [0.15, 0.35, 0.45, 0.55])
    np.testing.assert_array_equal(worth, [8.0, 4.0, 0.0, 0.0])


@given(st.floats(0.0, 1e3), st.floats(1e-3, 1e3), st.integers(0, 3000))
def test_what_an_error_is_worth_falls_in_a_straight_line(steady, fading, told):
    cell = type("cell", (), {"told": float(told)})()
    worth = es.ErrorNeuron(steady=steady, fading=fading).says(cell)
    assert worth == pytest.approx(np.interp(told, [steady, steady + fading], [1.0, 0.0]), abs=1e-6)
    assert es.ErrorNeuron().says(cell) == 1.0


def arrivals(p, n=400, size=3, seed=1):
    """Which of many spikes each of some neurons heard, from the jumps of their currents."""
    net = es.Network(seed)
    x = net.add(es.SpikeTrain(list(1e-3 * np.arange(1, n + 1))), name="x")
    y = net.add(es.TwoCompartment(p_transmit=p, v_threshold=1e9), size, name="y", record=["state"])
    net.connect(x, y, weight=1.0)
    net.run(1e-3 * (n + 1))
    t = 1e-3 * np.arange(1, n + 1)
    return np.array([net.state(y, j, t + 1e-9)["i"] - net.state(y, j, t - 1e-9)["i"] > 0.5 for j in range(size)])


def test_blank_out_loses_the_declared_fraction_apart_for_every_neuron_and_seed():
    heard = arrivals(0.65)
    assert np.abs(heard.mean(axis=1) - 0.65).max() < 4 * math.sqrt(0.65 * 0.35 / 400)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert abs(np.corrcoef(heard[a], heard[b])[0, 1]) < 4 / math.sqrt(400)
    lagged = [np.corrcoef(row[:-1], row[1:])[0, 1] for row in heard]
    assert np.abs(lagged).max() < 4 / math.sqrt(400)
    assert np.array_equal(heard, arrivals(0.65))
    assert not np.array_equal(heard, arrivals(0.65, seed=2))
    assert arrivals(1.0).all()


def test_a_spike_that_is_lost_teaches_nothing():
    net = es.Network(3)
    x = net.add(es.SpikeTrain(list(1e-3 * np.arange(1, 101))), name="x")
    y = net.add(es.TwoCompartment(p_transmit=0.5, v_threshold=1e9), name="y", record=["state"], u=1.0)
    xy = net.connect(x, y, es.ERBP(i_min=-1e9, i_max=1e9), weight=0.0, record=["weights"])
    net.run(0.2)
    learned = set(np.round(net.weight_changes(xy).t * 1e3).astype(int))
    hears = {k for k in range(1, 101) if net.state(y, 0, [1e-3 * k - 1e-9])["hears"][0] > 0}
    assert learned == hears
    assert 30 < len(learned) < 70
    w = sum(math.exp(-1e-3 * k / 5e-3) for k in learned)
    assert abs(net.weights(xy)[0] - w) < 1e-13


def test_a_readout_is_exact_whenever_it_is_asked():
    """By `net.state`, and by a process that asks."""
    heard = []

    def asker(cell):
        for t in (0.0105, 0.0371, 0.2):
            yield cell.until(t)
            cell.send("ask")
            message = yield cell.receive()
            heard.append((message.time, message.value))

    model = es.Readout(tau_mem=30e-3, tau_syn=4e-3)
    net = es.Network()
    times, weights = [0.001, 0.01, 0.03], [0.5, -2.0, 3.0]
    x = net.add(es.SpikeTrain([[t] for t in times]), name="x")
    y = net.add(model, name="y", record=["spikes", "state"], i_bias=0.25)
    net.connect(x, y, weight=[[w] for w in weights])
    process = net.add(asker, name="asker")
    net.connect(process, y, es.Ask(), weight=0.0, feedback="random", feedback_weight=2.0, feedback_delay=0.5e-3)
    net.connect(process, y, port="ask")
    net.run(0.3)

    def value(t):
        left = [t - s for s in times if s <= t]
        psp = [4 / 26 * (math.exp(-u / 30e-3) - math.exp(-u / 4e-3)) for u in left]
        return 0.25 * (1 - math.exp(-t / 30e-3)) + np.dot(weights[: len(left)], psp)

    asked = [0.0005, 0.0105, 0.02, 0.0371, 0.1]
    np.testing.assert_allclose(net.state(y, 0, asked)["v"], [value(t) for t in asked], rtol=0, atol=1e-14)
    assert [t for t, _ in heard] == pytest.approx([0.011, 0.0376, 0.2005], abs=1e-15)
    np.testing.assert_allclose([v for _, v in heard], [2 * value(t) for t in (0.0105, 0.0371, 0.2)], rtol=0, atol=1e-14)
    assert len(net.spikes(y)) == 0


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: es.TwoCompartment(p_transmit=0.0), "TwoCompartment.p_transmit is 0.0"),
        (lambda: es.TwoCompartment(tau_error=0.0), "TwoCompartment.tau_error is 0.0"),
        (lambda: es.ErrorNeuron(v_threshold=0.0), "ErrorNeuron.v_threshold is 0.0"),
        (lambda: es.ErrorNeuron(steady=-1.0), "ErrorNeuron.steady is -1.0"),
        (lambda: es.ErrorNeuron(fading=0.0), "ErrorNeuron.fading is 0.0"),
        (lambda: es.Readout(tau_mem=0.0), "Readout.tau_mem is 0.0"),
        (lambda: es.ERBP(i_min=2.0), "ERBP.i_min is 2.0"),
        (lambda: es.RateInput(train="odd"), "RateInput.train is 'odd'"),
        (lambda: es.LabelInput(interval=0.0), "LabelInput.interval is 0.0"),
    ],
)
def test_what_cannot_be_is_refused(make, says):
    with pytest.raises(es.NetworkError, match=says):
        make()


# -- what the compiled engine makes of a neuron with two compartments --------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.0, 1e-3), st.floats(-2.0, 2.0), st.floats(-1.0, 1.0), st.sampled_from([0.0, 1.0]),
    st.sampled_from([(1e-3, 4e-3), (5e-3, 5e-3), (2e-3, 0.0)]),
)  # fmt: skip
def test_what_a_rule_sees_at_a_synapse_is_what_the_neuron_publishes(s, i, u, hears, tau):
    """And it is the current and the dendrite of the textbook."""
    neuron = es.TwoCompartment(tau_mem=tau[0], tau_syn=tau[1])
    cells = [type("cell", (), {**neuron.state, "i": i, "u": u})() for _ in range(2)]
    for cell in cells:
        neuron.begin(cell)
        cell.hears = hears
    neuron.observe(cells[0], s)
    neuron.sense(cells[1], cells[1].c1, *neuron.shared(s))
    assert (cells[0].i, cells[0].error) == (cells[1].i, cells[1].error)
    assert cells[0].i == pytest.approx(i * math.exp(-s / tau[1]) if tau[1] else 0.0, rel=1e-12)
    assert cells[0].error == pytest.approx(hears * u * math.exp(-s / neuron.tau_error), rel=1e-12)


class Pushed(es.LIF):
    """An error pushes its voltage."""

    def on_error(self, cell, s, value):
        """A jump of the voltage."""
        cell.c0 += value * math.exp(s / self.tau_mem)


def test_an_error_that_leaves_the_voltage_alone_is_told_from_one_that_does_not():
    assert linear.spares_voltage(es.TwoCompartment(), "on_error")
    assert not linear.spares_voltage(Pushed(), "on_error")
    assert not linear.spares_voltage(es.TwoCompartment(), "rest")
    assert [linear.sums_only(model) for model in (es.LIF(), es.TwoCompartment())] == [True, False]
    assert linear.senses(es.TwoCompartment(), es.ERBP().sees())
    assert not linear.senses(es.TwoCompartment(), {"v", "error"})
    assert not linear.senses(es.LIF(), {"i"})


@pytest.mark.parametrize("kind", [es.TwoCompartment, Pushed])
@pytest.mark.parametrize("record", [["spikes"], ["spikes", "state"]])
def test_same_bits_where_errors_and_plain_spikes_arrive(kind, record, plain_python):
    """Errors in the midst of arrivals that nearly make a neuron fire, at synapses without a rule and with one."""
    nets = []
    for engine in ENGINES:
        net = es.Network(7, engine)
        x, e = net.add(es.Poisson(rate=300.0), 8, name="x"), net.add(es.Poisson(rate=100.0), 2, name="e")
        errors = net.add(es.ErrorNeuron(), 2, name="errors")
        given = {"p_transmit": 0.7} if kind is es.TwoCompartment else {"tau_mem": 1e-3, "t_refractory": 2e-3}
        y = net.add(kind(**given), 5, name="y", record=record, i_bias=0.5)
        net.connect(e, errors, weight=1.0, pattern=es.one_to_one())
        net.connect(x, y, weight=es.uniform(-0.2, 0.4))
        if kind is es.TwoCompartment:
            net.connect(x, y, es.ERBP(), weight=es.uniform(-0.2, 0.4), delay=0.3e-3, name="learns")
        net.connect(errors, y, port="error", weight=es.uniform(-0.3, 0.3), delay=1e-3)
        nets.append(net.run(0.05))
    assert len(nets[0].spikes(nets[0].population("y"))) > 5
    assert networks.differences(*(networks.outcome(net) for net in nets)) == []


def test_an_hour_without_errors_or_spikes_leaves_a_synapse_and_a_neuron_as_the_closed_form_says():
    net = es.Network(0)
    x = net.add(es.SpikeTrain([1e-3, 3600.0]), name="x")
    y = net.add(es.TwoCompartment(v_threshold=1e9), name="y", u=1.0, record=["state"])
    xy = net.connect(x, y, es.ERBP(i_min=-1e9, i_max=1e9), weight=0.25)
    net.run(3601.0)
    assert net.weights(xy)[0] == pytest.approx(0.25 + math.exp(-0.2), abs=1e-15)
    assert net.state(y, 0, [3600.0])["i"][0] == pytest.approx(net.weights(xy)[0], abs=1e-15)


# -- inputs that go on spiking ----------------------------------------------------------------------------------------


def shown(levels, period, passes, train, engine="reference", seed=3):
    """Rate-coded inputs, all with the same value in each sample."""
    net = es.Network(seed, engine)
    x = net.add(es.RateInput(train=train), 40, name="x")
    labels = net.add(es.LabelInput(interval=5e-3), 2, name="labels", label=np.arange(2.0))
    times = np.repeat(np.array(levels)[:, None], 40, axis=1)
    net.stimulate(es.Stimulus(times, np.arange(len(levels)) % 3 - 1, period, passes=passes), x, teacher=labels)
    return net


@pytest.mark.parametrize("train", ["poisson", "regular"])
def test_inputs_have_the_rates_of_each_sample(train):
    net = shown([5e-3, math.inf, 20e-3], 0.1, 6, train).run(1.8)
    x = net.spikes(net.population("x"))
    place = np.floor(x.t / 0.1).astype(int) % 3
    assert (place == 1).sum() == 0
    for k, interval in ((0, 5e-3), (2, 20e-3)):
        expected = 40 * 6 * 0.1 / interval
        assert abs((place == k).sum() - expected) < (4 * math.sqrt(expected) if train == "poisson" else 41)
    inside = np.concatenate(
        [np.diff(t) for t in net.spikes(net.population("x")).between(0.0, 0.1).spike_trains().values()]
    )
    spread = inside.std() / inside.mean()
    assert (0.8 < spread < 1.1) if train == "poisson" else spread < 1e-9


def test_a_label_spikes_while_its_class_is_shown_and_not_where_none_is_told():
    net = shown([math.inf] * 3, 0.0525, 2, "regular").run(0.315)
    labels = net.spikes(net.population("labels"))
    for i, sample in ((0, 1), (1, 2)):
        expected = [0.0525 * (sample + 3 * k) + 5e-3 * n for k in range(2) for n in range(1, 11)]
        np.testing.assert_allclose(labels.t[labels.i == i], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("train", ["poisson", "regular"])
def test_inputs_have_the_same_bits_on_both_engines_and_in_pieces(train, plain_python, tmp_path):
    whole = shown([5e-3, 8e-3], 0.02, 2, train).run(0.08)
    net = shown([5e-3, 8e-3], 0.02, 2, train, "compiled").run(0.031)
    net.save(tmp_path / "net")
    net = es.Network.load(tmp_path / "net").run(until=0.08)
    assert networks.differences(networks.outcome(whole), networks.outcome(net)) == []


def test_given_weights_take_the_place_of_random_ones():
    weights = [np.full((6, 8), 0.25), np.full((8, 3), -0.5)]
    net, made = circuit("reference", weights=weights, record=())
    for projection, w in zip(made.plastic, weights, strict=True):
        assert np.array_equal(net.matrix(projection), w)
    with pytest.raises(es.NetworkError, match="1 weights for 2 projections"):
        circuit("reference", weights=weights[:1])


def test_hidden_layers_may_learn_at_another_rate():
    ways = {}
    for rate in (None, 0.5):
        net, _ = circuit("reference", hidden_lr=rate)
        ways[rate] = {s.name: s.weight.copy() for s in net.plan.synapses if s.port == "error"}
    for name, usual in ways[None].items():
        factor = 0.5 / LR if "hidden" in name else 1.0
        np.testing.assert_allclose(ways[0.5][name], factor * usual, rtol=1e-12)


def test_each_layer_may_have_a_neuron_model_and_a_rate_of_its_own():
    rests, rates = (7e-3, 3e-3, 2e-3), (0.5, 0.25)
    neurons = [es.TwoCompartment(t_refractory=rest) for rest in rests]

    def build(**given):
        net = es.Network(0)
        x, labels = (net.add(es.Poisson(rate=80.0), n, name=f"{n} inputs") for n in (5, 2))
        return net, es.connect_erbp(net, x, labels, (4, 3), **given)

    net, made = build(neuron=neurons, hidden_lr=rates)
    assert [layer.model.t_refractory for layer in made.layers] == list(rests)
    ways = [{s.name: s.weight for s in n.plan.synapses if s.port == "error"} for n in (net, build(hidden_lr=1.0)[0])]
    for layer, rate in zip(made.layers[:-1], rates, strict=True):
        for error in ("lacking", "too many"):
            name = f"{error}->{layer.name}"
            np.testing.assert_allclose(ways[0][name], rate * ways[1][name], rtol=1e-12)
    with pytest.raises(es.NetworkError, match="2 values of neuron for 3 layers"):
        build(neuron=neurons[:2])
    with pytest.raises(es.NetworkError, match="3 values of hidden_lr for 2 layers"):
        build(hidden_lr=(0.1, 0.2, 0.3))
