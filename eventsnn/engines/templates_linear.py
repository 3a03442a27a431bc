"""The part of a kernel that serves linear neurons, whose coefficients an arrival only adds to; see `templates`."""

from eventsnn.engines.templates_flow import ROW_HEAD

CODE = '''
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
    hot.budget = -1.0
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
    prefetch(net.runs, net.nodes[node].run)
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


def released_${K}(P, n):
    """The offset before which a neuron surely does not fire that is refractory, or was until it was last looked at."""
    if P.hot[n].level < math.inf:
        return 0.0
    cell = load_${K}(P, n)
    return cell.hold + ${M}__calm_after(P.model, cell)


def catch_up_${K}($args, n, window, offset):
    """Let the neuron fire wherever it reached the threshold before now, or now if that was decided before.

    Returns whether there was room for that; if not, it can be called again.
    """
    hot = P.hot[n]
    while net.i[FAULT] == 0:
        now = (window - hot.window) * net.width + offset
        if now < hot.safe or now < released_${K}(P, n):
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
    hot.budget = -1.0
    return True


def turn_${K}(net, P, n, window, s, least):
    """Bring a neuron to a window in which it has no arrival yet, where all that moves is sums; return whether it was.

    How much input surely leaves the neuron below threshold for ever, or for two windows, or else to the end of this one
    is its budget: arrivals that stay within it ask nothing more. The first needs `least`, at offset s.
    """
    hot = P.hot[n]
    steps = window - hot.window
    dt = steps * net.width
    safe = hot.safe - dt
    held = hot.level == math.inf
    if steps >= STEPS or not safe >= 0.0 or (held and safe < math.inf):
        return False
    at = DECAY + 3 * steps
    c0 = hot.c0 * P.grid[at] + hot.c1 * P.grid[at + 1]
    c1 = hot.c1 * P.grid[at + 2]
    budget = math.inf if held else -1.0
    if not held:
        v = hot.level + c0 * P.grid[START_0] + c1 * P.grid[START_1]
        i = c1 * P.grid[START_I]
        if safe == math.inf:  # it was in no danger; mostly it still is not
            budget = ${M}__headroom(P.model, hot.level, v, i, P.grid[GO_EVER], P.grid[PER_EVER])
        if budget < least:
            budget = ${M}__headroom(P.model, hot.level, v, i, P.grid[GO_2], P.grid[PER_2])
            if budget >= least and steps <= 2:  # others that little reaches are told below when to be looked at again
                safe = 2.0 * net.width
                visit(net, P.first + n, window + 2)
            else:
                budget = ${M}__headroom(P.model, hot.level, v, i, P.grid[GO_1], P.grid[PER_1])
                safe = net.width if budget >= 0.0 else python_max(safe, ${M}__calm(P.model, hot.level, v, i))
                if not s < safe:
                    return False
                touch(net, P.first + n)
$carry    hot.c0 = c0
    hot.c1 = c1
    hot.window = window
    hot.budget = budget
    hot.safe = safe
    return True


def enter_${K}($args, n, window, s):
    """The same for any neuron; return whether there was room for all that happened on the way."""
    hot = P.hot[n]
    dt = (window - hot.window) * net.width
    safe = hot.safe - dt
    if hot.level < math.inf or not s < safe:
        return bring_${K}($args, n, window, s)
    d00, d01, d11 = ${M}__decay(P.model, dt)
$carry    hot.c0 = hot.c0 * d00 + hot.c1 * d01
    hot.c1 = hot.c1 * d11
    hot.window = window
    hot.safe = safe
    hot.budget = math.inf if safe >= net.width else -1.0
    if safe < math.inf:
        P.cells[n].hold -= dt
        touch(net, P.first + n)
    return True


def see_${K}($args, n, window, s):
    """A message that leaves the voltage alone, at offset s; the neuron has caught up, so there is room."""
    hot = P.hot[n]
    if hot.window != window:
        if not turn_${K}(net, P, n, window, s, 0.0):
            enter_${K}($args, n, window, s)
    elif hot.budget < 0.0 and not s < hot.safe:
        bring_${K}($args, n, window, s)
    hot.offset = s


def spend_${K}(net, P, n, s, b0, b1, g):
    """The budget is used up by an arrival at offset s: see what is left to the end of the window alone."""
    hot = P.hot[n]
    touch(net, P.first + n)
    if hot.level < math.inf:
        v = hot.level + hot.c0 * b0 + hot.c1 * b1
        hot.budget = ${M}__headroom(P.model, hot.level, v, hot.c1 * g, P.grid[GO_1], P.grid[PER_1])
        hot.safe = net.width if hot.budget >= 0.0 else s + ${M}__calm(P.model, hot.level, v, hot.c1 * g)


def stays_calm_${K}(net, P, n, window):
    """Whether the neuron surely stays below threshold to the end of the window; if so, when to look again is noted."""
    hot = P.hot[n]
    steps = window - hot.window
    left = hot.safe - steps * net.width
    enough = steps == 0 and hot.budget >= 0.0
    if hot.level < math.inf and steps < STEPS and (enough or left < net.width):
        at = DECAY + 3 * steps
        c1 = hot.c1 * P.grid[at + 2]
        v = hot.level + (hot.c0 * P.grid[at] + hot.c1 * P.grid[at + 1]) * P.grid[END_0] + c1 * P.grid[END_1]
        i = c1 * P.grid[END_I]
        calm = ${M}__calm(P.model, hot.level, v, i)
        if enough or (calm > 0.0 and ${M}__trend(P.model, hot.level, v, i) >= 0.0):
            left = net.width + calm
            hot.safe = steps * net.width + left
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
        x = released_${K}(P, n)
        if hot.window + whole(x / net.width) <= window:
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

ROW = (
    ROW_HEAD
    + """    first = e.start + 0
    target = R.target[first : e.stop]
    synapses = R.syn[first : e.stop]
    for k in range(target.size):
        j = first + k
        prefetch(P.hot, target[k + AHEAD if k + AHEAD < target.size else k] + 0)
$check
        n = target[k] + 0
        hot = P.hot[n]
        if hot.window != window:
            if not turn_${K}(net, P, n, window, s, 0.0) and not (enter_${K}($args, n, window, s) and room(net)):
                e.start = j
                return False
        elif hot.budget < 0.0 and not s < hot.safe:
            if not bring_${K}($args, n, window, s) or not room(net):
                e.start = j
                return False
$before_enter
        hot.c0 += w * f0
        hot.c1 += w * f1
        hot.offset = s
        hot.budget -= w if w > 0.0 else 0.0
        if hot.budget < 0.0:
            spend_${K}(net, P, n, s, b0, b1, g)
$log_row
    return True
"""
)

RUSH = '''
def rush_${K}(net, P, target, weight, window, s, f0, f1, b0, b1, g):
    """Let a spike reach synapses without a rule, up to the first that needs more than a sum; return how many."""
    hot = P.hot
    for k in range(target.size):
        n = target[k] + 0
        w = weight[k]
        prefetch(hot, target[k + AHEAD if k + AHEAD < target.size else k] + 0)
        cell = hot[n]
        if cell.window != window:
            if not turn_${K}(net, P, n, window, s, w if w > 0.0 else 0.0):
                return k
        elif cell.budget < 0.0 and not s < cell.safe:
            return k
        cell.c0 += w * f0
        cell.c1 += w * f1
        cell.offset = s
        cell.budget -= w if w > 0.0 else 0.0
        if cell.budget < 0.0:
            spend_${K}(net, P, n, s, b0, b1, g)
    return target.size
'''

FIXED = '''
def row_${K}_fixed($args, R, x, window):
    """A spike reaches synapses without a rule: as many as there is room for; return whether it was all."""
    e = net.pool[x]
    s = e.offset
    f0, f1 = ${M}__factors(P.model, s)
    b0, b1, g = ${M}__basis(P.model, s)
    while True:
        target = R.target[e.start : e.stop]
        weight = R.weight[e.start : e.stop]
        e.start += rush_${K}(net, P, target, weight, window, s, f0, f1, b0, b1, g)
        if e.start == e.stop:
            return True
        if not slow_${K}($args, R.target[e.start] + 0, R.weight[e.start], window, s, f0, f1, b0, b1, g):
            return False
        e.start += 1


def slow_${K}($args, n, w, window, s, f0, f1, b0, b1, g):
    """A spike reaches a neuron about which more must be known; return whether there was room."""
    hot = P.hot[n]
    if hot.window != window:
        if not enter_${K}($args, n, window, s) or not room(net):
            return False
    elif hot.budget < 0.0 and not s < hot.safe:
        if not bring_${K}($args, n, window, s) or not room(net):
            return False
    hot.c0 += w * f0
    hot.c1 += w * f1
    hot.offset = s
    hot.budget -= w if w > 0.0 else 0.0
    if hot.budget < 0.0:
        spend_${K}(net, P, n, s, b0, b1, g)
    return True
'''

START = """
def start_${K}(net, P, fresh):
    P.grid[START_0], P.grid[START_1], P.grid[START_I] = ${M}__basis(P.model, 0.0)
    P.grid[END_0], P.grid[END_1], P.grid[END_I] = ${M}__basis(P.model, net.width)
    P.grid[GO_1], P.grid[PER_1] = ${M}__horizon(P.model, net.width)
    P.grid[GO_2], P.grid[PER_2] = ${M}__horizon(P.model, 2.0 * net.width)
    P.grid[GO_EVER], P.grid[PER_EVER] = ${M}__horizon(P.model, math.inf)
    for k in range(STEPS):
        at = DECAY + 3 * k
        P.grid[at], P.grid[at + 1], P.grid[at + 2] = ${M}__decay(P.model, k * net.width)
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
