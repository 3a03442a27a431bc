"""The parts of a kernel that depend on a network's models: text with names to fill in.

`${K}` is a population's number, `$M` its neuron model, `$q` a projection's number, `$args` what every function of a
population takes: `net`, its record `P`, and its plastic projections.
"""

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
        soon = net.touched[max(net.i[TOUCHED] - SOON, 0)] - P.first  # ask for its memory now
        prefetch(P.$decides, soon)
        prefetch(P.cells, soon)
        if not stays_calm_${K}(net, P, node - P.first, window):
            if not room(net) or not finish_${K}($given, node - P.first, window, limit, stage):
                return False
            if net.i[FAULT] != 0:
                return False
        if limit < net.width:
            visit(net, node, window)  # arrivals in the rest of the window take it for touched already
        net.is_touched[node] = 0
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
            if window >= net.i[KNOWN_END]:
                return MORE
            if not feed(net, window, limit) or not send_ahead(net, window, limit):
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

START_RULE = """
def start_${K}_$q(P, R):
    for n in range(P.cells.size):
        for c in range(R.col_start[n], R.col_start[n + 1]):
            ${rule}__begin(R.rule, R.syn[R.col_synapse[c]], R.own[n], P.cells[n], P.model)
"""
