"""The parts of a kernel that depend on a network's models: text with names to fill in.

`${K}` is a population's number, `$M` its neuron model, `$q` a projection's number, `$args` what every function of a
population takes: `net`, its record `P`, and its plastic projections.
"""

LINEAR = '''
def load_${K}(P, n):
    """A neuron's record with the coefficients that are kept apart for speed."""
    cell = P.cells[n]
    hot = P.hot[n]
    cell.c0 = hot.c0
    cell.c1 = hot.c1
    cell.window = hot.window
    cell.offset = hot.offset
    return cell


def store_${K}(P, n):
    """Put a record's coefficients back, and say how long the neuron surely stays below threshold."""
    cell = P.cells[n]
    hot = P.hot[n]
    hot.c0 = cell.c0
    hot.c1 = cell.c1
    hot.window = cell.window
    hot.offset = cell.offset
    if cell.hold >= 0.0:  # held: it cannot fire before the refractory period ends
        hot.level = math.inf
        hot.safe = cell.hold
    else:
        hot.level = ${M}__level(P.model, cell)
        b0, b1, g = ${M}__basis(P.model, cell.offset)
        v = hot.level + cell.c0 * b0 + cell.c1 * b1
        hot.safe = cell.offset + ${M}__calm(P.model, hot.level, v, cell.c1 * g)


def fire_${K}($args, n, window, offset, kind):
    """The neuron fires: reset, spike, rules."""
    node = P.first + n
    if net.nodes[node].fired_window == window and net.nodes[node].fired_offset == offset:
        fault(net, RUNAWAY, node, 0, window, offset, 0.0)
        return
$flow    cell = load_${K}(P, n)
    ${M}__bring_linear(P.model, cell, window, offset, net.width)
    ${M}__fire(P.model, cell, offset)
    net.nodes[node].fired_window = window
    net.nodes[node].fired_offset = offset
    net.i[EVENTS] += 1
    store_${K}(P, n)  # before the rules look at it
    emit(net, node, window, offset, kind)
$after_fire
$log_fire


def catch_up_${K}($args, n, window, offset):
    """Let the neuron fire wherever it reached the threshold before now, or now if that was decided before.

    Returns whether there was room for that; if not, it can be called again.
    """
    hot = P.hot[n]
    while net.i[FAULT] == 0:
        if (window - hot.window) * net.width + offset < hot.safe:
            return True
        cell = load_${K}(P, n)
        x = ${M}__crossing(P.model, cell, cell.offset)
        if x == math.inf:
            if hot.level < math.inf:
                hot.safe = x
            return True
        ahead = whole(x / net.width)
        w = hot.window + ahead
        o = x - ahead * net.width
        jump = ahead == 0 and o == hot.offset
        if w < window or (w == window and (o < offset or (o == offset and not jump))):
            if not room(net):
                return False
            fire_${K}($args, n, w, o, JUMP if jump else CROSSING)
        else:
            if hot.level < math.inf:
                hot.safe = x
            return True
    return True


def bring_${K}($args, n, window, offset):
    """Let the neuron's time pass up to now; return whether there was room for all that happened on the way."""
    if not catch_up_${K}($args, n, window, offset):
        return False
    touch(net, P.first + n)
$flow    cell = load_${K}(P, n)
    ${M}__bring_linear(P.model, cell, window, offset, net.width)
    hot = P.hot[n]
    hot.c0 = cell.c0
    hot.c1 = cell.c1
    hot.window = window
    hot.offset = offset
    hot.level = math.inf if cell.hold >= 0.0 else ${M}__level(P.model, cell)
    hot.safe = cell.hold if cell.hold >= 0.0 else offset
    return True


def stays_calm_${K}(net, P, n, window):
    """Whether the neuron surely stays below threshold to the end of the window; if so, when to look again is noted."""
    hot = P.hot[n]
    left = hot.safe - (window - hot.window) * net.width
    if left >= net.width:
        if hot.safe < math.inf:
            visit(net, P.first + n, window + whole(left / net.width))
        return True
    return False


def finish_${K}($args, n, window, limit, stage):
    """Let the neuron fire wherever it reaches the threshold before the limit; return whether there was room."""
    hot = P.hot[n]
    node = P.first + n
    while net.i[FAULT] == 0:
        if stays_calm_${K}(net, P, n, window):
            return True
        cell = load_${K}(P, n)
        x = ${M}__crossing(P.model, cell, cell.offset)
        if x == math.inf:
            if hot.level < math.inf:
                hot.safe = x
            return True
        ahead = whole(x / net.width)
        w = hot.window + ahead
        o = x - ahead * net.width
        if w > window or (w == window and o >= limit):
            if hot.level < math.inf:
                hot.safe = x
            visit(net, node, w)
            return True
        if not room(net):
            return False
        jump = ahead == 0 and o == hot.offset
        fire_${K}($args, n, w, o, JUMP if jump else CROSSING)
    return True


def renew_${K}(net, P, n, stage):
    """After a change of state other than by a spike."""
    store_${K}(P, n)
    touch(net, P.first + n)


def look_${K}(net, P, n, window, offset):
    """Make what the neuron publishes true for now."""
    ${M}__look_linear(P.model, load_${K}(P, n), window, offset, net.width)
'''

LINEAR_ROW = '''
def row_${K}_$q($args, R, x, window):
    """A spike reaches synapses of a projection ($q): as many as there is room for; return whether it was all."""
    e = net.pool[x]
    s = e.offset
    time = window * net.width + s
    f0, f1 = ${M}__factors(P.model, s)
    b0, b1, g = ${M}__basis(P.model, s)
    d00, d01, d11 = ${M}__decay(P.model, net.width)
    for j in range(e.start, e.stop):
$check
        n = R.target[j]
        hot = P.hot[n]
        if hot.window != window:
            dt = (window - hot.window) * net.width
            if s < hot.safe - dt:
                touch(net, P.first + n)
                if dt == net.width:
                    hot.c0 = hot.c0 * d00 + hot.c1 * d01
                    hot.c1 = hot.c1 * d11
                else:
                    e00, e01, e11 = ${M}__decay(P.model, dt)
                    hot.c0 = hot.c0 * e00 + hot.c1 * e01
                    hot.c1 = hot.c1 * e11
                hot.window = window
                hot.safe -= dt
                if hot.level == math.inf:
                    P.cells[n].hold -= dt
            else:
                if not bring_${K}($args, n, window, s) or not room(net):
                    e.start = j
                    return False
        elif not s < hot.safe:
            if not bring_${K}($args, n, window, s) or not room(net):
                e.start = j
                return False
$before_enter
        hot.c0 += w * f0
        hot.c1 += w * f1
        hot.offset = s
        if hot.level < math.inf:
            v = hot.level + hot.c0 * b0 + hot.c1 * b1
            hot.safe = s + ${M}__calm(P.model, hot.level, v, hot.c1 * g)
$log_row
    return True
'''

SWEEP = '''
def sweep_${K}_${q}_$port(net, P, R, n, window, offset, value$kind):
    """Rule $q sees a $port at neuron n: once for the neuron, then for each synapse of its column."""
    time = window * net.width + offset
    cell = P.cells[n]
    own = R.own[n]
$body
'''

CONTROL = '''
def control_${K}($args, n, window, offset, port, value):
    """An error or control message: first the rules, then the neuron itself; return whether there was room."""
    if not catch_up_${K}($args, n, window, offset) or not room(net):
        return False
    node = P.first + n
$flow_control$control
    return True
'''

STAGE = '''
def stage_$p($stage_args, window, limit, stage):
    """Everything that happens to population $p within a window and before its limit; return whether there was room."""
    count = collect(net, window, stage)
    for k in range(count):
        x = net.lists[ORDER, k]
        e = net.pool[x]
        if e.offset >= limit:
            put_back(net, k, count)
            break
        if net.i[FAULT] != 0 or not room(net) or net.i[ARRIVALS] == net.arrivals.size:
            put_back(net, k, count)
            return False
        start = e.start
        whole = True
$dispatch
        reached = e.stop if whole else e.start
        if net.arrivals.size > 1 and reached > start:
            log_arrivals(net, e, start, reached)
        net.counts[e.back, e.projection] += reached - start
        net.i[EVENTS] += reached - start
        if not whole:
            put_back(net, k, count)
            return False
        release(net, x)
    while net.i[TOUCHED] > 0:
        node = net.touched[net.i[TOUCHED] - 1]
        if not stays_calm_${K}(net, P, node - P.first, window):
            if not room(net) or not finish_${K}($given, node - P.first, window, limit, stage):
                return False
            if net.i[FAULT] != 0:
                return False
        if limit < net.width:
            visit(net, node, window)  # arrivals in the rest of the window take it for touched already
        net.nodes[node].is_touched = 0
        net.i[TOUCHED] -= 1
    return True
'''

MAIN = '''
def run($everything, end_window, end_offset):
    """Work through the windows until the end, a guest's turn, or a full buffer."""
    while True:
        if net.i[STAGE] == 0:
            window = next_window(net, net.i[WINDOW], end_window)
            if window > end_window or (window == end_window and end_offset == 0.0):
                net.i[WINDOW] = end_window
                return DONE
            limit = end_offset if window == end_window else net.width
            if not feed(net, window, limit):
                return FULL
            net.i[STAGE] = 1
        window = net.i[WINDOW]
        limit = end_offset if window == end_window else net.width
        slot = window % net.buckets.shape[0]
$stages
        net.i[STAGE] = 0
        if window == end_window:
            return DONE
        net.i[WINDOW] = window + 1
        if net.i[EVENTS] > net.i[BUDGET]:
            return PAUSE
'''


START_LINEAR = """
def start_${K}(net, P, fresh):
    for n in range(P.cells.size):
        if fresh > 0:
$begin
        store_${K}(P, n)
$log_start
        hot = P.hot[n]
        if hot.window >= net.i[WINDOW]:  # arrivals in that window take it for touched already
            visit(net, P.first + n, hot.window)
        elif hot.safe < math.inf:
            ahead = whole(python_max(hot.safe, 0.0) / net.width)
            visit(net, P.first + n, python_max(net.i[WINDOW], hot.window + ahead))
"""

START_RULE = """
def start_${K}_$q(P, R):
    for n in range(P.cells.size):
        for c in range(R.col_start[n], R.col_start[n + 1]):
            ${rule}__begin(R.rule, R.syn[R.col_synapse[c]], R.own[n], P.cells[n], P.model)
"""
