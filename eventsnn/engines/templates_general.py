"""The part of a kernel that serves neurons whose handlers say when they fire next; see `templates`."""

CODE = '''
def set_due_${K}(net, P, n, stage):
    """Work out the neuron's next spike as its state now says."""
    cell = P.cells[n]
    x = ${M}__due(P.model, cell)
    if not x < math.inf:
        P.due_window[n] = NO_VISIT
        if x != math.inf:
            fault(net, NO_TIME, P.first + n, 0, cell.window, cell.offset, 0.0)
        return
    ahead = whole(x / net.width)
    P.due_window[n] = cell.window + ahead
    P.due_offset[n] = x - ahead * net.width
    visit(net, P.first + n, P.due_window[n])


def fire_${K}($args, n, window, offset, kind):
    """The neuron fires: reset, spike, rules."""
    node = P.first + n
    if net.nodes[node].fired_window == window and net.nodes[node].fired_offset == offset:
        fault(net, RUNAWAY, node, 0, window, offset, 0.0)
        return
    cell = P.cells[n]
$flow    ${M}__bring(P.model, cell, window, offset, net.width)
    ${M}__fire(P.model, cell, window * net.width + offset)
    net.nodes[node].fired_window = window
    net.nodes[node].fired_offset = offset
    net.i[EVENTS] += 1
    emit(net, node, window, offset, kind)
$after_fire
    set_due_${K}(net, P, n, P.stage)
$log_fire


def catch_up_${K}($args, n, window, offset):
    """Let the neuron fire wherever it was due before now, or now if that was decided before.

    Returns whether there was room for that; if not, it can be called again.
    """
    while net.i[FAULT] == 0:
        cell = P.cells[n]
        w = P.due_window[n]
        o = P.due_offset[n]
        jump = w == cell.window and o == cell.offset
        if w < window or (w == window and (o < offset or (o == offset and not jump))):
            if not room(net):
                return False
            fire_${K}($args, n, w, o, JUMP if jump else CROSSING)
        else:
            return True
    return True


def bring_${K}($args, n, window, offset):
    """Let the neuron's time pass up to now; return whether there was room for all that happened on the way."""
    if not catch_up_${K}($args, n, window, offset):
        return False
    touch(net, P.first + n)
$flow    ${M}__bring(P.model, P.cells[n], window, offset, net.width)
    return True


def stays_calm_${K}(net, P, n, window):
    """Whether the neuron surely does not fire before the end of the window; if so, when to look again is noted."""
    w = P.due_window[n]
    if w > window:
        if w < NO_VISIT:
            visit(net, P.first + n, w)
        return True
    return False


def finish_${K}($args, n, window, limit, stage):
    """Let the neuron fire wherever it is due before the limit; return whether there was room."""
    while net.i[FAULT] == 0:
        w = P.due_window[n]
        o = P.due_offset[n]
        if w == NO_VISIT:
            return True
        if w > window or (w == window and o >= limit):
            visit(net, P.first + n, w)
            return True
        if not room(net):
            return False
        cell = P.cells[n]
        jump = w == cell.window and o == cell.offset
        fire_${K}($args, n, w, o, JUMP if jump else CROSSING)
    return True


def renew_${K}(net, P, n, stage):
    """After a change of state other than by a spike."""
    set_due_${K}(net, P, n, stage)
    touch(net, P.first + n)


def look_${K}(net, P, n, window, offset):
    """Make what the neuron publishes true for now."""
    ${M}__bring(P.model, P.cells[n], window, offset, net.width)


def load_${K}(P, n):
    """A neuron's record."""
    return P.cells[n]
'''

ROW = '''
def row_${K}_$q($args, R, x, window):
    """A spike reaches synapses of a projection ($q): as many as there is room for; return whether it was all."""
    e = net.pool[x]
    s = e.offset
    time = window * net.width + s
    for j in range(e.start, e.stop):
        n = R.target[j] + 0
        if not bring_${K}($args, n, window, s) or not room(net):
            e.start = j
            return False
$before_enter
        ${M}__receive(P.model, P.cells[n], w)
        set_due_${K}(net, P, n, P.stage)
$log_row
    return True
'''

START = """
def start_${K}(net, P, fresh):
    for n in range(P.cells.size):
        if fresh > 0:
$begin
        set_due_${K}(net, P, n, P.stage)
$log_start
"""
