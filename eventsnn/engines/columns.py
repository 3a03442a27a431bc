"""The text of a kernel that takes a message from a neuron to its synapses: along its column, or row by row for many.

Synapses lie in memory row by row, a row being those of one source. A neuron's column has one in each row, so whoever
goes along it reads another piece of memory at every step. When a message reaches many neurons at once, their columns
are gone through together, in the order of memory: for each neuron that is the order of its own column, and what
happens at the synapses of one neuron touches no other.
"""

from string import Template

from eventsnn.engines import kept, logs, templates_flow
from eventsnn.engines.handlers import prefix_of
from eventsnn.locality.ways import returns_value
from eventsnn.model import Neuron
from eventsnn.plan import Cells, Synapses

EACH = '''
def each_${K}_${q}_$port(net, P, R, n, j, window, offset, time, value$kind):
    """Rule $q sees a $port of neuron n at its synapse j."""
    own = R.own[n]
    cell = P.cells[n]
    syn = R.syn[j]
$body
'''

SWEEP = '''
def sweep_${K}_${q}_$port(net, P, R, n, window, offset, value$kind):
    """Rule $q sees a $port at neuron n: once for the neuron, then for each synapse of its column."""
    time = window * net.width + offset
$once
$each
'''

COLUMN = '''
def column_${K}_${q}_$port(net, P, R, n, window, offset, time, value$kind):
    """Rule $q sees a $port at each synapse of neuron n."""
    for c in range(R.col_start[n], R.col_start[n + 1]):
        prefetch(R.syn, R.col_synapse[c + AHEAD])
        each_${K}_${q}_$port(net, P, R, n, R.col_synapse[c], window, offset, time, value$kind)
'''

MARKED_COLUMN = '''
def column_${K}_${q}_$port(net, P, R, n, window, offset, time, value$kind):
    """Rule $q sees a $port at each synapse of neuron n, or at each that is marked."""
    few = concerned($few)
    for c in range(R.col_start[n], R.col_start[n + 1]):
        following = R.col_synapse[c + AHEAD]
        if (R.marks[following] | EVERY) & few != 0:
            prefetch(R.syn, following)
        j = R.col_synapse[c]
        if (R.marks[j] | EVERY) & few != 0:
            each_${K}_${q}_$port(net, P, R, n, j, window, offset, time, value$kind)
'''

ROWS = '''
def rows_${K}_${q}_$port(net, P, R, S, start, stop, window, offset, value):
    """Rule $q sees a $port at the neurons that the synapses start..stop of S lead to: once each, then row by row."""
    time = window * net.width + offset
    given = value
    number = 0
    marked = 0
    for k in range(start, stop):
        n = S.target[k] + 0
        value = given * S.weight[k]
$once
        R.heard[n] = value
        few = $few
        R.hears[n] = few
        marked |= few
        number += 1
    if number * ROWS_FROM >= R.hears.size:
        first = S.target[start] + 0
        last = S.target[stop - 1] + 0
        for word in range((R.target.size + 7) // 8):
$skip
            for j in range(8 * word, min(8 * word + 8, R.target.size)):
                prefetch(R.syn, j + AHEAD)
                n = R.target[j] + 0
                if first <= n <= last and $hears:  # what other neurons hear is for other threads
                    each_${K}_${q}_$port(net, P, R, n, j, window, offset, time, R.heard[n])
    else:
        for k in range(start, stop):
            n = S.target[k] + 0
            if R.hears[n] > 0:
                column_${K}_${q}_$port(net, P, R, n, window, offset, time, R.heard[n])
    for k in range(start, stop):
        R.hears[S.target[k]] = 0
'''

UNMARK = '''
def unmark_${K}_$q(P, R, n):
    """After a reset of neuron n: take the marks of its synapses away, if rule $q says so, or else they are old."""
    left = $unmark
    R.aged[n] = left
    for c in range(R.col_start[n], R.col_start[n + 1]):
        j = R.col_synapse[c]
        if R.marks[j] != 0:
            R.marks[j] = left


def unmark_many_${K}_$q(P, R, S, start, stop):
    """The same for the neurons that the synapses start..stop of S lead to."""
    if (stop - start) * ROWS_FROM < R.hears.size:
        for k in range(start, stop):
            unmark_${K}_$q(P, R, S.target[k] + 0)
        return
    concerns = FRESH
    some = 0
    for k in range(start, stop):
        n = S.target[k] + 0
        left = $unmark
        R.hears[n] = 1 + left
        some |= left
        if left == 0 and R.aged[n] != 0:
            concerns = FRESH | OLD
        R.aged[n] = left
    if some == 0 and stop - start == R.hears.size:  # every neuron: no mark stays
        R.words[:] = 0
        R.hears[:] = 0
        return
    first = S.target[start] + 0
    last = S.target[stop - 1] + 0
    for word in range(R.words.size):
        if R.words[word] & (concerns * EIGHT) != 0:
            for j in range(8 * word, min(8 * word + 8, R.target.size)):
                n = R.target[j] + 0
                if first <= n <= last and R.hears[n] > 0 and R.marks[j] != 0:
                    R.marks[j] = R.hears[n] - 1
    for k in range(start, stop):
        R.hears[S.target[k]] = 0
'''

MANY = '''
def many_${K}_$port($args, S, x, window):
    """A message ($port) reaches the neurons of a run, as many as there is room for; return whether it was all."""
    e = net.pool[x]
    offset = e.offset
    while e.start < e.stop:
        stop = e.start
        while stop < e.stop and (stop == e.start or S.target[stop - 1] < S.target[stop]):  # each neuron once
            if not catch_up_${K}($args, S.target[stop] + 0, window, offset):
                break
            stop += 1
        if stop == e.start or not room(net):
            return False
        stop = min(stop, e.start + net.i[FREE] // P.sends)
$body
        e.start = stop
    return True
'''

LOOP = """
        for k in range(e.start, stop):
            n = S.target[k] + 0
            value = e.value * S.weight[k]
            node = P.first + n
$lines
"""


def rule_prefix(s: Synapses) -> str:
    """What the names of a rule's functions begin with, at the synapses of one projection."""
    assert s.rule is not None
    assert isinstance(s.post.model, Neuron)
    return prefix_of(s.rule, s.post.model)


def call(s: Synapses, name: str, row: str = "R.index") -> str:
    """How a kernel begins the call of a rule's method; `row` is where its projection has what is kept."""
    assert s.rule is not None
    assert isinstance(s.post.model, Neuron)
    if name in kept.keepers(s.rule, s.post.model):
        return f"{rule_prefix(s)}__{name}_keeping(net.kept[{row}], "
    return f"{rule_prefix(s)}__{name}("


def needs_look(s: Synapses) -> bool:
    """Whether a rule reads a variable of the neuron that moves between its events."""
    rule, model = s.rule, s.post.model
    assert rule is not None
    assert isinstance(model, Neuron)
    moving = {name for _, name in model.handlers["observe"].writes} if model.linear else set(model.state)
    return bool(rule.sees() & moving)


def ports(s: Synapses) -> list[str]:
    """The ports that a rule reacts to, beside arriving spikes."""
    assert s.rule is not None
    return sorted({name[3:] for name in s.rule.handlers if name[:3] in ("on_", "at_")} - {"pre"})


def sees(s: Synapses, port: str) -> bool:
    """Whether a rule sees a port at each synapse."""
    assert s.rule is not None
    return f"on_{port}" in s.rule.handlers


def together(c: Cells, plastic: list[Synapses], port: str) -> bool:
    """Whether the columns of many neurons are gone through together; what is recorded is in the neurons' order."""
    recorded = logs.records_state(c) or any(logs.records_weights(s) for s in plastic)
    return port not in ("post", "spike") and not recorded and any(sees(s, port) or _unmarks(s, port) for s in plastic)


def _unmarks(s: Synapses, port: str) -> bool:
    """Whether a port may take marks away."""
    return s.marks and port == "reset"


def unmark_lines(kind: str, plastic: list[Synapses], port: str) -> list[str]:
    """What takes marks away, after the rules have seen a port at one neuron."""
    return [f"unmark_{kind}_{k}(P, A{k}, n)" for k, s in enumerate(plastic) if _unmarks(s, port)]


def unmark_text(kind: str, k: int, s: Synapses) -> str:
    """The functions that take marks away at the k-th rule of a kind of population."""
    return Template(UNMARK).substitute(K=kind, q=k, unmark=f"0 if {_asks(s, 'unmark')} > 0.0 else OLD")


def _asks(s: Synapses, name: str) -> str:
    """What asks a rule about marks at neuron n."""
    return f"{rule_prefix(s)}__{name}(R.rule, R.own[n], P.cells[n], P.model)"


def texts(kind: str, k: int, s: Synapses, port: str, together: bool) -> list[str]:
    """The functions that show a port to the k-th rule of a kind of population."""
    names = {"K": kind, "q": k, "port": port, "kind": ", kind" if logs.records_weights(s) else ""}
    once = _once(kind, s, port, "return")
    if not sees(s, port):
        return [Template(SWEEP).substitute(names, once=_lines(once, 4), each="")]
    marked = s.marks and port != "post"
    few = _asks(s, "only_marked") if marked else ""
    column = Template(MARKED_COLUMN if marked else COLUMN).substitute(names, few=few)
    found = [Template(EACH).substitute(names, body=_lines(_each(s, port), 4)), column]
    column = f"    column_{kind}_{k}_{port}(net, P, R, n, window, offset, time, value{names['kind']})"
    found.append(Template(SWEEP).substitute(names, once=_lines(once, 4), each=column))
    if together:
        once = _once(kind, s, port, "continue")
        found.append(Template(ROWS).substitute(names, once=_lines(once, 8), **_rows_names(few)))
    return found


def _rows_names(few: str) -> dict[str, str]:
    """What fills in how rows are gone through, if unmarked synapses can be left out and if not."""
    if not few:
        return {"few": "1", "skip": "", "hears": "R.hears[n] > 0"}
    skip = ["if marked < EVERY and R.words[word] & (marked * EIGHT) == 0:", "    continue"]
    return {"few": f"concerned({few})", "skip": _lines(skip, 12), "hears": "(R.marks[j] | EVERY) & R.hears[n] != 0"}


def many_text(names: dict[str, str], plastic: list[Synapses], port: str, lines: list[str]) -> str:
    """The function that brings a message to many neurons; `lines` are what it does at each after the rules."""
    loop, kind = Template(LOOP.strip("\n")), names["K"]
    flow = [line.strip() for line in names["flow_control"].split("\n") if line]
    body = [loop.substitute(lines=_lines(flow, 12))] if flow else []
    for k, s in enumerate(plastic):
        if sees(s, port):
            body.append(f"        rows_{kind}_{k}_{port}(net, P, A{k}, S, e.start, stop, window, offset, e.value)")
        elif port in ports(s):
            call = f"sweep_{kind}_{k}_{port}(net, P, A{k}, n, window, offset, value)"
            body.append(loop.substitute(lines=_lines([call], 12)))
    body += [
        f"        unmark_many_{kind}_{k}(P, A{k}, S, e.start, stop)" for k, s in enumerate(plastic) if _unmarks(s, port)
    ]
    if lines:
        body.append(loop.substitute(lines=_lines(lines, 12)))
    return Template(MANY).substitute(names, port=port, body="\n".join(body))


def _lines(lines: list[str], indent: int) -> str:
    return "\n".join(" " * indent + line for line in lines)


def _once(kind: str, s: Synapses, port: str, skip: str) -> list[str]:
    """What a port does once at a neuron, in terms of `value`; `skip` leaves out the synapses."""
    assert s.rule is not None
    lines = [f"look_{kind}(net, P, n, window, offset)"] if needs_look(s) else []
    once = s.rule.handlers.get(f"at_{port}")
    if once is not None:
        tell = call(s, f"at_{port}") + "R.rule, R.own[n], P.cells[n], P.model, Message(time, value))"
        answers = returns_value(once)
        lines += [f"value = {tell}", "if value == 0.0:", f"    {skip}"] if answers else [tell, skip]
    return lines


def _each(s: Synapses, port: str) -> list[str]:
    """What a port does at one synapse, and what it sends back."""
    assert s.rule is not None
    name, rule = rule_prefix(s), s.rule
    tell = call(s, f"on_{port}") + "R.rule, syn, own, cell, P.model, Message(time, value))"
    lines = []
    if templates_flow.follows(rule, port):
        lines.append(f"{name}__follow_epoch(R.rule, R.epochs, own, cell, P.model, syn)")
    lines.append("before = syn.w")
    learned = "back" in rule.synapse_state
    if learned:
        lines.append("back = syn.back")
    if returns_value(rule.handlers[f"on_{port}"]):
        lines += [
            f"answer = {tell}",
            "if R.has_back > 0 and answer != 0.0:",
            f"    way = {'back' if learned else 'way_back(R, j, before)'}",
            "    send_back(",
            "        net, P.first + n, window, offset, R.back_delay[j], R.first + j, R.index, j, answer * way,",
            "        R.pre_stage,",
            "    )",
        ]
    else:
        lines.append(tell)
    return [
        *lines,
        "if not -math.inf < syn.w < math.inf:",
        "    fault(net, NOT_FINITE, R.index, j, window, offset, before)",
        *logs.change_lines(s, "kind", "P.first + n if kind != ARRIVAL else 0", "offset"),
    ]
