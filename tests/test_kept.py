"""Functions whose latest values a kernel keeps: worked out once for a number, and only what may be kept."""

import math

import numpy as np
import pytest

import eventsnn as es
from eventsnn.engines import kept
from eventsnn.model import COURSES, PostState, Rule


class Halving(Rule):
    """A rule that keeps two functions, one of which comes to the other."""

    kept = ("fixed", "halved")
    tau: float = 2.0
    p: PostState = 1.0

    def fixed(self, post):
        """Of parameters alone."""
        return 1.0 / self.tau, post.tau_mem

    def halved(self, post, u):
        """Of parameters and a number."""
        rate, tau = self.fixed(post)
        return math.exp(-rate * u), tau

    def flow(self, post, dt):
        """Time passes."""
        left, tau = self.halved(post, dt)
        rest, leak, drive, lasts = post.course(0.0)
        post.p = post.p * left + tau * (rest + leak + drive) * min(lasts, 1.0)


def test_methods_that_come_to_a_kept_function_have_a_second_text():
    """Also through the neuron."""
    assert kept.keepers(Halving(), es.LIF()) == {"fixed", "halved", "flow"}
    assert kept.keepers(es.LIF()) == {"basis", "course"}
    own = kept.places(es.LIF())["basis"]
    places = kept.places(Halving(), es.LIF())
    assert (own, places["fixed"][1], places["halved"][1]) == ((0, 3), 2, 2)
    ends = [first + 2 * (words + 1) + 1 for first, words in (own, *places.values())]
    assert [first for first, _ in (own, *places.values())] == [0, *ends[:-1]]
    assert kept.width(Halving(), es.LIF()) == ends[-1]


def functions(net):
    """The lines of a network's kernel by function."""
    found = {}
    for line in net.kernel().split("\n"):
        if line.startswith("def "):
            lines = found[line[4 : line.index("(")]] = []
        elif line.startswith(" "):
            lines.append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


@pytest.mark.parametrize("rule", [es.PairSTDP(), es.TripletSTDP(), es.ETLP(), es.LabelDelta()])
def test_what_one_spike_brings_to_its_synapses_is_kept(rule):
    """Exponentials are not worked out anew at each synapse of a row."""
    net = es.Network(engine="compiled")
    net.connect(net.add(es.Poisson(rate=1.0)), net.add(es.LIF()), rule, delay=1e-3)
    texts = functions(net)
    row = next(text for name, text in texts.items() if name.startswith("row_") and name.endswith("_0"))
    arrival = next(text for name, text in texts.items() if name.endswith("__on_pre_keeping"))
    assert "__on_pre_keeping(net.kept[R.index], " in row
    assert "_known(kept, " in arrival
    assert "math.exp" not in arrival or isinstance(rule, es.PairSTDP)  # where an origin has moved on


def test_the_latest_two_values_are_kept():
    """And no third; a function of parameters alone is asked once."""
    asked = []
    names = {"f": lambda self, u: asked.append(u) or (u, 2.0 * u), "g": lambda self: asked.append("g") or (7.0, 8.0)}
    exec(kept.known("f", ["self", "u"], (3, 2)), names)
    exec(kept.known("g", ["self"], (10, 2)), names)
    row = np.full(17, np.nan)
    for u, new in ((1.0, 1), (1.0, 0), (2.0, 1), (1.0, 0), (3.0, 1), (1.0, 0), (3.0, 0), (2.0, 1), (1.0, 1), (2.0, 0)):
        asked.clear()
        assert names["f_known"](row, None, u) == (u, 2.0 * u)
        assert len(asked) == new, u
    asked.clear()
    assert names["g_known"](row, None) == names["g_known"](row, None) == (7.0, 8.0)
    assert asked == ["g"]
    assert np.isnan(row[:3]).all()


def test_what_depends_on_more_is_refused():
    """On a variable of the rule, on the neuron's voltage or course; and a name that is no such method."""
    with pytest.raises(es.LocalityError, match=r"depends on post\.p"):

        class Own(Halving):
            """Reads its own variable."""

            def halved(self, post, u):
                """Not of u alone."""
                return post.p * u, 1.0

    with pytest.raises(es.LocalityError, match=rf"depends on post\.{COURSES[0]}"):

        class Far(Halving):
            """Asks where the voltage is."""

            def fixed(self, post):
                """Not of parameters alone."""
                rest, leak, drive, lasts = post.course(0.0)
                return rest + leak, drive * lasts

    class Voltage(Halving):
        """Reads what may be a parameter of its neuron, and is not."""

        def fixed(self, post):
            """Not of parameters alone, at a LIF."""
            return post.v, 1.0

    net = es.Network()
    net.connect(net.add(es.Poisson(rate=1.0)), net.add(es.LIF()), Voltage(), delay=1e-3)
    with pytest.raises(es.LocalityError, match=r"depends on post\.v"):
        net.run(0.1)
    with pytest.raises(es.LocalityError, match="name methods that return numbers"):

        class Lacks(Halving):
            """Keeps what is not there."""

            kept = ("quartered",)
