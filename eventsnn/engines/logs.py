"""Recording inside a kernel: rows of typed buffers, which Python empties when they are full (see `compiled_records`).

The functions from `log_room` to `log_change` are plain Python, copied into every kernel. A network that records neither
states nor weights has `LOGS = 0` there, and none of the code that is generated below.
"""

import inspect
from string import Template

from eventsnn.engines.loop import ARRIVALS, CHANGES, LOG_NEED, STATES
from eventsnn.model import Neuron
from eventsnn.plan import Cells, Plan, Synapses


def log_room(net):
    """Whether what one more reaction records surely finds space."""
    return net.i[CHANGES] + net.i[LOG_NEED] < net.changes.size and net.i[STATES] + 8 < net.states.size


def log_arrivals(net, e, start, stop):
    """Write down that an entry reached the synapses start..stop of its projection."""
    k = net.i[ARRIVALS]
    net.i[ARRIVALS] = k + 1
    row = net.arrivals[k]
    row.window = e.window
    row.offset = e.offset
    row.stage = e.stage
    row.kind = e.kind
    row.sender = e.sender
    row.synapse = e.synapse
    row.nth = e.nth
    row.projection = e.projection
    row.start = start
    row.stop = stop
    row.value = e.value
    row.back = e.back


def log_change(net, kind, node, window, offset, projection, j, w):
    """Write down a new weight; `kind` and `node` order what is learned at one instant."""
    k = net.i[CHANGES]
    net.i[CHANGES] = k + 1
    row = net.changes[k]
    row.window = window
    row.offset = offset
    row.kind = kind
    row.node = node
    row.projection = projection
    row.synapse = j
    row.weight = w


BUFFERS = ("arrivals", "changes", "states", "values")  # more fields of `net`

STATE = '''
def log_${K}(net, P, n):
    """Write down a neuron's state after an event."""
    cell = load_${K}(P, n)
    k = net.i[STATES]
    net.i[STATES] = k + 1
    row = net.states[k]
    row.node = P.first + n
    row.window = cell.window
    row.offset = cell.offset
$values
'''

CHECK = """
        if not room(net):
            e.start = j
            return False"""


def records_state(c: Cells) -> bool:
    """Whether the states of a population are recorded."""
    return "state" in c.population.record and isinstance(c.model, Neuron)


def records_weights(s: Synapses) -> bool:
    """Whether the changes of a projection's weights are recorded."""
    return "weights" in s.projection.record and s.rule is not None


def text(plan: Plan) -> str:
    """What every kernel gets of this module."""
    parts = [inspect.getsource(function) for function in (log_room, log_arrivals, log_change)]
    if any(records_state(c) for c in plan.cells) or any(records_weights(s) for s in plan.synapses):
        parts.append("LOGS = 1  # this network records states or weights")
    return "\n\n".join(parts)


def state_text(kind: str, c: Cells) -> str:
    """The function that writes down the state of a neuron of a kind; nothing where none is recorded."""
    if not records_state(c):
        return ""
    assert isinstance(c.model, Neuron)
    values = "\n".join(f"    net.values[k, {m}] = cell.{name}" for m, name in enumerate(c.model.state))
    return Template(STATE).substitute(K=kind, values=values)


def state_names(kind: str, c: Cells) -> dict[str, str]:
    """What the templates of a population of neurons are filled in with."""
    if not records_state(c):
        return dict.fromkeys(("log_fire", "log_row", "log_start"), "")
    call = f"log_{kind}(net, P, n)"
    return {
        "log_fire": f"    {call}",
        "log_row": f"        {call}",
        "log_start": f"        {call}",
    }


def check(c: Cells, s: Synapses | None) -> str:
    """What a row begins with at each synapse, where every arrival is recorded."""
    return CHECK.strip("\n") if records_state(c) or (s is not None and records_weights(s)) else ""


def change_lines(s: Synapses, kind: str, node: str, offset: str) -> list[str]:
    """After a weight that was `before` was found to be finite: lines that write it down if it has changed."""
    if not records_weights(s):
        return []
    return ["elif syn.w != before:", f"    log_change(net, {kind}, {node}, window, {offset}, R.index, j, syn.w)"]
