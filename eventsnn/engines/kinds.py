"""The text of a kernel that depends on a population: what its kind shares, and which projections lead to it."""

from string import Template

from eventsnn.engines import (
    columns,
    lanes,
    logs,
    parts,
    templates,
    templates_flow,
    templates_general,
    templates_linear,
)
from eventsnn.engines.columns import needs_look, ports, rule_prefix
from eventsnn.engines.handlers import class_name
from eventsnn.linear import senses, spares_voltage, sums_only
from eventsnn.model import Neuron
from eventsnn.plan import Cells, Plan, Synapses

CARRY = "    {}__carry(P.model, P.cells[n], dt)\n"
ADMIT = "\n        w *= {}__admit(P.model, P.cells[n])"
SHARED = "    a, b = {}__shared(P.model, s)\n"
SPEAK = "    relay(net, node, window, offset, {}__says(P.model, P.cells[n]))\n"  # a spike that is also an error


def kind_of(plan: Plan, c: Cells) -> str:
    """The name of a population's kind; see `templates`."""
    rules = [
        rule_prefix(s) + "_looks" * needs_look(s) + "_recorded" * logs.records_weights(s) for s in plastic_onto(plan, c)
    ]
    assert isinstance(c.model, Neuron)
    return "_with_".join([class_name(c.model) + "_recorded" * logs.records_state(c), *rules])


def plastic_onto(plan: Plan, c: Cells) -> list[Synapses]:
    """The projections with rules onto a population."""
    return [s for s in plan.synapses if s.post is c and s.rule is not None]


def stage_projections(plan: Plan, c: Cells) -> list[Synapses]:
    """What a population's stage needs to see: projections with rules first, then others, then those it sends on."""
    incoming = [s for s in plan.synapses if s.post is c]
    back = [s for s in plan.synapses if s.pre is c and s.back is not None]
    return list(dict.fromkeys([*plastic_onto(plan, c), *incoming, *back]))


def kind_text(plan: Plan, c: Cells, codes: dict[str, int]) -> str:
    """The functions that all populations of one kind share."""
    model, plastic = c.model, plastic_onto(plan, c)
    assert isinstance(model, Neuron)
    followers = _followers(model, plastic)
    names = {
        "K": kind_of(plan, c),
        "M": class_name(model),
        "args": ", ".join(["net", "P", *(f"A{k}" for k in range(len(plastic)))]),
        "after_fire": _speak(model) + _calls(plan, c, "post", "1.0", "kind", 4),
        "control": _control(plan, c, codes),
        "carry": "" if not model.linear or sums_only(model) else CARRY.format(class_name(model)),
        **(log := logs.state_names(kind_of(plan, c), c)),
        **templates_flow.names(kind_of(plan, c), len(plastic), followers, model.linear, log["log_fire"]),
    }
    main, row, start = (
        (templates_linear.CODE, templates_linear.ROW, templates_linear.START)
        if model.linear
        else (templates_general.CODE, templates_general.ROW, templates_general.START)
    )
    parts = []
    for k, s in enumerate(plastic):
        for port in ports(s):
            parts += columns.texts(names["K"], k, s, port, columns.together(c, plastic, port))
        if s.marks:
            parts.append(columns.unmark_text(names["K"], k, s))
    if followers:
        parts.append(Template(templates_flow.FLOW).substitute(names))
        row = templates_flow.LINEAR_ROW if model.linear else row
    parts += [logs.state_text(names["K"], c), Template(main).substitute(names)]
    code, row = _together(c, plastic, followers, names, row)
    rushes = model.linear and not followers and not logs.records_state(c) and sums_only(model)
    parts += code + [
        Template(text).substitute(names) for text in (templates_linear.RUSH, templates_linear.FIXED) if rushes
    ]
    parts += [_row_text(names, row, c, "fixed", None)] * (not rushes)
    parts += [_row_text(names, row, c, k, s) for k, s in enumerate(plastic)]
    parts.append(Template(templates.CONTROL).substitute(names))
    for port in codes:
        if columns.together(c, plastic, port):
            parts.append(columns.many_text(names, plastic, port, _after_rules(plan, c, port)))
    begin = f"{class_name(model)}__begin(P.model, P.cells[n])" if "begin" in model.handlers else "pass"
    parts.append(Template(start).substitute(names, begin=" " * 12 + begin))
    for k, s in enumerate(plastic):
        if s.rule is not None and "begin" in s.rule.handlers:
            parts.append(Template(templates.START_RULE).substitute(K=names["K"], q=k, rule=rule_prefix(s)))
    return "\n\n".join(p.strip() for p in parts)


def _followers(model: Neuron, plastic: list[Synapses]) -> list[tuple[int, str]]:
    """Which projections have a rule that follows the neuron, each with how the call of its `flow` begins."""
    return [
        (k, columns.call(s, "flow", f"A{k}.index"))
        for k, s in enumerate(plastic)
        if s.rule and "flow" in s.rule.handlers
    ]


def _together(
    c: Cells, plastic: list[Synapses], followers: list[tuple[int, str]], names: dict[str, str], row: str
) -> tuple[list[str], str]:
    """What is added, and the row, where neurons that a spike reaches together can be taken together; see `lanes`."""
    recorded = logs.records_state(c) or any(map(logs.records_weights, plastic))
    if not followers or recorded or not all(lanes.glider(plastic[k].rule, c.model) for k, _ in followers):
        return [], row
    code, row = lanes.texts(names, [(k, plastic[k], rule_prefix(plastic[k])) for k, _ in followers])
    return [code], row


def _row_text(names: dict[str, str], row: str, c: Cells, q: int | str, s: Synapses | None) -> str:
    """The function in which a spike reaches the synapses of projection q, which has a rule, or None for the others."""
    model, shared, ahead = c.model, "", ""
    assert isinstance(model, Neuron)
    before_enter = " " * 8 + "w = R.weight[j]"
    if s is not None:
        assert s.rule is not None
        before_enter = _before_enter(names["K"], s)
        shared = SHARED.format(class_name(model)) if senses(model, s.rule.sees()) else ""
        ahead = templates_flow.epoch_ahead(s.rule)
    given = {"before_enter": before_enter + _admit(model), "check": logs.check(c, s)}
    text = Template(row).substitute(names, q=q, shared=shared, epoch_ahead=ahead, **given)
    return lanes.along(text) if "synapses = R.syn" in row else text


def stage_text(plan: Plan, c: Cells, codes: dict[str, int]) -> str:
    """What is written for each population: which of its projections an entry belongs to."""
    assert isinstance(c.model, Neuron)
    return Template(templates.STAGE).substitute(
        p=c.index,
        K=kind_of(plan, c),
        decides="hot" if c.model.linear else "due_window",
        given=_given(plan, c),
        stage_args=", ".join(["net", "P", *(f"R{s.index}" for s in stage_projections(plan, c))]),
        dispatch=_dispatch(plan, c, codes),
    )


def part_text(plan: Plan, c: Cells) -> str:
    """What a thread does for its part of a population."""
    lines, word = [], "if"
    for s in stage_projections(plan, c):
        r, mine = f"R{s.index}", f"e.projection == {s.index}"
        if s.pre is c and s.back is not None:
            lines += [
                f"{word} e.back == 1 and {mine}:",
                f"    if not low <= {r}.source[start] < high:",
                "        stop = start",
            ]
            word = "elif"
        if s.post is c:
            lines += [
                f"{word} e.back == 0 and {mine}:",
                f"    start = between({r}.target, start, stop, low)",
                f"    stop = between({r}.target, start, stop, high)",
            ]
            word = "elif"
    stage_args = ", ".join(["P", *(f"R{s.index}" for s in stage_projections(plan, c))])
    narrow = "\n".join(" " * 8 + line for line in lines) or " " * 8 + "pass"
    return Template(parts.PART).substitute(p=c.index, stage_args=stage_args, narrow=narrow)


def _given(plan: Plan, c: Cells) -> str:
    """What a stage hands to the functions of its kind."""
    return ", ".join(["net", "P", *(f"R{s.index}" for s in plastic_onto(plan, c))])


def _calls(plan: Plan, c: Cells, port: str, value: str, kind_of_event: str, indent: int) -> str:
    kind = kind_of(plan, c)
    lines = [
        f"sweep_{kind}_{k}_{port}(net, P, A{k}, n, window, offset, {value}"
        + (f", {kind_of_event})" if logs.records_weights(s) else ")")
        for k, s in enumerate(plastic_onto(plan, c))
        if port in ports(s)
    ]
    return "\n".join(" " * indent + line for line in lines)


def _before_enter(kind: str, s: Synapses) -> str:
    assert s.rule is not None
    model = s.post.model
    assert isinstance(model, Neuron)
    lines = ["prefetch(R.syn, j + AHEAD)", "syn = R.syn[j]"]
    if "on_pre" in s.rule.handlers:
        if needs_look(s):
            see = f"{class_name(model)}__sense(P.model, P.cells[n], hot.c1, a, b)"
            lines.append(see if senses(model, s.rule.sees()) else f"look_{kind}(net, P, n, window, s)")
        if s.rule.epoch_state:
            lines += templates_flow.epoch_lines(rule_prefix(s))
        call = columns.call(s, "on_pre") + "R.rule, syn, R.own[n], P.cells[n], P.model, Message(time, 0.0))"
        lines += [
            "before = syn.w",
            *([f"if {call} != 0.0:", "    R.marks[j] = int(FRESH)"] if s.marks else [call]),
            "if not -math.inf < syn.w < math.inf:",
            "    fault(net, NOT_FINITE, R.index, j, window, s, before)",
            *logs.change_lines(s, "ARRIVAL", "0", "s"),
        ]
    lines.append("w = syn.w")
    return "\n".join(" " * 8 + line for line in lines)


def _speak(model: Neuron) -> str:
    """What else a spike is, of a neuron whose spikes are errors."""
    return SPEAK.format(class_name(model)) if "says" in model.handlers else ""


def _admit(model: Neuron) -> str:
    """What else happens to a weight that arrives."""
    return "" if not model.linear or sums_only(model) else ADMIT.format(class_name(model))


def _control(plan: Plan, c: Cells, codes: dict[str, int]) -> str:
    lines = []
    for port, code in codes.items():
        if port == "spike":
            continue
        body = [line for line in _calls(plan, c, port, "value", "ARRIVAL", 8).split("\n") if line]
        unmark = columns.unmark_lines(kind_of(plan, c), plastic_onto(plan, c), port)
        body += [f"        {line}" for line in (*unmark, *_after_rules(plan, c, port))]
        if body:
            lines += [f"    if port == {code}:  # {port}", *body]
    return "\n".join(lines)


def _after_rules(plan: Plan, c: Cells, port: str) -> list[str]:
    """What an error or control message does at a neuron once the rules have seen it."""
    kind, model = kind_of(plan, c), c.model
    assert isinstance(model, Neuron)
    args = ", ".join(["net", "P", *(f"A{k}" for k in range(len(plastic_onto(plan, c))))])
    lines = ["relay(net, node, window, offset, value)"] if port == "error" else []
    handler = "rest" if port == "reset" else f"on_{port}"
    if handler in model.handlers:
        given = ["P.model", "cell"] + ["offset"] * (model.linear and "s" in model.handlers[handler].arguments)
        act = f"{class_name(model)}__{handler}({', '.join(given + ['value'] * (handler != 'rest'))})"
        if model.linear and spares_voltage(model, handler):
            lines += [f"see_{kind}({args}, n, window, offset)", "cell = P.cells[n]", act]
        else:
            lines += [
                f"bring_{kind}({args}, n, window, offset)",  # surely has room: it has caught up
                f"cell = load_{kind}(P, n)",
                act,
                f"renew_{kind}(net, P, n, P.stage)",
            ]
        lines += [logs.state_names(kind, c)["log_fire"].strip()] * logs.records_state(c)
    return lines


def _dispatch(plan: Plan, c: Cells, codes: dict[str, int]) -> str:
    kind, plastic, given = kind_of(plan, c), plastic_onto(plan, c), _given(plan, c)
    control = f"control_{kind}({given}, {{n}} + 0, window, e.offset, {{code}}, {{value}})"
    lines, word = [], "if"
    for s in stage_projections(plan, c):
        r = f"R{s.index}"
        if s.pre is c and s.back is not None:
            call = control.format(n=f"{r}.source[start]", code=codes["error"], value="e.value")
            lines += [f"{word} e.back == 1 and e.projection == {s.index}:", f"    whole = {call}"]
            word = "elif"
        if s.post is not c:
            continue
        lines.append(f"{word} e.back == 0 and e.projection == {s.index}:  # {s.port}")
        word = "elif"
        if s.port == "spike":
            which = plastic.index(s) if s in plastic else "fixed"
            arrives = f"whole = row_{kind}_{which}({given}, {r}, x, window)"
            if s.wait > 0.0:
                lines += ["    if e.value == WAITED:", f"        {arrives}", "    else:"]
                arrives = f"    whole = wait_there(net, {r}, P, x, window)"
            if s.rule is None:
                lines.append(f"    foresee(net, {r}, k + 1, count)")
            lines.append(f"    {arrives}")
            continue
        if columns.together(c, plastic, s.port):
            lines.append(f"    whole = many_{kind}_{s.port}({given}, {r}, x, window)")
            continue
        call = control.format(n=f"{r}.target[j]", code=codes[s.port], value=f"e.value * {r}.weight[j]")
        lines += [
            "    for j in range(start, e.stop):",
            f"        if not {call}:",
            "            e.start = j",
            "            whole = False",
            "            break",
        ]
    return "\n".join(" " * 8 + line for line in lines) or " " * 8 + "pass"
