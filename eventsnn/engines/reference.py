"""The reference engine: one SimPy process per neuron, plain Python. It is the truth for every other engine.

A neuron's process waits at its mailbox, lets its time pass, and reacts (`neuron`). A spike becomes one entry of the
agenda per delay; when it is due it is delivered to its targets one after another, in the order of synapses.
"""

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import simpy

from eventsnn import epochs, step
from eventsnn.engines import snapshot
from eventsnn.engines.agenda import EventEnvironment
from eventsnn.engines.guards import guard_neuron, guard_rule
from eventsnn.engines.guests import Guest
from eventsnn.engines.nodes import Delivery, Fire, Learning, Node, Synapse, pieces
from eventsnn.engines.scopes import make_cell, make_post, reader
from eventsnn.errors import EngineError, RunawayError, no_time
from eventsnn.events import Instant, Key, Kind, Message, end_of_run, instant, later, next_on_grid, seconds
from eventsnn.model import Neuron, Rule, Source
from eventsnn.plan import Plan
from eventsnn.record import Reader, Recorder
from eventsnn.synapses import FRESH

PORTS = ["spike", "error", "reset", "label", "apply", "value"]  # numbers in the message log, extended as needed
WAITED = 1.0  # payload of a spike that has waited at its synapse; others carry 0


class ReferenceEngine:
    """Runs a plan. `run` may be called again and again; `state` and `restore` hold everything that moves.

    With `guard` every handler is sealed and gets guarded views (see `guards`); without, records and all.
    """

    name = "reference"

    def __init__(self, plan: Plan, recorder: Recorder, guard: bool = True) -> None:
        self.plan, self.recorder, self.width, self.guard = plan, recorder, plan.width, guard
        self.env = EventEnvironment(plan.width)
        self.nodes = [Node(c.offset + i, i, c, self.env) for c in plan.cells for i in range(c.size)]
        self.synapses = [Synapse(s) for s in plan.synapses]
        self.events = 0
        self.ports = list(PORTS)
        self.failed: str | None = None  # what stopped it in the midst of an event
        self._connect()
        for node in self.nodes:
            self._bring_to_life(node)

    # -- building -------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        acts = [
            guard_neuron(c.model) if self.guard and isinstance(c.model, Neuron) else c.model for c in self.plan.cells
        ]
        for node in self.nodes:
            node.acts = acts[node.cells.index]
            if isinstance(node.model, Neuron):
                values = {k: float(v[node.index]) for k, v in node.cells.state.items()}
                node.cell = make_cell(node.model, node.acts, values)
            if "state" in node.cells.population.record and node.cell is not None:
                node.log = self.recorder.state_log(node.cells.index, node.index, list(node.model.state))
        for synapses in self.synapses:
            plan = synapses.plan
            for i in range(plan.pre.size):
                node = self.nodes[plan.pre.offset + i]
                node.rows.setdefault(plan.port, []).append((synapses, synapses.runs(i)))
            if plan.rule is not None:
                self._attach_rule(synapses, plan.rule)

    def _attach_rule(self, synapses: Synapse, rule: Rule) -> None:
        plan, model = synapses.plan, synapses.plan.post.model
        moving = model.handlers["observe"].writes if getattr(model, "linear", False) else set()  # type: ignore[union-attr]
        look = bool(rule.sees() & ({name for _, name in moving} or set(model.state)))  # type: ignore[union-attr]
        acts = guard_rule(rule, model) if self.guard else rule  # type: ignore[arg-type]
        start, order = plan.column
        for i in range(plan.post.size):
            node = self.nodes[plan.post.offset + i]
            values = {k: float(v[i]) for k, v in plan.post_state.items()}
            post = make_post(rule, node.model, node.acts, node.cell, values)
            column = order[start[i] : start[i + 1]].tolist()
            learning = Learning(rule, acts, post, synapses, column, look)
            node.attach(learning)
            synapses.begin_epochs(i, post)
            if "begin" in rule.handlers:
                for j in column:
                    acts.begin(synapses.records[j], post)  # type: ignore[union-attr]

    def _bring_to_life(self, node: Node) -> None:
        if isinstance(node.model, Source):
            self.env.process(source(self, node))
        elif isinstance(node.model, Neuron):
            self.env.process(neuron(self, node))
        else:
            node.guest = Guest(self, node)
            self.env.process(node.guest.live())

    # -- running --------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The present time [s]."""
        return self.env.now

    def run(self, until: float, control: Any, most: int | None = None) -> None:
        """Let everything happen that is due before `until` [s]; after each event ask `control(engine)`."""
        snapshot.refuse_failed(self)
        end = end_of_run(until, self.width)
        env = self.env
        self._attempt(env.start)
        while (key := env.next_key()) is not None and key[:2] < end:
            self._attempt(env.step)
            self.events += 1
            if control(self):
                return
        env.instant = end

    def _attempt(self, something: Callable[[], None]) -> None:
        try:
            something()
        except BaseException as error:
            self.failed = f"{type(error).__name__}: {error}"
            raise

    def _at(
        self, node: Node, window: int, offset: float, kind: Kind, sender: int, synapse: int, nth: int, what: Any
    ) -> Key:
        key = Key(window, offset, node.rank, kind, sender, synapse, nth)
        self.env.at(key, what)
        return key

    def set_due(self, node: Node) -> None:
        """Put the neuron's next spike on the agenda, or take it off, as its state now says."""
        cell = node.cell
        x = (step.due_linear if node.linear else step.due)(node.acts, cell)
        key = None
        if x < np.inf:
            windows = step.windows_in(x, self.width)
            w, o = cell.window + windows, x - windows * self.width
            kind = Kind.JUMP if (w, o) == (cell.window, cell.offset) else Kind.CROSSING
            key = Key(w, o, node.rank, kind, node.number, 0, 0)
        elif x != np.inf:
            who, time = f"{node.cells.name}[{node.index}]", seconds(cell.window, cell.offset, self.width)
            raise no_time(who, type(node.cells.model).__name__, time)
        if key != node.due:
            if node.due is not None:
                self.env.cancel(node.due)
            node.due = key
            if key is not None:
                self.env.at(key, Fire(node))
        if node.log is not None:
            self.log_state(node)

    def log_state(self, node: Node) -> None:
        """Record the neuron's state after an event."""
        cell = node.cell
        values = [getattr(cell, name) for name in node.log.names]
        node.log.add(self.now, cell.window, cell.offset, values)

    def send(self, node: Node, port: str, value: float = 0.0, to: int | None = None) -> None:
        """Send a message along every row of this port: one entry of the agenda per delay."""
        window, offset = self.env.instant
        for synapses, runs in node.rows.get(port, ()):
            for delay, start, stop in runs:
                for a, b, payload in pieces(synapses.target, start, stop, value, to):
                    w, o = self._due(window, offset, delay)
                    post = self.nodes[synapses.plan.post.offset]
                    what = Delivery(self, synapses, a, b, payload, False, node.number, node.sent)
                    self._at(post, w, o, synapses.kind, node.number, synapses.plan.first + a, node.sent, what)
        node.sent += 1

    def _due(self, window: int, offset: float, delay: float) -> Instant:
        """When a message arrives: after its delay, and on the network's grid if it has one."""
        due = later(window, offset, delay, self.width)
        return due if self.plan.grid is None else next_on_grid(due, self.plan.grid, self.width)

    def send_back(self, node: Node, synapses: Synapse, j: int, value: float) -> None:
        """Send an error from a synapse to its source, along the feedback."""
        w, o = self._due(*self.env.instant, synapses.back_delay[j])
        source = self.nodes[synapses.plan.pre.offset + synapses.source[j]]
        what = Delivery(self, synapses, j, j + 1, value, True, node.number, node.sent)
        self._at(source, w, o, Kind.ERROR, node.number, synapses.plan.first + j, node.sent, what)
        node.sent += 1

    def count(self, delivery: Delivery, j: int, node: Node) -> None:
        """Count a message, and write it down if asked."""
        synapses = delivery.synapses
        if delivery.back:
            synapses.errors_back += 1
        else:
            synapses.messages += 1
        log = self.recorder.messages
        if log is not None:
            port = "error" if delivery.back else synapses.plan.port
            if port not in self.ports:
                self.ports.append(port)
            row = (synapses.plan.index, delivery.sender, node.number, delivery.value, self.ports.index(port), j)
            log.append(self.now, *row)

    def reader(self, model: Neuron) -> Reader:
        """How to get from a recorded state to the published state at a later time, without touching the network."""
        return reader(model, self.width)

    def synapse_arrays(self, projection: int) -> dict[str, Any]:
        """Weights, rule variables and counters of a projection."""
        return snapshot.synapse_arrays(self, projection)

    def message_counts(self) -> list[tuple[int, int]]:
        """Messages and errors sent back, for each projection."""
        return [(s.messages, s.errors_back) for s in self.synapses]

    def take(self) -> dict[str, Any]:
        """The complete dynamic state; see `snapshot`."""
        return snapshot.take(self)

    def put(self, state: dict[str, Any]) -> None:
        """Take over the state of another engine of the same plan."""
        snapshot.put(self, state)

    # -- reactions ------------------------------------------------------------------------------------------------

    def bring(self, node: Node) -> None:
        """Let the neuron's time pass up to now, and the rules follow it."""
        if node.flows:
            window, offset = self.env.instant
            dt = (window - node.cell.window) * self.width + (offset - node.cell.offset)
            for learning in node.flows:
                if dt > 0.0:
                    learning.flow(learning.post, dt)
        (step.bring_linear if node.linear else step.bring)(node.acts, node.cell, *self.env.instant, self.width)

    def look(self, node: Node) -> None:
        """Make what the neuron publishes true for now."""
        if node.linear:
            step.look_linear(node.acts, node.cell, *self.env.instant, self.width)
        else:
            self.bring(node)

    def look_back(self, synapses: Synapse, j: int, neighbours: dict[str, str]) -> None:
        """Write variables of the sender as they are now into a synapse whose rule asked for them by name."""
        sender = self.nodes[synapses.plan.pre.offset + synapses.source[j]]
        values = {name: getattr(sender.cell, name) for name in sender.model.state}
        state = self.reader(sender.model)(values, sender.cell.window, sender.cell.offset, self.now)
        for field, variable in neighbours.items():
            setattr(synapses.records[j], field, state[variable])

    def wait(self, node: Node, synapses: Synapse, j: int, nth: int) -> None:
        """Let a spike that came to a synapse, the `nth` of its sender, wait there for its learned delay."""
        w, o = self._due(*self.env.instant, synapses.plan.wait + max(synapses.records[j].delay, 0.0))
        what = Delivery(self, synapses, j, j + 1, WAITED, False, node.number, nth)
        self._at(node, w, o, synapses.kind, node.number, synapses.plan.first + j, nth, what)

    def arrive(self, node: Node, synapses: Synapse, j: int, value: float, nth: int) -> None:
        """A spike arrives: the rule sees the neuron as it stands, then the weight it left is transmitted."""
        if synapses.plan.wait > 0.0 and value != WAITED:
            self.wait(node, synapses, j, nth)
            return
        self.bring(node)
        if synapses.records:
            syn = synapses.records[j]
            for learning in node.learning:
                if learning.synapses is synapses and learning.on_pre is not None:
                    if learning.look:
                        step.sense_linear(node.acts, node.cell) if learning.senses else self.look(node)
                    if synapses.epochs:
                        if learning.acts.stale(learning.post) > 0.0:
                            epochs.turn_epoch(learning.acts, synapses.epochs, learning.post)
                        epochs.follow_epoch(learning.acts, synapses.epochs, learning.post, syn)
                    if learning.neighbours:
                        self.look_back(synapses, j, learning.neighbours)
                    before = syn.w
                    if learning.on_pre(syn, learning.post, Message(self.now, 0.0)) and synapses.marks:
                        synapses.marks[j] = FRESH
                    self.note_weight(synapses, j, before)
        w = synapses.weight(j)
        if node.linear:
            step.enter_linear(node.acts, node.cell, w, *node.acts.factors(node.cell.offset))
        else:
            node.acts.receive(node.cell, w)
        self.set_due(node)

    def fire(self, node: Node) -> None:
        """The neuron fires: reset, rules, spike."""
        if node.fired == self.env.instant:
            raise RunawayError(
                f"{node.cells.name}[{node.index}] would fire again at the same instant, {self.now} s: its reset leaves "
                "it above threshold. Use a refractory period, a lower reset or smaller weights"
            )
        self.bring(node)
        cell, (window, offset) = node.cell, self.env.instant
        node.acts.fire(cell, offset if node.linear else self.now)
        node.fired = (window, offset)
        self.emit(node)
        for learning in node.learning:
            self.sweep(node, learning, "post", 1.0)
        self.set_due(node)

    def emit(self, node: Node) -> None:
        """Record a spike and send it."""
        if "spikes" in node.cells.population.record:
            self.recorder.spike_columns(node.cells.index).append(self.now, node.index)
        self.send(node, "spike")
        if "says" in node.model.handlers:
            self.send(node, "error", node.acts.says(node.cell))

    def control(self, node: Node, port: str, value: float) -> None:
        """An error or control message: first the rules, then the neuron itself."""
        if node.flows:
            self.bring(node)
            self.set_due(node)  # its coefficients may have moved to another window
        for learning in node.learning:
            self.sweep(node, learning, port, value)
            if port == "reset":
                learning.unmark()
        if port == "reset" and "rest" in node.model.handlers:
            self.bring(node)
            node.acts.rest(node.cell, *(node.cell.offset,) * node.linear)
            self.set_due(node)
        if port == "error":
            self.send(node, "error", value)  # along projections that carry errors on, such as a broadcast
        if port != "reset" and f"on_{port}" in node.model.handlers:
            self.bring(node)
            when = (node.cell.offset,) * ("s" in node.model.handlers[f"on_{port}"].arguments)
            getattr(node.acts, f"on_{port}")(node.cell, *when, value)
            self.set_due(node)

    def sweep(self, node: Node, learning: Learning, port: str, value: float) -> None:
        """Show a message to a rule at one neuron: once for the neuron, then for each synapse of its column."""
        once, each = learning.once.get(port), learning.each.get(port) if port != "pre" else None
        if once is None and each is None:
            return
        if learning.look:
            self.look(node)
        time, synapses = self.now, learning.synapses
        if once is not None:
            value = once(learning.post, Message(time, value)) or 0.0
            if value == 0.0:
                return
        if each is None:
            return
        message = Message(time, value)
        for j in learning.concerned(port):
            syn = synapses.records[j]
            if synapses.epochs and port in learning.follows:
                epochs.follow_epoch(learning.acts, synapses.epochs, learning.post, syn)
            before = syn.w
            way_back = synapses.way_back(j) if synapses.back_delay else 0.0
            answer = each(syn, learning.post, message)
            if answer and synapses.back_delay:
                self.send_back(node, synapses, j, answer * way_back)
            self.note_weight(synapses, j, before)

    def note_weight(self, synapses: Synapse, j: int, before: float) -> None:
        """Record a change of weight, and refuse one that is not a number."""
        w = synapses.records[j].w
        if w == before:
            return
        if not -np.inf < w < np.inf:
            raise EngineError(
                f"{synapses.plan.name}: the weight of {synapses.source[j]} -> {synapses.target[j]} became {w} at "
                f"{self.now} s (it was {before}); lower the learning rate or tighten the clip"
            )
        if "weights" in synapses.plan.projection.record:
            self.recorder.weight_columns(synapses.plan.index).append(self.now, j, w)


def neuron(engine: ReferenceEngine, node: Node) -> Generator[simpy.Event, Any, None]:
    """A neuron as a process: wait for a message or its own threshold, and react."""
    engine.set_due(node)
    while True:
        arrival = yield node.mailbox
        if arrival is None:
            engine.fire(node)
            continue
        delivery, j = arrival
        if delivery.back:
            engine.control(node, "error", delivery.value)
        elif delivery.synapses.kind == Kind.SPIKE:
            engine.arrive(node, delivery.synapses, j, delivery.value, delivery.nth)
        else:
            engine.control(node, delivery.synapses.plan.port, delivery.value * delivery.synapses.weight(j))


def source(engine: ReferenceEngine, node: Node) -> Generator[simpy.Event, Any, None]:
    """A source as a process: wait for the time of each of its spikes, and send it."""
    times = node.model.times(node.index, node.cells.size, engine.plan.seed, node.cells.name)
    latest = 0.0
    for nth, time in enumerate(times):
        if not time >= latest:
            raise node.cells.refused(node.index, time)
        latest = time
        if nth < node.emitted:
            continue  # sent before the network was saved
        node.due = engine._at(node, *instant(time, engine.width), Kind.CROSSING, node.number, 0, nth, Fire(node))
        yield node.mailbox
        node.emitted += 1
        engine.emit(node)
    while True:
        yield node.mailbox  # a source that has no more spikes waits for ever
