"""What engines do not do equally often makes no difference, and bounds are those of the class that wrote them."""

import math

import numpy as np
import pytest

import eventsnn as es
from eventsnn.engines import lanes
from eventsnn.linear import LinearNeuron, senses


class Easing(es.LIF):
    """Each spike lowers the threshold."""

    low: es.State = 0.0  # by how much

    def crossing(self, cell, s):
        """The first offset >= s at which the voltage reaches it."""
        level = self.v_leak + cell.i_bias + cell.low
        if cell.hold < 0.0:
            return self.first(cell.c0, cell.c1, level, s)
        c1 = cell.c1 * math.exp(-cell.hold / self.tau_syn)
        return cell.hold + self.first(cell.v_hold - level + cell.low - self.start(c1), c1, level, 0.0)

    def fire(self, cell, s):
        """The reset."""
        cell.low = min(cell.low + 0.05, 0.5)
        cell.hold = s + self.t_refractory
        cell.v_hold = self.v_reset


class Hasty(es.LIF):
    """Fires when an input finds it half way to the threshold."""

    def first(self, c0, c1, v_inf, s):
        """Now, or not before the next input."""
        return s if self.voltage(c0, c1, v_inf, s) >= 0.5 * self.v_threshold else math.inf


class Winding(es.EProp):
    """A rule that follows the voltage in another way than by smooth steps of one length."""

    def flow(self, post, dt):
        """Stretch by stretch."""
        rest, leak, drive, lasts = post.course(0.0)
        self.wind(post, dt, rest, leak, drive, lasts)


class Faint(es.LIF):
    """Rules see half of its voltage."""

    def course(self, cell, s):
        """The voltage above threshold, in parts."""
        b0, b1, g = self.basis(s)
        v = 0.5 * (cell.c0 * b0 + cell.c1 * b1)
        return 0.5 * self.level(cell) - self.v_threshold, v, 0.5 * cell.c1 * g, math.inf


def network(engine, neuron, rule=None):
    """A layer that Poisson sources drive to about 50 Hz."""
    net = es.Network(seed=2, engine=engine)
    x, y = net.add(es.Poisson(rate=60.0), 20, name="x"), net.add(neuron, 8, name="y")
    plastic = net.connect(x, y, rule, weight=es.uniform(0.0, 0.5), delay=es.uniform(1e-3, 3e-3))
    net.connect(y, y, weight=es.uniform(-0.2, 0.1), delay=2e-3)
    net.run(0.3)
    return net, y, plastic


@pytest.mark.parametrize("neuron", [Easing(t_refractory=2e-3), Hasty()], ids=["crossing", "first"])
def test_engines_agree_on_a_neuron_with_a_threshold_of_its_own(neuron, plain_python):
    (one, y, _), (two, y2, _) = (network(engine, neuron) for engine in ("reference", "compiled"))
    assert len(one.spikes(y)) > 20
    assert one.spikes(y).t.tobytes() == two.spikes(y2).t.tobytes()


@pytest.mark.parametrize(("neuron", "rule"), [(es.LIF(), Winding()), (Faint(), es.EProp())], ids=["flow", "course"])
def test_engines_agree_on_a_voltage_that_is_followed_in_another_way(neuron, rule, plain_python):
    (one, y, p), (two, _, p2) = (network(engine, neuron, rule) for engine in ("reference", "compiled"))
    assert len(one.spikes(y)) > 20
    here, there = one.synapse_state(p), two.synapse_state(p2)
    assert all(np.array_equal(here[name], there[name]) for name in here)
    assert not lanes.glider(rule, neuron)


def test_a_class_keeps_what_still_holds():
    class Slow(es.LIF):
        """Another time constant changes no text."""

        tau_mem: float = 50e-3

        def observe(self, cell, s):
            """Nor does what it shows."""
            cell.v = self.potential(cell, s)

    class Stiff(Easing):
        """It says that the neuron is calm when `LIF` would be."""

        calm = es.LIF.calm

    class Own(Stiff, es.LIF):
        """Bounds that were dropped stay so."""

    class Told(es.LIF):
        """What rules are told of an input is not what its bounds are made with any more."""

        def psp(self, u):
            """Nothing."""
            return 0.0

    assert Told.calm is es.LIF.calm
    assert Told.horizon is LinearNeuron.horizon
    assert Told.headroom is LinearNeuron.headroom
    assert Slow.calm is es.LIF.calm
    assert Slow.headroom is es.LIF.headroom
    assert Easing.calm is LinearNeuron.calm
    assert Easing.headroom is Stiff.headroom is Own.headroom is LinearNeuron.headroom
    assert Stiff.calm is Own.calm is es.LIF.calm


def test_moving_the_coefficients_has_two_texts():
    with pytest.raises(es.NetworkError, match=r"Tilted has a rebase\(\) of its own, but the decay\(\) of another"):

        class Tilted(es.IF):
            def rebase(self, cell, dt):
                cell.c0 *= math.exp(-dt)

    class Both(es.IF):
        """One that gives both."""

        def rebase(self, cell, dt):
            """Let it leak."""
            cell.c0 *= math.exp(-dt)

        def decay(self, dt):
            """The same."""
            return math.exp(-dt), 0.0, 0.0

    assert Both.calm is LinearNeuron.calm


def test_what_rules_see_is_what_a_class_shows():
    class Loud(es.TwoCompartment):
        """Shows twice its error."""

        def observe(self, cell, s):
            """All that is published."""
            cell.v = self.potential(cell, s)
            cell.error = 2.0 * cell.u

    assert senses(es.TwoCompartment(), {"error"})
    assert not senses(Loud(), {"error"})


def counts_questions():
    class Counting(es.LIF):
        asked: es.State = 0.0

        def crossing(self, cell, s):
            cell.asked += 1.0
            return math.inf


def counts_questions_of_any():
    class Wavering(es.Neuron):
        asked: es.State = 0.0

        def next_spike(self, cell):
            return self.later(cell)

        def later(self, cell):
            cell.asked += 1.0
            return math.inf


def moves_more():
    class Tiring(es.LIF):
        strength: es.State = 1.0

        def settle(self, cell, s):
            if 0.0 <= cell.hold <= s:
                cell.strength *= 0.9


def depends_on_looks():
    class Remembering(es.LIF):
        reached: es.State = 0.0

        def fire(self, cell, s):
            cell.reached = self.shown(cell)

        def shown(self, cell):
            return cell.v


def admits_by_voltage():
    class Saturating(es.LIF):
        def admit(self, cell):
            return 1.0 - 0.5 * cell.c0


def carries_current():
    class Leaking(es.LIF):
        def carry(self, cell, dt):
            cell.c1 = 0.0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (counts_questions, r"Counting.crossing writes cell.asked; engines ask crossing\(\) as often as they like"),
        (counts_questions_of_any, r"Wavering.later writes cell.asked; engines ask next_spike\(\) as often as they"),
        (moves_more, r"Tiring.settle writes cell.strength; settle\(\) moves c0, c1, hold and nothing else"),
        (
            admits_by_voltage,
            r"Saturating.admit reads cell.c0, which engines keep elsewhere; admit\(\) is for the other",
        ),
        (carries_current, r"Leaking.carry writes cell.c1, which engines keep elsewhere; carry\(\) is for"),
        (depends_on_looks, r"Remembering.shown reads cell.v, which is what observe\(\) found when somebody looked"),
    ],
)
def test_what_engines_do_not_do_equally_often_makes_no_difference(make, said):
    with pytest.raises(es.LocalityError, match=rf"test_shortcuts.py:\d+: {said}"):
        make()


def test_rules_do_not_see_coefficients():
    class Curious(es.Rule):
        def on_pre(self, syn, post, msg):
            syn.w += 0.001 * post.c0

    net = es.Network()
    x, y = net.add(es.Poisson(), 2, name="x"), net.add(es.LIF(), 2, name="y")
    net.connect(x, y, Curious())
    with pytest.raises(es.NetworkError, match=r"Curious reads post.c0, which LIF does not publish; it has"):
        net.run(0.1)
