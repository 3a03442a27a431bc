"""Random networks of every neuron model and learning rule, and everything that a run of one leaves behind.

Models and rules come from `eventsnn.neurons.__all__` and `eventsnn.rules.__all__`, so a new one is in by itself; beside
them stand a neuron, a linear neuron and rules as a user would write them. A network follows from one number.
"""

import hashlib
import inspect
import math

import numpy as np

import eventsnn as es
from eventsnn import neurons, rules
from eventsnn.linear import LinearNeuron
from eventsnn.model import FUNCTIONS, Neuron, Part, PostState, Rule, Source, State
from eventsnn.ports import heard

GRID = 1 / 32  # times on it meet exactly
END = 6.0


class Ramp(Neuron):
    """A user's neuron: rises steadily, jumps with inputs, listens to a port of its own."""

    rate: float = 0.3
    threshold: float = 1.0

    x: State = 0.0
    boosts: State = 0.0

    def advance(self, cell, dt):
        """Rise."""
        cell.x += self.rate * dt

    def receive(self, cell, w):
        """Jump, but not below zero."""
        cell.x = max(0.0, cell.x + w)

    def next_spike(self, cell):
        """When the threshold is reached."""
        if cell.x >= self.threshold:
            return 0.0
        if self.rate <= 0.0:
            return math.inf
        return (self.threshold - cell.x) / self.rate

    def fire(self, cell, t):
        """Start anew."""
        cell.x = 0.0

    def rest(self, cell):
        """Forget."""
        cell.x = 0.0

    def on_boost(self, cell, value):
        """A control message of the user's own."""
        cell.boosts += 1.0
        cell.x = min(0.9 * self.threshold, cell.x + abs(value))


class Leak(LinearNeuron):
    """A user's linear neuron, without a refractory period: a leaky integrator of delta pulses."""

    tau: float = 0.7
    threshold: float = 1.0

    v: State = 0.0

    def time_constants(self):
        """One."""
        return (self.tau,)

    def begin(self, cell):
        """From v."""
        cell.c0 = cell.v

    def basis(self, s):
        """v = c0 exp(-s/tau)."""
        return math.exp(-s / self.tau), 0.0, 0.0

    def level(self, cell):
        """Back to zero."""
        return 0.0

    def decay(self, dt):
        """One coefficient."""
        return math.exp(-dt / self.tau), 0.0, 0.0

    def calm(self, level, v, i):
        """It never rises by itself."""
        return math.inf if v < self.threshold * (1.0 - 1e-9) else 0.0

    def factors(self, s):
        """A pulse."""
        return math.exp(s / self.tau), 0.0

    def rebase(self, cell, dt):
        """Move the origin of time."""
        d00, d01, d11 = self.decay(dt)
        cell.c0 = cell.c0 * d00 + cell.c1 * d01
        cell.c1 = cell.c1 * d11

    def settle(self, cell, s):
        """No refractory period."""

    def crossing(self, cell, s):
        """Now or never."""
        return s if cell.c0 * math.exp(-s / self.tau) >= self.threshold else math.inf

    def fire(self, cell, s):
        """Reset."""
        cell.c0 = 0.0

    def observe(self, cell, s):
        """v now."""
        cell.v = cell.c0 * math.exp(-s / self.tau)

    def rest(self, cell, s):
        """Rest."""
        cell.c0 = 0.0

    def on_boost(self, cell, value):
        """A control message of the user's own."""
        cell.c0 *= 0.5


class Step(Part):
    """A user's part."""

    size: float = 0.05

    steps: State = 0.0
    taken: PostState = 0.0

    def toward(self, syn, post, goal):
        """A step towards a goal."""
        syn.steps += 1.0
        post.taken += 1.0
        return self.size * (goal - syn.w)


class Busy(Rule):
    """A user's rule that reacts to everything and passes errors on; works with any neuron."""

    step: Part = Step()
    gain: float = 0.1

    seen: State = 0.0
    last: State = -1.0

    fired: PostState = 0.0
    sum: PostState = 0.0

    def begin(self, syn, post):
        """Count the synapses."""
        post.sum += 1.0

    def on_pre(self, syn, post, msg):
        """Drift by how long ago the last spike was."""
        gap = msg.time - syn.last
        syn.last = msg.time
        syn.seen += 1.0
        syn.w += 0.01 * math.sin(gap + post.fired)

    def at_post(self, post, msg):
        """Count; tell the synapses every other time."""
        post.fired += 1.0
        return post.fired - 2.0 * math.floor(0.5 * post.fired)

    def on_post(self, syn, post, msg):
        """Step towards something."""
        syn.w += self.step.toward(syn, post, 0.3 * msg.value)

    def on_error(self, syn, post, msg):
        """Learn and pass on."""
        syn.w -= self.gain * msg.value * math.exp(-abs(msg.time - syn.last))
        return 0.5 * msg.value if syn.seen > 0.0 else 0.0

    def at_apply(self, post, msg):
        """Let the synapses take stock."""
        return msg.value if post.fired > 0.0 else 0.0

    def on_apply(self, syn, post, msg):
        """Bound the weight and send something back."""
        syn.w = max(-2.0, min(2.0, syn.w))
        return 0.125 * syn.seen

    def on_boost(self, syn, post, msg):
        """A port of the user's own."""
        syn.w *= 1.0 - 0.001 * msg.value


class Watch(Rule):
    """A user's rule that looks at the neuron's moving voltage."""

    rate: float = 0.03

    trace: State = 0.0
    low: PostState = 0.0

    def on_pre(self, syn, post, msg):
        """Depends on the voltage now; numbers may have any names."""
        cell = 0.5 * syn.trace
        own = 0.4 - post.v
        neuron = self.rate * own
        syn.trace = cell + post.v
        syn.w += neuron

    def on_post(self, syn, post, msg):
        """Depends on the trace and on the voltage after the reset."""
        syn.w -= self.rate * syn.trace
        post.low = min(post.low, post.v)

    def on_reset(self, syn, post, msg):
        """Forget."""
        syn.trace = 0.0


def shipped(kind, module):
    """Every shipped class of a kind, in an order that stays: what a seed draws depends on it."""
    names = sorted(module.__all__, key=lambda name: (not name.isupper(), name))
    found = [getattr(module, name) for name in names]
    return [c for c in found if inspect.isclass(c) and issubclass(c, kind)]


NEURONS = [*shipped(Neuron, neurons), Ramp, Leak]
SOURCES = shipped(Source, neurons)
RULES = [*shipped(Rule, rules), Busy, Watch]
MIRRORS = [es.Correlation, es.KolenPollack]
STEPS = [part for part in shipped(Part, rules) if "change" in part.handlers]


def burst(cell, count, gap):
    """Answers every message with a burst; remembers in `cell.state`."""
    while True:
        if cell.state.get("left", 0) > 0:
            yield cell.wait(gap)
            cell.fire()
            cell.state["left"] -= 1
        else:
            message = yield cell.receive()
            cell.note("heard", message.value + message.line)
            cell.state["left"] = count


PORTS = ("error", "about", "gather", "reset", "apply", "boost", "value", "label", "reward", "ask", "spike")


@es.needs(es.global_error)
def nag(cell, period):
    """Sends whatever it can, at regular times, each member at its own."""
    while True:
        k = cell.state.get("k", 0)
        yield cell.until((k + 1) * period * (1 + cell.index))
        for nth, port in enumerate(PORTS):
            if (k + nth) % 3 == 0 and cell.reaches(port):
                cell.send(port, (1.0 if port in ("about", "gather") else 0.25) * (1 + (k + cell.index) % 4))
        cell.state["k"] = k + 1


def patient(cell, count, timeout):
    """Gathers messages until a time; sums them up and answers."""
    while True:
        messages = yield cell.gather(count, timeout=timeout)
        cell.state["sum"] = cell.state.get("sum", 0.0) + sum(m.value for m in messages)
        cell.note("sum", cell.state["sum"] + len(messages))
        if messages and cell.reaches("error"):
            cell.send("error", 0.1 * len(messages), to=messages[-1].line % 1)
        if messages and cell.reaches("spike"):
            cell.fire()


class Draw:
    """Draws the pieces of one network: what there is follows from `shape`, all numbers from `seed`.

    Networks of one shape share a kernel, so that a test need not wait for many.
    """

    def __init__(self, shape, seed):
        self.shape = np.random.default_rng([shape, 4242])
        self.rng = np.random.default_rng([seed, 2424])
        self.on_grid = self.rng.random() < 0.4
        self.often = []  # models that fire more than once in a trial, by a current

    def count(self, low, high):
        """How many there are."""
        return int(self.shape.integers(low, high + 1))

    def maybe(self, p):
        """Whether there is something."""
        return self.shape.random() < p

    def which(self, *things):
        """What there is."""
        return things[int(self.shape.integers(len(things)))]

    def pick(self, *values):
        """One of some values."""
        return values[int(self.rng.integers(len(values)))]

    def size(self, most):
        """How many members."""
        return int(self.rng.integers(1, most + 1))

    def number(self, low, high):
        """A number, on the grid in networks on the grid."""
        x = float(self.rng.uniform(low, high))
        return max(GRID, round(x / GRID) * GRID) if self.on_grid else x

    def neuron(self, kind):
        """A model with drawn parameters."""
        if kind in (es.LIF, es.IF) and self.maybe(0.4):
            taus = {"tau_syn": self.number(0.2, 1.0), **({"tau_mem": self.number(0.2, 1.0)} if kind is es.LIF else {})}
            self.often.append(kind(t_refractory=0.0, **taus))
            return self.often[-1]
        if kind is es.LIF:
            tau = self.number(0.2, 1.0)
            return es.LIF(
                tau_mem=tau,
                tau_syn=self.pick(0.0, tau, 0.95 * tau, 0.5 * tau, 0.3 * tau, 2.5 * tau),
                t_refractory=self.pick(0.0, 0.0, self.number(0.05, 0.5), math.inf),
                reset=self.pick("to_value", "subtract"),
                v_leak=self.pick(0.0, 0.0, 0.3, -0.5),
                v_reset=self.pick(0.0, -0.5),
            )
        if kind is es.IF:
            refractory = self.pick(0.0, self.number(0.05, 0.5), math.inf)
            how = self.pick("to_value", "subtract")
            return es.IF(tau_syn=self.pick(0.0, self.number(0.2, 1.0)), t_refractory=refractory, reset=how)
        if kind in (es.AdaptiveLIF, es.TwoCompartment):
            return kind(**self.membrane(kind))
        if kind is es.EscapeLIF:
            how = {"reset": self.pick("to_value", "subtract"), "reset_by": self.pick("own", "own", "own", "target")}
            soft = 0.8 if how["reset_by"] == "own" else 4.0  # without a reset of its own it soon runs away
            return es.EscapeLIF(
                tau_mem=self.number(0.2, 1.0), tau_syn=self.pick(0.0, 0.3), rate=2.0, delta_u=soft, **how
            )
        if kind is es.Readout:
            return es.Readout(tau_mem=self.number(0.2, 1.0), tau_syn=self.pick(0.0, 0.3))
        if kind is es.ErrorNeuron:
            return es.ErrorNeuron(v_threshold=self.pick(2.5, 4.0))
        return kind(rate=self.pick(0.0, 0.3, 1.0)) if kind is Ramp else kind()

    def membrane(self, kind):
        """Parameters of the neurons that share a membrane."""
        tau = self.number(0.2, 1.0)
        own = {"tau_error": self.number(0.2, 1.0), "p_transmit": self.pick(1.0, 0.5)}
        if kind is es.AdaptiveLIF:
            own = {"tau_adapt": self.pick(tau, self.number(0.2, 2.0)), "beta": self.pick(0.0, 0.1, 0.8)}
        return {
            "tau_mem": tau,
            "tau_syn": self.pick(0.0, tau, 0.95 * tau, 0.4 * tau, 2.5 * tau),
            "t_refractory": self.pick(0.0, self.number(0.05, 0.5), math.inf),
            "reset": self.pick("to_value", "subtract"),
            "v_leak": self.pick(0.0, 0.3),
            **own,
        }

    def initial(self, model):
        """Initial values of some states; a bias above the threshold makes a neuron fire by itself."""
        if not isinstance(model, es.LIF):
            return {}
        some = self.pick({}, {}, {"v": es.uniform(-0.5, 0.9)})
        return {**some, **self.pick({}, {}, {}, {"i_bias": es.uniform(0.2, 2.0)})}

    def source(self, kind):
        """A source with drawn parameters, and how many members it has."""
        n = self.size(3)
        if kind is es.SpikeTrain:
            trains = [np.unique([self.number(0.0, END) for _ in range(self.rng.integers(0, 12))]) for _ in range(n)]
            trains[0] = self.pick(trains[0], trains[0], np.unique([0.0, *trains[-1]]))
            return es.SpikeTrain(trains), n
        if kind is es.Regular:
            return es.Regular(period=self.number(0.1, 1.0), spread=self.pick(0.0, 0.25), start=self.pick(0.0, 0.5)), n
        if kind is es.Poisson:
            return es.Poisson(rate=self.pick(0.5, 3.0, 12.0), stop=self.pick(math.inf, 2.0)), n
        return kind(), n

    def suits(self, kind, model):
        """Whether a rule may stand before a neuron, whatever its parameters."""
        published = {*model.state, *model.numbers, *(set(FUNCTIONS) & set(model.handlers))}
        often = any(model is one for one in self.often)
        if (kind is es.MultiSpikeGradient and not often) or (kind is es.AxonalDelay and not isinstance(model, es.Axon)):
            return False
        return kind().sees() <= published

    def rule(self, model, mirror=False):
        """A rule that may stand before a neuron, or None; `mirror`: feedback may learn."""
        kind = self.which(None, *(kind for kind in RULES if self.suits(kind, model)))
        if kind is es.ERBP:
            return es.ERBP(i_min=self.pick(-1.0, -math.inf), i_max=self.pick(0.8, 3.0))
        if kind is es.SpikeTimeGradient:
            return self.spike_time(self.which(es.NoMirror, *MIRRORS) if mirror else es.NoMirror)
        if kind is es.EscapeGradient:  # as soft as the neurons are; a steep one goes in small steps, and takes minutes
            return es.EscapeGradient(surrogate=es.EscapeRate(beta=1.0, height=2.0))
        if kind is es.AxonalDelay:
            return es.AxonalDelay(delays=self.learned_delays(), mode=self.pick("immediate", "accumulate"))
        return None if kind is None else kind()

    def learned_delays(self):
        """Delays that start from those of `delay`."""
        return es.LearnedDelays(lr=self.pick(0.003, 0.02), shortest=0.01, longest=5.0)

    def spike_time(self, mirror):
        """The spike-time rule with drawn parts."""
        mode = self.pick("immediate", "accumulate", "gather")
        step = self.which(*STEPS)
        return es.SpikeTimeGradient(
            mode=mode,
            step=step(lr=self.pick(0.01, 0.05)),
            clip=self.pick(es.Clip(), es.Clip(slope=0.3, error=0.5)),
            cost=self.which(es.NoRemedy(), es.WeightSum(sum=1.5, rate=0.05)),
            silence=self.which(es.NoRemedy(), es.Bump(amount=0.05)),
            delays=self.which(es.FixedDelays(), es.FixedDelays(), self.learned_delays()),
            mirror=mirror(),
            bound=self.pick(math.inf, 0.2) if mode == "accumulate" else math.inf,
        )

    def delay(self, rule, *kinds):
        """Delays of a projection: a number or a distribution."""
        kind = self.which(*kinds)
        if rule is not None and any("delay" in part.state for part in rule.parts.values()) and kind != "far":
            kind = "some"  # learned delays have a least one
        if kind == "zero":
            return 0.0
        if kind == "tiny":
            return self.which(1e-300, 1e-18, 1e-9)
        if kind == "far":
            return es.uniform(0.01, 3.0)
        if kind == "mixed":
            return es.uniform(0.0, 0.5)
        return self.pick(es.uniform(0.03, 0.6), self.number(0.03, 0.6)) if not self.on_grid else self.number(0.03, 0.6)

    def weight(self):
        """Weights of a projection."""
        size = self.pick(0.3, 0.8, 1.5)
        return self.pick(es.uniform(-0.2 * size, size), es.normal(0.3 * size, size), size, 0.5)


def random_network(seed, engine="reference", shape=None):
    """The network of a number; `shape` is that of another network, whose populations and projections it has."""
    d = Draw(seed if shape is None else shape, seed)
    net = es.Network(seed=seed, engine=engine)
    layers = []
    for k in range(d.count(1, 4)):
        model = d.neuron(d.which(*NEURONS))
        layers.append(net.add(model, d.size(5), name=f"layer {k}", **d.initial(model)))
    feeders = []
    for k in range(d.count(1, 3)):
        model, n = d.source(d.which(*SOURCES))
        feeders.append(net.add(model, n, name=f"source {k}"))
    _forward(d, net, feeders, layers)
    if d.maybe(0.6):
        _recurrent(d, net, layers)
    if d.maybe(0.7):
        _guests(d, net, feeders, layers)
    if d.maybe(0.3):
        _lesson(d, net, layers)
    projections = net.description.projections  # `nag` was connected at random, and what nobody hears is refused
    projections[:] = [p for p in projections if p.pre.name != "nag" or p.port in heard(p.post, net.description)]
    return net


def _forward(d, net, feeders, layers):
    for source in feeders:
        for layer in layers:
            if layer is layers[0] or d.maybe(0.4):
                for _ in range(d.which(1, 1, 2)):
                    rule = d.rule(layer.model)
                    delay = d.delay(rule, "zero", "some", "far", "mixed", "tiny")
                    net.connect(source, layer, rule, weight=d.weight(), delay=delay)
    order = list(layers) if d.maybe(0.7) else list(reversed(layers))
    for a, pre in enumerate(order):
        for post in order[a + 1 :]:
            for _ in range(d.which(0, 1, 1, 2)):
                rule = d.rule(post.model, mirror=True)
                feedback = d.which(None, "symmetric", "random", "broadcast") if rule is not None else None
                if any(type(part) in MIRRORS for part in (rule.parts.values() if rule is not None else ())):
                    feedback = "learned"
                way = d.delay(None, "some")
                back = {"feedback": feedback, "feedback_weight": es.normal(0.0, 1.0), "feedback_delay": way}
                delay = d.delay(rule, "zero", "zero", "some", "far", "mixed", "tiny")
                net.connect(pre, post, rule, weight=d.weight(), delay=delay, **(back if feedback else {}))


def _recurrent(d, net, layers):
    for _ in range(d.count(1, 3)):
        pre, post = d.which(*layers), d.which(*layers)
        pattern = d.pick(None, es.fixed_probability(0.5))
        weight = d.pick(es.normal(0.0, 0.5), es.uniform(-0.6, 0.3))
        rule = d.rule(post.model)
        net.connect(pre, post, rule, weight=weight, delay=d.delay(rule, "some", "far"), pattern=pattern)


def _guests(d, net, feeders, layers):
    """Some of: processes that answer spikes, that send every port, that gather."""
    if d.maybe(0.6):
        answer = net.add(burst, d.pick(1, 3), count=2, gap=d.number(0.02, 0.2), name="burst")
        net.connect(d.which(*feeders, *layers), answer, delay=d.delay(None, "some"), weight=0.7)
        post = d.which(*layers)
        rule = d.rule(post.model)
        net.connect(answer, post, rule, weight=d.weight(), delay=d.delay(rule, "some"))
    if d.maybe(0.7):
        sender = net.add(nag, d.pick(1, 2), period=d.number(0.2, 0.9), name="nag")
        for layer in layers:
            for port in PORTS[:-1]:
                if d.maybe(0.4):
                    weight = d.pick(1.0, 0.5, es.uniform(0.2, 1.0)) if port not in ("about", "gather") else 1.0
                    net.connect(sender, layer, port=port, weight=weight, delay=d.delay(None, "zero", "some", "far"))
        net.connect(sender, d.which(*layers), weight=0.3, delay=d.delay(None, "tiny"))
    if d.maybe(0.6):
        waiter = net.add(patient, d.pick(1, 2), count=d.pick(1, 3), timeout=d.number(0.1, 1.5), name="patient")
        heard = d.which(*layers)
        net.connect(heard, waiter, delay=d.delay(None, "zero", "some", "far"), weight=es.uniform(0.5, 1.0))
        net.connect(waiter, heard, port="error", delay=d.delay(None, "some"))
        net.connect(waiter, d.which(*layers), weight=0.2, delay=d.delay(None, "some"))


def _lesson(d, net, layers):
    """A stimulus, inputs, and a teacher of the last layer."""
    n = d.size(3)
    times = [[d.pick(math.inf, d.number(0.0, 0.4), d.number(0.0, 0.4)) for _ in range(n)] for _ in range(3)]
    inputs, outputs = net.add(es.Latency(), n, name="inputs"), layers[-1]
    rule = d.rule(outputs.model)
    net.connect(inputs, outputs, rule, weight=d.weight(), delay=d.delay(rule, "zero", "some"))
    m = outputs.size
    teacher = d.pick(
        es.FirstToSpike(m, patience=d.number(0.3, 1.0)),
        es.MarginRace(0.2),
        es.TargetTimes([[0.1 * (1 + k) for k in range(m)]] * m),
    )
    taught = net.teach(outputs, teacher, delay=d.delay(None, "some"))
    labels = d.rng.integers(-1, m, 3)
    stimulus = es.Stimulus(times, labels, period=d.number(1.1, 1.6), shuffle=d.pick(True, False), passes=d.pick(0, 1))
    net.stimulate(stimulus, inputs, layers=layers, teacher=taught)


def outcome(net):
    """Everything that a run leaves behind, bit for bit."""
    out = {"counts": net.message_counts(), "now": net.now}
    for p in (p for p in net.description.populations if "spikes" in p.record):
        spikes = net.spikes(p)
        out[p.name, "t"], out[p.name, "i"] = spikes.t.tobytes(), spikes.i.tobytes()
        for name in ("heard", "sum", "sample", "decision", "correct", "latency", "loss"):
            out[p.name, name] = tuple(part.tobytes() for part in net.notes(p, name))
    for p in net.description.projections:
        for name, values in net.synapse_state(p).items():
            out[p.name, name] = np.asarray(values).tobytes()
    return out


def differences(a, b):
    """The names of what differs between two outcomes."""
    assert a.keys() == b.keys()
    return [name for name in a if a[name] != b[name]]


def moving(net):
    """The complete dynamic state of the engine; the engines number their events and ports differently."""
    state = net.engine.take()
    return {name: _bits(value) for name, value in state.items() if name not in ("events", "ports")}


def _bits(value):
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.tobytes()
    if isinstance(value, dict):
        return {name: _bits(v) for name, v in value.items()}
    return [_bits(v) for v in value] if isinstance(value, (list, tuple)) else repr(value)


def digest(net):
    """What a run leaves behind as one number in hexadecimal digits."""
    return hashlib.sha256(repr(sorted(outcome(net).items(), key=repr)).encode()).hexdigest()
