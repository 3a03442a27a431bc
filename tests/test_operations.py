"""Operations of handlers: counted on paper, by the text, by counters, and by the instructions that Python runs."""

import dis
import math
import sys

import networks
import pytest
from test_report import ENGINES, Toy

import eventsnn as es
from eventsnn.report.operations import OPERATIONS, bounds


class Boxcar(es.Rule):
    """Event-driven random backpropagation's rule: at a spike, one addition and two comparisons."""

    low: float = 0.2
    high: float = 0.7

    error: es.PostState = 0.0  # the neuron's error, times the learning rate

    def on_pre(self, syn, post, msg):
        """Neftci et al. 2017 (doi 10.3389/fnins.2017.00324)."""
        if self.low < post.v < self.high:
            syn.w -= post.error

    def at_error(self, post, msg):
        """Take the error over."""
        post.error = msg.value
        return 0.0


@pytest.mark.parametrize("engine", ENGINES)
def test_one_addition_and_two_comparisons(engine, plain_python):
    net = es.Network(engine=engine)
    x = net.add(es.SpikeTrain([0.1, 0.2, 0.3, 0.4]), name="x")  # v is 0, 0.3, 0.6, 0.9 when they arrive
    y = net.add(es.IF(tau_syn=0.0), name="y")
    net.connect(x, y, Boxcar(), weight=0.3)
    row = net.measure().run(1.0).report().to_dict()["projections"][0]
    handler = row["operations"]["on_pre"]
    assert (handler["most"]["additions"], handler["most"]["comparisons"]) == (1, 2)
    assert (handler["fewest"]["additions"], handler["fewest"]["comparisons"]) == (0, 1)
    assert sum(handler["most"][kind] for kind in OPERATIONS) == 3
    assert (handler["done"]["additions"], handler["done"]["comparisons"]) == (2, 1 + 2 + 2 + 2)
    assert (row["words"]["synapse"], row["column_visits"]) == (0, {})


class Winding(es.Rule):
    """Every way in which work can depend on numbers."""

    x: es.State = 0.0
    n: es.PostState = 0.0

    def on_pre(self, syn, post, msg):
        """Chains, conditions, loops, early ends, methods."""
        if 0.0 <= post.v < 0.5 or (syn.x > 3.0 and post.n + 1.0 < 100.0):
            syn.x = syn.x * 2.0 + 1.0 if syn.w > 0.3 else syn.x - 1.0
        if syn.x < 0.0:
            return
        k = 0.0
        while k * k < 20.0 and k < post.n:
            k += 1.0
            if k == 3.0:
                continue
            syn.x += 0.5 / k
            if syn.x > 8.0:
                break
        for _ in range(3):
            syn.x = 0.9 * syn.x
        syn.w += self.step(syn.x, 2.0)

    def on_post(self, syn, post, msg):
        """The same method from elsewhere."""
        post.n += 1.0
        syn.w -= self.step(syn.w, 1.0)

    def step(self, value, depth):
        """Calls itself."""
        if depth <= 0.0:
            return 0.01 * value
        return -self.step(value * 0.5, depth - 1.0)


def trials(cell):
    """A label, a time to learn and a reset, again and again."""
    while True:
        cell.send("label", 0.0)
        yield cell.wait(0.1)
        cell.send("apply", 1.0)
        cell.send("reset")


SYMBOLS = {"+": "additions", "-": "additions", "*": "multiplications", "/": "divisions"}


def executed(net, rules, end):
    """Operations that CPython carries out in the handlers of rules, instruction by instruction."""
    codes = {getattr(type(rule), name).__code__ for rule in rules for name in rule.handlers if name != "begin"}
    kinds = {}
    for code in codes:
        for instruction in dis.get_instructions(code):
            if instruction.opname == "BINARY_OP":
                kinds[code, instruction.offset] = SYMBOLS[instruction.argrepr.strip("=")]
            elif instruction.opname == "COMPARE_OP":
                kinds[code, instruction.offset] = "comparisons"
    found = dict.fromkeys(OPERATIONS, 0)

    def trace(frame, event, _argument):
        if frame.f_code in codes:
            frame.f_trace_opcodes = True
            if event == "opcode" and (frame.f_code, frame.f_lasti) in kinds:
                found[kinds[frame.f_code, frame.f_lasti]] += 1
            return trace
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        net.run(end)
    finally:
        sys.settrace(before)
    return found


@pytest.mark.parametrize("rule", [Winding(), Toy(), networks.Watch(), es.SpikeTimeGradient(), networks.Busy()])
def test_counters_agree_with_the_instructions_that_python_runs(rule):
    def build():
        net = es.Network(seed=5)
        x, y = net.add(es.Poisson(rate=30.0), 4, name="x"), net.add(es.IF(tau_syn=0.02, t_refractory=0.01), 3, name="y")
        net.connect(x, y, rule, weight=es.uniform(0.2, 0.6))
        teacher = net.teach(y, es.MarginRace(0.2))
        caller = net.add(trials, name="caller")
        net.connect(caller, teacher, port="label")
        for port in ("apply", "reset"):
            net.connect(caller, y, port=port)
        return net

    wanted = executed(build(), [rule, *rule.parts.values()], 1.0)
    row = build().measure().run(1.0).report().to_dict()["projections"][0]
    got = {kind: sum(h["done"][kind] for h in row["operations"].values()) for kind in OPERATIONS}
    exactly = ["additions", "multiplications", "divisions"]
    if isinstance(rule, (Toy, Winding)):  # the others use min and max, which are no instructions
        exactly.append("comparisons")
    assert {kind: got[kind] for kind in exactly} == {kind: wanted[kind] for kind in exactly}
    assert wanted["additions"] > 20


def test_bounds_of_a_text():
    def of(rule, name):
        fewest, most = bounds(rule, name)
        return [(fewest.get(kind, 0), most.get(kind, 0)) for kind in ("additions", "multiplications", "comparisons")]

    assert of(Toy(), "on_pre") == [(1, 2), (0, 0), (1, 1)]
    assert of(Winding(), "on_pre")[0] == (0, math.inf)
    assert of(Winding(), "on_post") == [(2, math.inf), (1, math.inf), (1, math.inf)]
    assert of(es.PairSTDP(), "at_post") == [(3, 4), (2, 3), (1, 1)]
