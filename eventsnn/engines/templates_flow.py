"""The parts of a kernel for neurons that a rule follows between their events; see `templates` and `Rule.flow`.

Such a rule has to see every event of the neuron on its own, so there is no fast row for them.
"""

from eventsnn.model import Rule

FLOW = '''
def flow_${K}($args, n, window, offset):
    """Let the rules follow the neuron from its last event to now."""
    cell = load_${K}(P, n)
    dt = (window - cell.window) * net.width + (offset - cell.offset)
    if dt > 0.0:
$flow_body
'''

# How a row of a linear neuron begins, whether one has to be brought to now, and how a spike enters one that was.
ROW_HEAD = '''
def row_${K}_$q($args, R, x, window):
    """A spike reaches synapses of a projection ($q): as many as there is room for; return whether it was all."""
    e = net.pool[x]
    s = e.offset
    time = window * net.width + s
    f0, f1 = ${M}__factors(P.model, s)
    b0, b1, g = ${M}__basis(P.model, s)
$shared'''

LATE = """\
        hot = P.hot[n]
        late = hot.window != window or hot.offset != s  # or else another arrival has brought it to now
"""
ENTER_NOW = """\
$before_enter
        hot.c0 += w * f0
        hot.c1 += w * f1
        if hot.level < math.inf:
            v = hot.level + hot.c0 * b0 + hot.c1 * b1
            hot.safe = s + ${M}__calm(P.model, hot.level, v, hot.c1 * g)
"""

LINEAR_ROW = (
    ROW_HEAD
    + """    for j in range(e.start, e.stop):
$epoch_ahead
        n = R.target[j] + 0
"""
    + LATE
    + """        if late and not (bring_${K}($args, n, window, s) and room(net)):
            e.start = j
            return False
"""
    + ENTER_NOW
    + """$log_row
    return True
"""
)


def names(kind: str, plastic: int, followers: list[tuple[int, str]], linear: bool, log: str) -> dict[str, str]:
    """What the templates of a kind of population are filled in with.

    Args:
        kind: its name.
        plastic: how many projections with rules it has.
        followers: which of them have a rule that follows the neuron, each with how the call of its `flow` begins.
        linear: whether its neurons are; of others the next spike is worked out again from where they were brought to.
        log: the line that writes a neuron's state down, if it is recorded.
    """
    if not followers:
        return {"flow": "", "flow_control": "", "flow_body": ""}
    args = ", ".join(["net", "P", *(f"A{k}" for k in range(plastic))])
    control = [f"    bring_{kind}({args}, n, window, offset)"]  # surely has room: it has caught up
    control += [] if linear else [f"    set_due_{kind}(net, P, n, P.stage)"]
    control += [log] if log else []
    calls = [f"        {call}A{k}.rule, A{k}.own[n], cell, P.model, dt)" for k, call in followers]
    return {
        "flow": f"    flow_{kind}({args}, n, window, offset)\n",
        "flow_control": "".join(f"{line}\n" for line in control),
        "flow_body": "\n".join(calls),
    }


def follows(rule: Rule, port: str) -> bool:
    """Whether a synapse comes to the present epoch before it sees a message of that port."""
    return bool(rule.epoch_state) and rule.handlers[f"on_{port}"].uses("syn")


def epoch_ahead(rule: Rule | None) -> str:
    """Ask the processor for the record of the epoch of a synapse a little further on: such records lie anywhere."""
    if rule is None or not rule.epoch_state:
        return ""
    soon = "soon = R.syn[j + SOON if j + SOON < e.stop else j].slot"
    lines = [soon, "prefetch(R.epochs, soon)", "prefetch(R.epochs, soon + 1)"]
    return "\n".join(" " * 8 + line for line in lines)


def epoch_lines(rule: str) -> list[str]:
    """When a spike arrives at a synapse of a rule with epochs: a new one where due, and the synapse comes to it."""
    post = "R.own[n], P.cells[n], P.model"
    return [
        f"if {rule}__stale(R.rule, {post}) > 0.0:",
        f"    {rule}__turn_epoch(R.rule, R.epochs, {post})",
        f"{rule}__follow_epoch(R.rule, R.epochs, {post}, syn)",
    ]
