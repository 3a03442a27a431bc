"""The text of a kernel that depends on a population: what its kind shares, and which projections lead to it."""

from string import Template

from eventsnn.engines import logs, parts, templates, templates_flow, templates_general, templates_linear
from eventsnn.engines.handlers import class_name, prefix_of
from eventsnn.engines.typing_check import returns_value
from eventsnn.model import Neuron
from eventsnn.plan import Cells, Plan, Synapses

SPEAK = "    relay(net, node, window, offset, 1.0)\n"  # a spike that is also an error


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


def rule_prefix(s: Synapses) -> str:
    """What the names of a rule's functions begin with, at the synapses of one projection."""
    assert s.rule is not None
    assert isinstance(s.post.model, Neuron)
    return prefix_of(s.rule, s.post.model)


def stage_projections(plan: Plan, c: Cells) -> list[Synapses]:
    """What a population's stage needs to see: projections with rules first, then others, then those it sends on."""
    incoming = [s for s in plan.synapses if s.post is c]
    back = [s for s in plan.synapses if s.pre is c and s.back is not None]
    return list(dict.fromkeys([*plastic_onto(plan, c), *incoming, *back]))


def kind_text(plan: Plan, c: Cells, codes: dict[str, int]) -> str:
    """The functions that all populations of one kind share."""
    model, plastic = c.model, plastic_onto(plan, c)
    assert isinstance(model, Neuron)
    followers = [(k, rule_prefix(s)) for k, s in enumerate(plastic) if s.rule and "flow" in s.rule.handlers]
    names = {
        "K": kind_of(plan, c),
        "M": class_name(model),
        "args": ", ".join(["net", "P", *(f"A{k}" for k in range(len(plastic)))]),
        "after_fire": SPEAK * model.speaks_error + _calls(plan, c, "post", "1.0", "kind", 4),
        "control": _control(plan, c, model, codes),
        **(log := logs.state_names(kind_of(plan, c), c)),
        **templates_flow.names(kind_of(plan, c), len(plastic), followers, model.linear, log["log_fire"]),
    }
    main, row, start = (
        (templates_linear.CODE, templates_linear.ROW, templates_linear.START)
        if model.linear
        else (templates_general.CODE, templates_general.ROW, templates_general.START)
    )
    parts = [_sweep(names["K"], k, s, port) for k, s in enumerate(plastic) for port in _ports(s)]
    if followers:
        parts.append(Template(templates_flow.FLOW).substitute(names))
        row = templates_flow.LINEAR_ROW if model.linear else row
    parts.append(logs.state_text(names["K"], c))
    parts.append(Template(main).substitute(names))
    if model.linear and not followers and not logs.records_state(c):
        parts += [Template(text).substitute(names) for text in (templates_linear.RUSH, templates_linear.FIXED)]
    else:
        before_enter = " " * 8 + "w = R.weight[j]"
        parts.append(Template(row).substitute(names, q="fixed", before_enter=before_enter, check=logs.check(c, None)))
    for k, s in enumerate(plastic):
        before_enter = _before_enter(names["K"], s)
        parts.append(Template(row).substitute(names, q=k, before_enter=before_enter, check=logs.check(c, s)))
    parts.append(Template(templates.CONTROL).substitute(names))
    begin = f"{class_name(model)}__begin(P.model, P.cells[n])" if "begin" in model.handlers else "pass"
    parts.append(Template(start).substitute(names, begin=" " * 12 + begin))
    for k, s in enumerate(plastic):
        if s.rule is not None and "begin" in s.rule.handlers:
            parts.append(Template(templates.START_RULE).substitute(K=names["K"], q=k, rule=rule_prefix(s)))
    return "\n\n".join(p.strip() for p in parts)


def stage_text(plan: Plan, c: Cells, codes: dict[str, int]) -> str:
    """What is written for each population: which of its projections an entry belongs to."""
    return Template(templates.STAGE).substitute(
        p=c.index,
        K=kind_of(plan, c),
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


def _ports(s: Synapses) -> list[str]:
    """The ports that a rule reacts to, beside arriving spikes."""
    assert s.rule is not None
    return sorted({name[3:] for name in s.rule.handlers if name[:3] in ("on_", "at_")} - {"pre"})


def _calls(plan: Plan, c: Cells, port: str, value: str, kind_of_event: str, indent: int) -> str:
    kind = kind_of(plan, c)
    lines = [
        f"sweep_{kind}_{k}_{port}(net, P, A{k}, n, window, offset, {value}"
        + (f", {kind_of_event})" if logs.records_weights(s) else ")")
        for k, s in enumerate(plastic_onto(plan, c))
        if port in _ports(s)
    ]
    return "\n".join(" " * indent + line for line in lines)


def needs_look(s: Synapses) -> bool:
    """Whether a rule reads a variable of the neuron that moves between its events."""
    rule, model = s.rule, s.post.model
    assert rule is not None
    assert isinstance(model, Neuron)
    moving = {name for _, name in model.handlers["observe"].writes} if model.linear else set(model.state)
    return bool(rule.sees() & moving)


def _sweep(kind: str, k: int, s: Synapses, port: str) -> str:
    rule = s.rule
    assert rule is not None
    name, lines = rule_prefix(s), []
    if needs_look(s):
        lines.append(f"look_{kind}(net, P, n, window, offset)")
    once, each = rule.handlers.get(f"at_{port}"), rule.handlers.get(f"on_{port}")
    if once is not None:
        call = f"{name}__at_{port}(R.rule, own, cell, P.model, Message(time, value))"
        lines += [f"value = {call}", "if value == 0.0:", "    return"] if returns_value(once) else [call, "return"]
    if each is not None:
        call = f"{name}__on_{port}(R.rule, syn, own, cell, P.model, message)"
        lines += [
            "message = Message(time, value)",
            "for c in range(R.col_start[n], R.col_start[n + 1]):",
            "    j = R.col_synapse[c]",
            "    syn = R.syn[j]",
            *(
                [f"    {name}__follow_epoch(R.rule, R.epochs, own, cell, P.model, syn)"]
                if templates_flow.follows(rule, port)
                else []
            ),
            "    before = syn.w",
        ]
        learned = "back" in rule.synapse_state
        if learned:
            lines.append("    back = syn.back")
        if returns_value(each):
            lines += [
                f"    answer = {call}",
                "    if R.has_back > 0 and answer != 0.0:",
                f"        way = {'back' if learned else 'way_back(R, j, before)'}",
                "        send_back(",
                "            net, P.first + n, window, offset, R.back_delay[j], R.first + j, R.index, j, answer * way,",
                "            R.pre_stage,",
                "        )",
            ]
        else:
            lines.append(f"    {call}")
        lines += [
            "    if not -math.inf < syn.w < math.inf:",
            "        fault(net, int(NOT_FINITE), R.index, j, window, offset, before)",
            *(
                "    " + line
                for line in logs.change_lines(s, "kind", "P.first + n if kind != ARRIVAL else 0", "offset")
            ),
        ]
    body = "\n".join("    " + line for line in lines)
    more = ", kind" if logs.records_weights(s) else ""
    return Template(templates.SWEEP).substitute(K=kind, q=k, port=port, body=body, kind=more)


def _before_enter(kind: str, s: Synapses) -> str:
    assert s.rule is not None
    lines = ["syn = R.syn[j]"]
    if "on_pre" in s.rule.handlers:
        if needs_look(s):
            lines.append(f"look_{kind}(net, P, n, window, s)")
        if s.rule.epoch_state:
            lines += templates_flow.epoch_lines(rule_prefix(s))
        lines += [
            "before = syn.w",
            f"{rule_prefix(s)}__on_pre(R.rule, syn, R.own[n], P.cells[n], P.model, Message(time, 0.0))",
            "if not -math.inf < syn.w < math.inf:",
            "    fault(net, int(NOT_FINITE), R.index, j, window, s, before)",
            *logs.change_lines(s, "ARRIVAL", "0", "s"),
        ]
    lines.append("w = syn.w")
    return "\n".join(" " * 8 + line for line in lines)


def _control(plan: Plan, c: Cells, model: Neuron, codes: dict[str, int]) -> str:
    kind = kind_of(plan, c)
    args = ", ".join(["net", "P", *(f"A{k}" for k in range(len(plastic_onto(plan, c))))])
    lines = []
    for port, code in codes.items():
        if port == "spike":
            continue
        body = [line for line in _calls(plan, c, port, "value", "ARRIVAL", 8).split("\n") if line]
        handler = "rest" if port == "reset" else f"on_{port}"
        if port == "error":
            body.append("        relay(net, node, window, offset, value)")
        if handler in model.handlers:
            extra = ", cell.offset" if model.linear else ""
            extra = extra if handler == "rest" else ", value"
            body += [
                f"        bring_{kind}({args}, n, window, offset)",  # surely has room: it has caught up
                f"        cell = load_{kind}(P, n)",
                f"        {class_name(model)}__{handler}(P.model, cell{extra})",
                f"        renew_{kind}(net, P, n, P.stage)",
                *(["        " + logs.state_names(kind, c)["log_fire"].strip()] if logs.records_state(c) else []),
            ]
        if body:
            lines += [f"    if port == {code}:  # {port}", *body]
    return "\n".join(lines)


def _dispatch(plan: Plan, c: Cells, codes: dict[str, int]) -> str:
    kind, plastic, given = kind_of(plan, c), plastic_onto(plan, c), _given(plan, c)
    control = f"control_{kind}({given}, {{n}} + 0, window, e.offset, int({{code}}), {{value}})"
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
            lines.append(f"    {arrives}")
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
