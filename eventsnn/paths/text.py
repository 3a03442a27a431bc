"""Writes the class of a signal path: plain handlers, as one would write them by hand.

With x the modes of a synapse and M(t) their chain, dx/dt = M(t) x between its spikes, and M depends on the neuron
alone. P is the propagator since the present epoch began (dP/dt = M P), and y = P^-1 x is what a synapse keeps.
`p_i_j` are the entries of P at the neuron; `m_i_j`, at each epoch, lead from its beginning to that of the present one.
"""

import re

from eventsnn.paths.chain import Circuit
from eventsnn.paths.gated import constants
from eventsnn.paths.stretch import stretch_text
from eventsnn.paths.writing import method, pairs, tau_of, taus

SETTLED = 1e-20  # what is left of the modes of an epoch in which nothing can change any more
RIPE = 9.0  # shortest time constants that an epoch lasts: P and its inverse differ by exp(9), four of sixteen digits

KEPT, GLIDERS = r"\w+_(?:of|for)", r"glide_\w+"

RETURNS = "return msg.value if self.returns > 0.0 else 0.0"
_RETURNED = method("on_error(self, syn, post, msg)", "The error goes back through a synapse.", "return msg.value")

HEADER = '''"""{name}, a signal path written by eventsnn: {path}"""

import math

from eventsnn.model import EpochState, Part, PostState, State
from eventsnn.paths.make import Path, check_path
'''


def class_text(name: str, path: str, c: Circuit) -> str:
    """The module that defines the rule of a path."""
    steps = stretch_text(c)
    kept, gliders = (re.findall(rf"def ({names})\(self, post", "\n".join(steps)) for names in (KEPT, GLIDERS))
    lists = [
        f"    {of} = ({''.join(f'{one!r}, ' for one in found)})"
        for of, found in (("kept", kept), ("gliders", sorted(gliders)[::-1]))
    ]
    blocks = ["\n".join([_fields(name, path, c), *lists]), _derive(c)]
    blocks += [_slowest_and_fastest(c), *steps, *_own_spikes(c), *_errors(c)]
    blocks += _epochs(c) + _synapse(c)
    return HEADER.format(name=name, path=path) + "\n\n" + "\n\n".join(b.rstrip() for b in blocks) + "\n"


def _fields(name: str, path: str, c: Circuit) -> str:
    n = len(c.modes)
    lines = [f"class {name}(Path):", '    """A signal path:', "", f"        {path}", '    """', ""]
    if c.surrogate is not None:
        lines.append("    surrogate: Part = default_surrogate  # the gate by the voltage")
    lines += [f"    {tau}: float = {value!r}  # [s]" for tau, value in c.taus.items()]
    lines += [
        "    step: Part = default_step  # how a gradient becomes a change of weight",
        '    when: str = "spike"  # when weights change: at each "spike" that arrives, or at "apply" only',
        '    errors: str = "stop"  # or "return": every error goes on through each synapse, along the feedback',
        "    w_min: float = -math.inf  # least weight",
        "    w_max: float = math.inf  # largest weight",
        "    panel: float = 0.2  # longest stretch that is integrated at once, in units of what changes fastest",
        "",
    ]
    lines += [
        f"    y_{i}: State = 0.0  # {m.meaning}, taken back to when the epoch began" for i, m in enumerate(c.modes)
    ]
    lines.append("")
    lines += [f"    p_{i}_{j}: PostState = {1.0 if i == j else 0.0}" for i, j in pairs(n)]
    lines.append("    age: PostState = 0.0  # of the epoch [s]")
    if not c.pulses:
        lines += [f"    e_{k}: PostState = 0.0  # error" for k in range(max(1, len(c.error)))]
    lines.append("")
    lines += [f"    m_{i}_{j}: EpochState = {1.0 if i == j else 0.0}" for i, j in pairs(n)]
    names = ", ".join(f'"{name}"' for name in ("at_spikes", "returns", *constants(c)))
    lines += ["", f"    derived = ({names})"]
    return "\n".join(lines)


def _derive(c: Circuit) -> str:
    return method(
        "derive(self)",
        "Check the parameters.",
        "check_path(self)",
        "return {",
        '    "at_spikes": float(self.when == "spike"),',
        '    "returns": float(self.errors == "return"),',
        *(f'    "{name}": {value},' for name, value in constants(c).items()),
        "}",
    )


def _slowest_and_fastest(c: Circuit) -> str:
    slow = list(dict.fromkeys([*taus(c), *(f"self.{e}" for e in c.error)]))
    voltage = ["self.current(post)", "post.tau_mem"] if c.surrogate is not None or c.psp else []
    fast = list(dict.fromkeys([*voltage, *slow]))
    text = method("fastest(self, post)", "The shortest time constant [s].", f"return {_of('min', fast)}") + "\n\n"
    text += method("slowest(self, post)", "The longest time constant [s].", f"return {_of('max', slow)}")
    if voltage:
        text += "\n\n" + method(
            "current(self, post)",
            "Time constant of the synaptic current [s]; with delta pulses there is none, and any will do.",
            "return post.tau_syn if post.tau_syn > 0.0 else post.tau_mem",
        )
    return text


def _of(function: str, names: list[str]) -> str:
    return f"{function}({', '.join(names)})" if len(names) > 1 else names[0]


def _own_spikes(c: Circuit) -> list[str]:
    """What a spike of the neuron lets through."""
    gates = [i for i, m in enumerate(c.modes) if m.fires]
    return [
        method("at_post(self, post, msg)", "The neuron fires: what is at the gate passes, and no synapse is visited.",
               *(f"post.p_{i}_{j} += post.p_{i - 1}_{j} / {tau_of(c.modes[i])}" for j in range(i)), "return 0.0")
        for i in gates
    ]  # fmt: skip


def _errors(c: Circuit) -> list[str]:
    n = len(c.modes)
    more: list[str] = []
    if c.pulses:
        value, start = "msg.value", []
        if c.modes[-1].surrogate:
            value = "msg.value * self.surrogate.at(rest + leak)"
            start = ["rest, leak, drive, lasts = post.course(0.0)"]
        passed = [f"post.p_{n - 2}_{j}" for j in range(n - 1)]
        if c.modes[-2].adapts:
            value = "msg.value * self.surrogate.at(rest + leak - lift)"
            start = ["rest, leak, drive, lift, lasts = post.adaptive_course(0.0)"]
            passed = [*(f"(post.p_1_{j} - post.beta * post.p_2_{j})" for j in (0, 1)), "-post.beta * post.p_2_2"]
        jump = [f"post.p_{n - 1}_{j} += e * {into}" for j, into in enumerate(passed)]
        doc = "An error: what is eligible now is due."
        return [method("at_error(self, post, msg)", doc, *start, f"e = {value}", *jump, RETURNS), _RETURNED]
    if c.held:
        arrives, now = "post.e_0 += msg.value", "post.e_0"
    elif len(c.error) == 1:
        arrives, now = f"post.e_0 += msg.value / self.{c.error[0]}", f"post.e_0 * math.exp(-u / self.{c.error[0]})"
    else:
        rise, decay = (f"self.{tau}" for tau in c.error)
        arrives = f"post.e_0 += msg.value / {rise}"
        now = f"post.e_1 * math.exp(-u / {decay}) + post.e_0 * self.cascade(u, {rise}, {decay})"
        more = [CASCADE]
    return [
        method("error_at(self, post, u)", "The error u seconds after the neuron's last event.", f"return {now}"),
        *more,
        method("at_error(self, post, msg)", "An error reaches the neuron, and no synapse.", arrives, RETURNS),
        _RETURNED,
    ]


CASCADE = '''    def cascade(self, u, first, second):
        """What a low-pass filter of time constant `second` makes in u seconds of exp(-u/first)."""
        gap = 1.0 / second - 1.0 / first
        if gap == 0.0:
            return u / second * math.exp(-u / first)
        slow = max(first, second)
        return math.exp(-u / slow) * (-math.expm1(-abs(gap) * u) / (abs(gap) * second))'''


def _epochs(c: Circuit) -> list[str]:
    n = len(c.modes)
    last = n - 1
    fold = []
    for i in reversed(range(n)):
        for j in range(min(i + 1, last)):
            terms = [f"post.p_{i}_{k} * epoch.m_{k}_{j}" for k in range(j, min(i + 1, last))]
            own = [f"epoch.m_{last}_{j}"] if i == last else []
            fold.append(f"epoch.m_{i}_{j} = {' + '.join(own + terms)}")
    left = " + ".join(f"epoch.m_{i}_{i}" for i in range(last))
    follow = []
    for i in reversed(range(n)):
        terms = [f"epoch.m_{i}_{j} * syn.y_{j}" for j in range(min(i + 1, last))]
        own = [f"syn.y_{last}"] if i == last else []
        follow.append(f"syn.y_{i} = {' + '.join(own + terms)}")
    forget = [f"post.p_{i}_{j} = 0.0" for i, j in pairs(n) if i < last]
    if not c.pulses:
        forget += [f"post.e_{k} = 0.0" for k in range(max(1, len(c.error)))]
    return [
        method("stale(self, post)", "Whether the next spike needs a new epoch, because P has drifted far from 1.",
                f"return 1.0 if post.age > {RIPE} * self.fastest(post) else 0.0"),
        method("renew(self, epoch, post)", "A new epoch begins: P is 1.",
                *(f"post.p_{i}_{j} = {1.0 if i == j else 0.0}" for i, j in pairs(n)),
                *(f"epoch.m_{i}_{j} = {1.0 if i == j else 0.0}" for i, j in pairs(n)),
                "post.age = 0.0"),
        method("fold(self, epoch, post)", "The present epoch ends, seen from an earlier one; 0 once that is settled.",
                *fold, f"return 1.0 if {left} > {SETTLED} else 0.0"),
        method("follow(self, syn, epoch)", "A synapse of an earlier epoch comes to the present one.", *follow),
        method("at_reset(self, post, msg)", "The neuron forgets its input, and so does all that was on its way.",
                *forget, "post.age = math.inf", "return 0.0"),
    ]  # fmt: skip


def _synapse(c: Circuit) -> list[str]:
    n = len(c.modes)
    last = n - 1
    due = " + ".join(f"post.p_{last}_{j} * syn.y_{j}" for j in range(last))
    enter = []
    if c.psp:
        enter.append("b = 1.0 if post.tau_syn > 0.0 else 0.0")
        inputs = {0: "b", 1: "1.0 - b"}
    else:
        inputs = {0: f"1.0 / {tau_of(c.modes[0])}"}
    enter += [f"inverse_{i} = 1.0 / post.p_{i}_{i}" for i in range(last)]  # at once: none waits for another
    for i in range(last):
        terms = "".join(f" - post.p_{i}_{j} * z_{j}" for j in range(i))
        into = f"({inputs.get(i, '')}{terms})".replace("( - ", "(-") if terms else inputs[i]
        enter.append(f"z_{i} = {into} * inverse_{i}")
    enter += [f"syn.y_{i} += z_{i}" for i in range(last)]
    enter.append(f"syn.y_{last} -= {' + '.join(f'post.p_{last}_{j} * z_{j}' for j in range(last))}")
    return [
        method("on_pre(self, syn, post, msg)", "A spike: what was due is learned, and the spike enters the path.",
                "if self.at_spikes > 0.0:", "    self.learn(syn, self.due(syn, post, msg.time))", *enter),
        method("on_apply(self, syn, post, msg)", "What is due is learned.",
               "self.learn(syn, self.due(syn, post, msg.time))"),
        method("cost(self, syn, post, time)", "What belongs to the gradient beside the path; nothing.", "return 0.0"),
        method("due(self, syn, post, time)", "The gradient that has gathered since it was last asked for.",
                f"sum = {due}", f"g = sum + syn.y_{last}", f"syn.y_{last} = -sum",
                "return g + self.cost(syn, post, time)"),
        method("learn(self, syn, g)", "One step down the gradient, within bounds.",
                "if g != 0.0:",
                "    syn.w = min(self.w_max, max(self.w_min, syn.w + self.step.change(syn, g)))"),
    ]  # fmt: skip
