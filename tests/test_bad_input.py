"""Every wrong input gives an error that names the value, the place and the remedy, and leaves nothing half made."""

import math

import numpy as np
import pytest

import eventsnn as es

NAN, INF = math.nan, math.inf


def pair(**how):
    """Two inputs, two neurons, one projection."""
    net = es.Network()
    x, y = net.add(es.SpikeTrain([[0.0], [0.1]]), name="x"), net.add(es.LIF(), 2, name="y")
    projection = net.connect(x, y, **how)
    return net, projection


def message(error, call):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def contains(text, *words):
    for word in words:
        assert str(word) in text, f"{word!r} is not in: {text}"


# -- numbers ----------------------------------------------------------------------------------------------------------

MATRIX = [[0.5, 0.5], [NAN, 0.5]]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"weight": NAN}, ["x->y: weight[0]", "nan", "finite"]),
        ({"weight": INF}, ["x->y: weight[0]", "inf", "finite"]),
        ({"weight": [1.0, 2.0, -INF, 0.0]}, ["x->y: weight[2]", "-inf", "finite"]),
        ({"weight": np.array(MATRIX)}, ["x->y: weight[2]", "nan"]),
        ({"delay": NAN}, ["x->y: delay[0]", "nan", "finite"]),
        ({"delay": INF}, ["x->y: delay[0]", "inf", "finite"]),
        ({"delay": -1e-3}, ["x->y: delay of 0 -> 0", "-0.001 s", "before it was sent", ">= 0"]),
        ({"delay": [0.0, 0.0, 0.0, -2.0]}, ["x->y: delay of 1 -> 1", "-2.0 s", ">= 0"]),
        ({"delay": es.uniform(-2.0, -1.0)}, ["x->y: delay of 0 -> 0", "before it was sent"]),
        ({"weight": [1.0, 2.0]}, ["x->y: weight", "(2,)", "4"]),
        ({"weight": np.zeros((3, 2))}, ["x->y: weight", "(3, 2)", "4", "(sources x targets) of shape (2, 2)"]),
        ({"weight": es.uniform}, ["x->y: weight is the class uniform", "uniform(...)"]),
        ({"weight": "strong"}, ["x->y: weight", "'strong'", "distribution"]),
        ({"weight": None}, ["x->y: weight", "None"]),
        ({"delay": [[0.1], [0.1, 0.2]]}, ["x->y: delay", "array"]),
    ],
)
def test_weights_and_delays(how, words):
    net, projection = pair(**how)
    contains(message(es.NetworkError, lambda: net.run(1.0)), *words)
    for name in how:  # nothing half made: mend the description, and it runs
        setattr(projection, name, 0.5)
    assert net.run(1.0).now == 1.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: es.LIF(tau_mem=NAN), ["LIF.tau_mem", "nan"]),
        (lambda: es.LIF(tau_mem=INF), ["LIF.tau_mem", "inf", "positive and finite"]),
        (lambda: es.LIF(tau_mem=0.0), ["LIF.tau_mem", "0.0", "positive"]),
        (lambda: es.LIF(tau_mem=-1.0), ["LIF.tau_mem", "-1.0"]),
        (lambda: es.LIF(tau_syn=INF), ["LIF.tau_syn", "inf", "finite"]),
        (lambda: es.LIF(tau_syn=-0.1), ["LIF.tau_syn", "-0.1"]),
        (lambda: es.LIF(v_threshold=INF), ["LIF.v_threshold", "inf", "finite"]),
        (lambda: es.LIF(v_leak=-INF), ["LIF.v_leak", "-inf", "finite"]),
        (lambda: es.LIF(v_reset=1.0), ["LIF.v_reset", "1.0", "below v_threshold"]),
        (lambda: es.LIF(t_refractory=-1.0), ["LIF.t_refractory", "-1.0", "negative"]),
        (lambda: es.LIF(reset="zero"), ["LIF.reset", "'zero'", "subtract"]),
        (lambda: es.LIF(tau_mem=[1.0, 2.0]), ["LIF.tau_mem", "[1.0, 2.0]", "number"]),
        (lambda: es.LIF(tau_mem="fast"), ["LIF.tau_mem", "'fast'", "number"]),
        (lambda: es.IF(tau_syn=NAN), ["IF.tau_syn", "nan"]),
        (lambda: es.IF(tau_syn=INF), ["IF.tau_syn", "inf"]),
        (lambda: es.Poisson(50.0), ["Poisson(50.0)", "Poisson(rate=50.0)"]),
        (lambda: es.TargetTimes([1.5]), ["TargetTimes: targets is [1.5]", "rows"]),
        (lambda: es.Network(seed="a"), ["seed is 'a'", "whole number"]),
        (lambda: es.Network(seed=1.5), ["seed is 1.5", "whole number"]),
        (lambda: es.IF(taw=1.0), ["IF has no parameter 'taw'", "tau_syn", "v_threshold"]),
        (lambda: es.LIF(tau=1.0), ["LIF has no parameter 'tau'", "tau_mem", "t_refractory"]),
        (lambda: es.LinearDecay(end=0.0), ["LinearDecay.end is 0.0", "positive"]),
        (lambda: es.Falling(half=-1.0), ["Falling.half is -1.0", "positive"]),
        (lambda: es.SpikeTimeGradient(lr=1.0), ["SpikeTimeGradient has no parameter 'lr'", "step", "clip"]),
        (lambda: es.SpikeTimeGradient(mode="later"), ["SpikeTimeGradient.mode", "'later'", "accumulate"]),
        (lambda: es.SpikeTimeGradient(bound=1.0), ["SpikeTimeGradient.bound", "accumulate"]),
        (lambda: es.SpikeTimeGradient(step=0.1), ["SpikeTimeGradient.step", "0.1", "Part"]),
        (lambda: es.Adam(rate=0.1), ["Adam has no parameter 'rate'", "lr"]),
        (lambda: es.Poisson(rate=-1.0), ["Poisson.rate", "-1.0"]),
        (lambda: es.Poisson(rate=INF), ["Poisson.rate", "inf"]),
        (lambda: es.Poisson(start=2.0, stop=1.0), ["Poisson.stop", "1.0", "start = 2.0"]),
        (lambda: es.Regular(period=0.0), ["Regular.period", "0.0", "positive"]),
        (lambda: es.SpikeTrain([0.1, NAN]), ["times[0][1]", "nan", "finite"]),
        (lambda: es.SpikeTrain([[0.1], [0.2, INF]]), ["times[1][1]", "inf", "finite"]),
        (lambda: es.SpikeTrain([-0.1]), ["times[0][0]", "-0.1", "from 0"]),
        (lambda: es.SpikeTrain([0.1, 0.3, 0.2]), ["times[0]", "0.2 follows 0.3", "sort"]),
        (lambda: es.SpikeTrain([[0.0], [0.1, 0.1]]), ["times[1]", "0.1 follows 0.1", "duplicates"]),
        (lambda: es.Stimulus([0.0, 1.0], [0], period=1.0), ["times has shape (2,)", "(samples, inputs)"]),
        (lambda: es.Stimulus([[0.0], [1.0]], [0], period=1.0), ["times has shape (2, 1), labels (1,)"]),
        (lambda: es.Stimulus([[0.0, -1.0]], [0], period=1.0), ["times[0, 1]", "-1.0", ">= 0"]),
        (lambda: es.Stimulus([[0.0, NAN]], [0], period=1.0), ["times[0, 1]", "nan"]),
        (lambda: es.Stimulus([[0.0]], [0.5], period=1.0), ["labels", "float64", "whole numbers"]),
        (lambda: es.Stimulus([[0.0]], [0], period=0.0), ["Stimulus.period", "0.0", "positive"]),
        (lambda: es.Stimulus([[0.0]], [0], period=1.0, start=-1.0), ["Stimulus.start", "-1.0"]),
        (lambda: es.Stimulus([[0.0]], [0], period=1.0, passes=-1), ["Stimulus.passes", "-1"]),
        (lambda: es.Stimulus([[0.0]], [0], period=1.0, batch=0), ["Stimulus.batch", "0"]),
        (
            lambda: es.Stimulus([[0.0] * 6], [0], period=1.0, moved=1, shape=(2, 2)),
            ["moved is 1", "(2, 2)", "6 inputs"],
        ),
        (lambda: es.Stimulus([[0.0]], [0], period=1.0, lost=1.0), ["Stimulus.lost", "1.0", "below 1"]),
        (lambda: es.FirstToSpike(2, patience=0.0), ["FirstToSpike.patience", "0.0", "positive"]),
        (lambda: es.FirstToSpike(2, patience=1.0, tau=1e-3), ["1000 times tau", "less patient"]),
        (lambda: es.MarginRace(NAN), ["MarginRace.margin", "nan"]),
        (lambda: es.TargetTimes([[1.0], [1.0, 2.0]]), ["TargetTimes", "rows of equal length"]),
        (lambda: es.TargetTimes([[-1.0]]), ["TargetTimes", "-1.0", ">= 0"]),
        (lambda: es.uniform(1.0, 0.0), ["uniform(1.0, 0.0)", "swap"]),
        (lambda: es.uniform(0.0, INF), ["high", "inf", "finite"]),
        (lambda: es.normal(0.0, -1.0), ["std", "-1.0", "negative"]),
        (lambda: es.normal(0.0, 1.0, low=5.0, high=6.0), ["[5.0, 6.0]", "bounds around the mean"]),
        (lambda: es.normal(0.0, 1.0, low=0.5, high=0.5), ["[0.5, 0.5]", "probability"]),
        (lambda: es.normal(0.0, 0.0, low=1.0), ["[1.0, inf]"]),
        (lambda: es.lognormal(0.0, -1.0), ["sigma", "-1.0"]),
        (lambda: es.exponential(-1.0), ["mean", "-1.0"]),
        (lambda: es.fixed_probability(1.5), ["p is 1.5", "[0, 1]"]),
        (lambda: es.fixed_probability(NAN), ["p is nan"]),
        (lambda: es.fixed_indegree(2.5), ["k is 2.5", "whole"]),
        (lambda: es.fixed_indegree(-1), ["k is -1"]),
    ],
)
def test_parameters(make, words):
    contains(message(es.NetworkError, make), *words)


@pytest.mark.parametrize(
    ("initial", "words"),
    [
        ({"v": NAN}, ["y.v[0]", "nan", "finite"]),
        ({"v": [0.0, INF]}, ["y.v[1]", "inf"]),
        ({"v": [0.0, 0.0, 0.0]}, ["y.v", "(3,)", "2"]),
        ({"u": 0.0}, ["y: LIF has no state 'u'", "v", "i_bias"]),
    ],
)
def test_initial_states(initial, words):
    net = es.Network()
    net.add(es.LIF(), 2, name="y", **initial)
    contains(message(es.NetworkError, lambda: net.run(1.0)), *words)


# -- descriptions -----------------------------------------------------------------------------------------------------


def test_a_cycle_without_delay_names_its_populations():
    net = es.Network()
    a, b, c = (net.add(es.LIF(), 3, name=name) for name in ("alpha", "beta", "gamma"))
    net.connect(a, b)
    net.connect(b, c)
    back = net.connect(c, a, delay=[0.1] * 8 + [0.0])
    net.connect(a, a, delay=0.1)
    text = message(es.NetworkError, lambda: net.run(1.0))
    contains(text, "alpha -> beta -> gamma -> alpha", "no delay", "delay above 0")
    back.delay = 0.1
    assert net.run(1.0).now == 1.0


def test_a_population_that_reaches_itself_without_delay():
    net = es.Network()
    a = net.add(es.LIF(), name="alone")
    net.connect(a, a)
    contains(message(es.NetworkError, lambda: net.plan), "alone -> alone", "delay above 0")


def test_feedback_without_delay_is_a_cycle():
    net = es.Network()
    x, y = net.add(es.Latency(), name="x"), net.add(es.IF(), name="y")
    net.connect(x, y, es.SpikeTimeGradient(), feedback="symmetric", feedback_delay=0.0)
    contains(message(es.NetworkError, lambda: net.run(1.0)), "x -> y -> x", "feedbacks")


def test_connecting_and_adding():
    net = es.Network()
    x, y = net.add(es.SpikeTrain([0.0]), name="x"), net.add(es.IF(), name="y")
    other = es.Network().add(es.IF(), name="stranger")
    before = len(net.description.projections), len(net.description.populations)
    rule = es.SpikeTimeGradient()
    for call, words in [
        (lambda: net.connect(x, other), ["stranger", "does not belong"]),
        (lambda: net.connect(x, y, es.SpikeTimeGradient), ["rule is", "object such as"]),
        (
            lambda: net.connect(x, y, rule, feedback="telepathy"),
            ["'telepathy'", "symmetric, sign_symmetric, random, learned, broadcast"],
        ),
        (lambda: net.connect(x, y, rule, feedback="random"), ["random feedback needs feedback_weight"]),
        (lambda: net.connect(x, y, record=["colours"]), ["'colours'", "'weights'"]),
        (lambda: net.connect(x, y, record="weights"), ["record is 'weights'", "record=['weights']"]),
        (lambda: net.connect(x, y, pattern=es.all_to_all), ["pattern is", "all_to_all", "object such as"]),
        (lambda: net.add(es.IF(), record="spikes"), ["record is 'spikes'", "record=['spikes']"]),
        (lambda: net.add(es.IF), ["IF is a class", "IF()"]),
        (lambda: net.add(es.IF(), 0), ["0 members", "from 1"]),
        (lambda: net.add(es.IF(), 2.5), ["2.5 members"]),
        (lambda: net.add(es.IF(), name="x"), ["'x' is taken", "unique"]),
        (lambda: net.add(es.IF(), record=["everything"]), ["'everything'", "'spikes' and 'state'"]),
        (lambda: net.add(7), ["7", "generator function"]),
        (lambda: net.add(talker, loud=True), ["talker", "loud", "cell"]),
        (lambda: net.run(), ["duration or until"]),
        (lambda: net.run(1.0, until=2.0), ["duration or until"]),
        (lambda: net.run(NAN), ["nan", "finite"]),
        (lambda: net.run(INF), ["inf", "finite"]),
        (lambda: net.run(-1.0), ["-1.0", "later"]),
        (lambda: net.population("z"), ["no population 'z'", "x, y"]),
        (lambda: net.projection("z"), ["no projection 'z'"]),
    ]:
        contains(message(es.NetworkError, call), *words)
    assert (len(net.description.projections), len(net.description.populations)) == before
    assert net.run(1.0).now == 1.0
    contains(message(es.NetworkError, lambda: net.add(es.IF())), "after the network has run")
    contains(message(es.NetworkError, lambda: net.run(until=0.5)), "0.5", "it is 1.0 s")


def talker(cell):
    yield cell.receive()


class NextSpikeMissing(es.Neuron):
    """A neuron with three of the four handlers that it needs."""

    v: es.State = 0.0

    def advance(self, cell, dt):
        return

    def receive(self, cell, w):
        cell.v += w

    def fire(self, cell, t):
        cell.v = 0.0


class OnSpike(es.Rule):
    """A rule that waits for what never comes."""

    def on_spike(self, syn, post, msg):
        syn.w += 0.1


def talk(net, y, port):
    net.connect(net.add(talker, name="talker"), y, port=port)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda net, x, y: net.connect(y, x), ["y->x", "SpikeTrain", "receives nothing"]),
        (
            lambda net, x, y: net.connect(x, y, es.SpikeTimeGradient(), feedback="symmetric"),
            ["x->y", "SpikeTrain", "leave feedback out"],
        ),
        (lambda net, x, y: net.connect(y, y, feedback="symmetric", delay=1.0), ["y->y has feedback but no rule"]),
        (lambda net, x, y: net.connect(x, y, es.SpikeTimeGradient(), port="error"), ["a rule belongs on spikes"]),
        (lambda net, x, y: net.connect(x, y, pattern=es.one_to_one()), ["one_to_one", "2 sources", "3 targets"]),
        (lambda net, x, y: net.connect(x, y, pattern=es.edges([0, 2], [0, 0])), ["pre[1] is 2", "0..1"]),
        (lambda net, x, y: net.connect(x, y, pattern=es.edges([0, 1], [0, -1])), ["post[1] is -1", "0..2"]),
        (lambda net, x, y: net.connect(x, y, pattern=es.edges([0], [0, 1])), ["(1,)", "(2,)", "equal length"]),
        (lambda net, x, y: net.connect(x, y, pattern=es.edges([0.5], [0])), ["float64", "whole numbers"]),
        (
            lambda net, x, y: net.connect(x, y, pattern=es.fixed_indegree(3, replace=False)),
            ["k is 3", "only 2 sources"],
        ),
        (lambda net, x, y: net.add(NextSpikeMissing(), name="z"), ["z: NextSpikeMissing", "'next_spike'", "receive"]),
        (lambda net, x, y: net.connect(x, y, port="lable"), ["x->y: x is a SpikeTrain", "never sends 'lable'"]),
        (lambda net, x, y: net.connect(y, y, port="reward", delay=1.0), ["y->y: y is a IF", "never sends 'reward'"]),
        (lambda net, x, y: talk(net, y, "lable"), ["talker->y: nobody at y listens to 'lable'", "IF has no on_lable"]),
        (lambda net, x, y: net.connect(x, y, OnSpike()), ["OnSpike.on_spike would never run", "on_pre", "on_post"]),
    ],
)
def test_what_no_engine_may_run(build, words):
    net = es.Network()
    x, y = net.add(es.SpikeTrain([[0.0], [0.1]]), name="x"), net.add(es.IF(), 3, name="y")
    build(net, x, y)
    contains(message(es.NetworkError, lambda: net.run(1.0)), *words)


def test_a_port_is_heard_by_the_neuron_or_by_the_rules_of_its_synapses():
    for rule, port in ((es.RewardSTDP(), "reward"), (None, "reset"), (None, "error"), (None, "apply")):
        net, _ = pair(rule=rule)
        talk(net, net.population("y"), port)
        assert net.run(1.0).now == 1.0


@pytest.mark.parametrize("n", [1, 3])
def test_a_teacher_for_another_number_of_outputs(n):
    net, _ = pair()
    said = message(es.NetworkError, lambda: net.teach(net.population("y"), es.FirstToSpike(n, patience=1.0)))
    contains(said, "y has 2 neurons", f"FirstToSpike is made for {n}", "outputs=2")
    assert len(net.description.populations) == 2


def test_layers_are_a_list():
    net, _ = pair()
    stimulus, y = es.Stimulus([[0.0, 0.1]], [0], period=1.0), net.population("y")
    contains(message(es.NetworkError, lambda: net.stimulate(stimulus, y, layers=y)), "layers is <y", "layers=[y]")
    assert len(net.description.populations) == 2


def test_looking_at_what_was_not_recorded():
    net = es.Network()
    x, y = net.add(es.SpikeTrain([[0.0], [0.1]]), name="x", record=[]), net.add(es.LIF(), 2, name="y", record=["state"])
    net.connect(x, y)
    net.run(1.0)
    for call, words in [
        (lambda: net.spikes(x), ["x records no spikes", "record=['spikes']"]),
        (lambda: net.messages(), ["record_messages()", "before the run"]),
        (lambda: net.state(y, 2, [0.1]), ["y has no neuron 2", "from 0 to 1"]),
        (lambda: net.state(y, [0, 1], [0.1]), ["y has no neuron [0, 1]"]),
        (lambda: net.state(y, 0, [NAN]), ["nan"]),
        (lambda: net.state(y, 0, [-0.1]), ["-0.1 s", "began at 0.0 s"]),
    ]:
        contains(message(es.NetworkError, call), *words)


def test_no_messages_are_no_messages():
    net = es.Network()
    net.add(es.LIF(), name="y")
    net.record_messages()
    assert len(net.run(1.0).messages().port) == 0


@pytest.mark.parametrize("duration", ["a", -1.0, NAN])
def test_a_process_waits_for_a_number_of_seconds(duration):
    def waits(cell):
        yield cell.wait(duration)

    net = es.Network()
    net.add(waits, name="waits")
    contains(message(es.EngineError, lambda: net.run(1.0)), "cannot wait", repr(duration))


def test_where_no_file_can_be(tmp_path):
    net = es.Network()
    for path in (tmp_path, tmp_path / "nowhere" / "half.npz"):
        contains(message(es.EngineError, lambda path=path: net.save(path)), str(path), "a folder that exists")
    assert list(tmp_path.iterdir()) == []


def test_a_network_says_what_it_is():
    net, _ = pair()
    assert repr(net.run(0.5)) == "<Network: 2 populations, 1 projections, reference engine, at 0.5 s>"


def test_spike_trains_for_another_number_of_neurons():
    net = es.Network()
    net.add(es.SpikeTrain([[0.0], [0.1]]), 3, name="x")
    contains(message(es.NetworkError, lambda: net.run(1.0)), "x", "2 neurons", "has 3")
