"""What every way of writing a step of P shares: decays, filters of the error, and the product of F and P."""

from eventsnn.paths.chain import Circuit
from eventsnn.paths.gauss import GAPS, LAST
from eventsnn.paths.writing import tau_of


class Shape:
    """Where the gate stands in a path: `before` and `behind` are the modes on either side of it."""

    def __init__(self, c: Circuit) -> None:
        self.last = len(c.modes) - 1
        gates = [i for i, m in enumerate(c.modes) if m.surrogate or m.fires]
        self.gate = gates[0] + c.adaptive if gates else 0  # the adaptation, mode 2, belongs to the gate
        self.fires = bool(gates) and c.modes[self.gate].fires
        self.before = range(self.gate - c.adaptive)
        self.behind = range(self.gate, self.last)
        self.fits = bool(gates) and len(self.before) <= 2 and len(self.behind) <= 2


def rate_name(c: Circuit, i: int) -> str:
    """The rate of a mode: worked out once for the rule, or at each step if it is the neuron's."""
    return f"self.rate_{c.modes[i].tau}" if c.modes[i].tau in c.taus else f"r_{i}"


def own_rates(c: Circuit, shape: Shape) -> list[str]:
    """The rates that are the neuron's."""
    names = {i: rate_name(c, i) for i in range(shape.last)}
    return [f"{name} = 1.0 / {tau_of(c.modes[i])}" for i, name in names.items() if name == f"r_{i}"]


def erring(c: Circuit) -> str:
    """Whether there is an error."""
    return " or ".join(f"post.e_{k} != 0.0" for k in range(max(1, len(c.error))))


def decays(name: str, rate: str, gated: bool) -> list[str]:
    """exp(-rate t), at the points and at the end."""
    if not gated:
        return [f"{name}_h = math.exp(-{rate} * h)"]
    lines = [f"{name}_0 = self.first_decay({rate} * first)"]
    lines += [f"{name}_{gap} = self.decay({rate} * {gap})" for gap in dict.fromkeys(GAPS)]
    lines += [f"{name}_{k} = {name}_{k - 1} * {name}_{gap}" for k, gap in enumerate(GAPS, 1)]
    return [*lines, f"{name}_h = {name}_0 * {name}_{LAST}"]


def chained(name: str, one: str, two: str, rate: str, then: str, gated: bool) -> list[str]:
    """What a unit in a filter of one rate makes of the next filter."""
    if not gated:
        apart = f"{name}_apart = self.inverse({rate}, {then})"
        return [apart, f"{name}_h = self.pair(h, {rate}, {then}, {name}_apart, {one}_h, {two}_h)"]
    lines = [f"{name}_0 = {then} * first * {two}_0 * self.first_mean(({rate} - {then}) * first)"]
    lines += [
        f"{name}_{gap} = {then} * {gap} * {two}_{gap} * self.mean(({rate} - {then}) * {gap})"
        for gap in dict.fromkeys(GAPS)
    ]
    lines += [
        f"{name}_{k} = {two}_{gap} * {name}_{k - 1} + {name}_{gap} * {one}_{k - 1}" for k, gap in enumerate(GAPS, 1)
    ]
    return [*lines, f"{name}_h = {two}_0 * {name}_{LAST} + {name}_0 * {one}_{LAST}"]


def error_filters(c: Circuit, shape: Shape, gated: bool) -> tuple[list[str], list[str], str]:
    """The filters of the error: lines, the names of their exponentials, and that of the chain of two."""
    lines, names = [], []
    known = {c.modes[i].tau: f"s{i}" for i in range(shape.last)}
    for k, tau in enumerate(c.error):
        if tau not in known:
            lines += decays(f"w{k}", f"self.rate_{tau}", gated)
        names.append(known.get(tau, f"w{k}"))
    if len(names) < 2:
        return lines, names, ""
    for i in (*list(shape.before)[1:], *list(shape.behind)[1:]):
        if names == [f"s{i - 1}", f"s{i}"]:
            return lines, names, f"x{i}"
    one, two = (f"self.rate_{tau}" for tau in c.error)
    return lines + chained("y", names[0], names[1], one, two, gated), names, "y"


def error_rows(c: Circuit, shape: Shape, gated: bool) -> list[str]:
    """The last row of P, and the error at the end of the step."""
    if c.pulses:
        return []
    n, (_, names, chain) = shape.last, error_filters(c, shape, gated)
    inner: list[str] = []
    if len(names) == 2:
        inner += [f"e_0 = post.e_0 * {names[0]}_h", f"e_1 = post.e_1 * {names[1]}_h + post.e_0 * {chain}_h"]
    else:
        inner.append(f"e_0 = post.e_0 * {names[0]}_h" if names else "e_0 = post.e_0")
    parts = range(max(1, len(names)))
    for i in shape.behind:
        for when, of in (("now", "post.e"), ("end", "e")):
            inner.append(f"{when}_{i} = " + " + ".join(f"self.ahead_{i}_{k} * {of}_{k}" for k in parts))
    for j in shape.behind:
        lost = [f"end_{i} * {f's{i}' if i == j else f'x{i}'}_h" for i in shape.behind if i >= j]
        inner.append(f"f_{n}_{j} = now_{j} - {' - '.join(lost)}")
    if gated:
        for j in range(shape.gate) if shape.behind else ():
            inner.append(f"f_{n}_{j} -= " + " + ".join(f"end_{i} * f_{i}_{j}" for i in shape.behind))
    rows = range(n) if gated else shape.behind
    for j in range(n):
        terms = [f"f_{n}_{k} * post.p_{k}_{j}" for k in rows if k >= j]
        inner += [f"post.p_{n}_{j} += {' + '.join(terms)}"] if terms else []
    inner += [f"post.e_{k} = e_{k}" for k in parts] if names else []
    if not names and not rows:
        return []
    return [f"if {erring(c)}:", *("    " + line for line in inner)]


def filter_rows(c: Circuit, shape: Shape, gated: bool) -> list[str]:
    """The rows of the filters."""
    lines = []
    for i in reversed(range(shape.last)):
        for j in range(i + 1):
            adapts = c.modes[i].adapts
            terms = [f"{f'f_{i}_{i}' if adapts else f's{i}_h'} * post.p_{i}_{j}"]
            for k in range(j, i):
                across = k < shape.gate <= i or adapts
                if gated or not across:
                    terms.append(f"{f'f_{i}_{k}' if across else f'x{i}_h'} * post.p_{k}_{j}")
            lines.append(f"post.p_{i}_{j} = {' + '.join(terms)}")
    return lines


DONE = ["post.age += h", "return 1.0, later, after"]


def whether_smooth(part: str, later: str, after: str, more: str) -> list[str]:
    """The lines that end a step before it has changed anything, unless the surrogate is smooth all along.

    The voltage rises and falls at most once. If it turns on the way, the current is no farther from `leak` before that
    than at either end, which says how far the voltage goes at most.

    Args:
        part: the length of the step in units of the membrane's time constant.
        later, after: what the two parts of the voltage, `leak` and `drive`, will have become.
        more: another reason to end, or nothing; in it `low` and `high` are between what the voltage stays.
    """
    return [
        f"part = {part}",
        f"later = {later}",
        f"after = {after}",
        "least = min(leak, later)",
        "most = max(leak, later)",
        "rise = drive - leak",
        "turns = rise * (after - later) < 0.0",
        "top = leak + part * (max(drive, after) - leak)",
        "bottom = leak + part * (min(drive, after) - leak)",
        "low = rest + (min(least, bottom) if turns and rise < 0.0 else least)",
        "high = rest + (max(most, top) if turns and rise > 0.0 else most)",
        f"if self.surrogate.edge(low, high) != high{more}:",
        "    return 0.0, leak, drive",
    ]
