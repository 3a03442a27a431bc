"""`eventsnn check FILE` and `eventsnn report NAME`, as somebody uses them who has just written a first rule."""

import json
import textwrap
from pathlib import Path

import pytest

from eventsnn import breaches, check
from eventsnn.cli import main
from eventsnn.errors import EventsnnError

RULE = '''
import math

import eventsnn as es


class Tagged(es.Rule):
    """A spike tags a synapse; a reward turns tags into weight."""

    tau: float = 0.05  # how long a tag lasts [s]
    lr: float = 0.01  # learning rate

    tag: es.State = 0.0
    since: es.State = 0.0  # [s]

    def on_pre(self, syn, post, msg):
        syn.tag = 1.0 + syn.tag * math.exp((syn.since - msg.time) / self.tau)
        syn.since = msg.time

    def on_reward(self, syn, post, msg):
        syn.w += self.lr * msg.value * syn.tag * math.exp((syn.since - msg.time) / self.tau)
'''
NOW = "syn.since = msg.time"
MISTAKES = [  # what is there, what is written instead, and what is said: (line, words)
    ("    since: es.State = 0.0  # [s]\n", "", [(15, "since"), (16, "since"), (19, "since")]),
    ("    tag: es.State = 0.0\n", "    tag: es.State\n", [(12, "has no default; give it one: `tag: ... = value`")]),
    ("    tag: es.State = 0.0\n", "    tag: es.State = [0.0]\n", [(12, "a state starts from a number")]),
    ("    lr: float = 0.01  # learning rate\n", "", [(19, "self.lr")]),
    (
        "(self, syn, post, msg):\n        syn.w",
        "(self, syn, msg):\n        syn.w",
        [(19, "on_reward(self, syn, post, msg)")],
    ),
    (
        "(self, syn, post, msg):\n        syn.tag",
        "(self, syn, post, msg, old=[]):\n        syn.tag",
        [(15, "must be on_pre")],
    ),
    ("import math\n", "", [(14, "write `import math`"), (18, "write `import math`")]),
    ("msg.value *", "msg.value**2 *", [(20, "uses **")]),
    (NOW, "syn.since = np.mean(msg.time)", [(17, "np.mean")]),
    (NOW, "syn.since = math.gamma(msg.time)", [(17, "math.gamma, which is not among")]),
    (NOW, "syn.since = decay(msg.time)", [(17, "calls decay()")]),
    (NOW, "post.v = msg.time", [(17, "writes post.v")]),
    (NOW, "syn.since = post.others[0].t", [(17, "only fields of its scopes can be used")]),
    (NOW, "syn.since = pre.t", [(17, "pre.t")]),
    (NOW, "syn.since = TIMES[0]", [(17, "index")]),
    (NOW, "self.since = msg.time", [(17, "writes self.since; parameters are shared by all")]),
    (NOW, "syn.since = msg.sender", [(17, "msg has time, value")]),
    (NOW, "if msg.time > 1.0:\n            return 1.0", [(15, "returns a number on some of its ways only")]),
]


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A user's file, as it is called from the folder it lies in."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="my_rule.py"):
        (tmp_path / name).write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return name

    return write


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES, ids=[new.strip() or "left out" for _, new, _ in MISTAKES])
def test_one_mistake_at_a_time(old, new, said, file, capsys):
    assert RULE.count(old) >= 1
    assert main(["check", file(RULE.replace(old, new, 1))]) == 1
    *messages, last = capsys.readouterr().out.splitlines()
    assert len(messages) == len(said), messages
    for message, (line, words) in zip(messages, said, strict=True):
        assert message.startswith(f"my_rule.py:{line}: Tagged.")
        assert words in message
    assert last.startswith(f"my_rule.py: {len(said)} breach")


MANY = '''
import numpy as np

import eventsnn as es

TABLE = np.zeros(10)


class Base(es.Rule):
    gain: float

    def on_pre(self, syn, post, msg):
        total = TABLE.sum()
        syn.w += 0.1 * total
        if post.synapses[0].w > 0:
            syn.trace += 1.0
        for other in post.others:
            syn.w += other.w
        while post.neighbours.busy:
            post.v = 0.0
        return total

    def on_post(self, syn, msg):
        global count
        syn.w = syn.w**2

    @staticmethod
    def on_error(self, syn, post, msg):
        syn.w = post.v.real


class Child(Base):
    """Nothing is wrong here."""


class Other(es.Neuron):
    def fire(self, cell, t):
        cell.v = 0.0


def chatter(cell, heard=[]):
    while True:
        heard.append((yield cell.receive()))
'''


def test_every_breach_is_found_not_only_the_first(file):
    _, found = breaches.load(Path(file(MANY)))
    lines = sorted(int(message.split(":")[1]) for message in found)
    assert lines == [9, 12, 14, 15, 16, 17, 18, 19, 22, 23, 24, 27, 28, 37, 40]


def test_a_process_whose_only_wait_is_a_breach_ends_all_the_same(file):
    text = """
        import eventsnn as es


        def waits_for_all(cell):
            while True:
                messages = yield cell.barrier()
                cell.note("heard", len(messages))


        net = es.Network(0)
        net.connect(net.add(es.Poisson(rate=10.0), 2), net.add(waits_for_all), delay=1e-3)
        net.run(1.0)
    """
    _, found = breaches.load(Path(file(text)))
    assert len(found) == 1
    assert "barrier() waits for all" in found[0]


def test_processes_that_share_are_found(file):
    text = """
        import eventsnn as es

        HEARD = []


        def listener(cell):
            while True:
                HEARD.append((yield cell.receive()).value)


        def teller(cell, period):
            while True:
                yield cell.wait(period)
                cell.send("error", float(len(HEARD)))


        def alone(cell):
            seen = []
            while True:
                seen.append((yield cell.receive()).value)
    """
    found = check.check(Path(file(text)), compiled=False).breaches
    assert all("HEARD" in message for message in found)
    assert any("listener[0] and listener[1]" in message for message in found)
    assert any("listener" in message and "teller" in message for message in found)


def test_a_lawful_file(file, capsys, plain_python):
    assert main(["check", file(RULE), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["lawful"], found["breaches"]) == (True, [])
    (trial,) = found["trials"]
    assert (trial["name"], trial["neuron"], trial["same_bits"], trial["note"]) == ("Tagged", "LIF", True, "")
    needs = trial["needs"]
    assert needs["words"] == {"synapse": 2, "neuron": 0, "epoch": 0, "source": 0, "way_back": 0}
    assert needs["row_visits"] == needs["operations"]["on_pre"]["runs"] > 500
    assert needs["column_visits"]["reward"] == needs["accesses"]["weight writes"] > 100
    assert needs["third_factor"]["reward"]["granularity"] == "neuron"


PATHS = """
import eventsnn as es

Late = es.path(
    "Late", es.spike() >> es.psp() >> es.low_pass(0.1) >> es.gate(es.error()) >> es.weight(es.Sgd(lr=0.01))
)


class Costly(es.AdaptiveEProp):
    def cost(self, syn, post, time):
        return 0.001 * syn.w


class Dendritic(es.Rule):
    def on_pre(self, syn, post, msg):
        syn.w += post.error
"""


def test_signal_paths_and_rules_for_other_neurons_are_tried(file, capsys, plain_python):
    assert main(["check", file(PATHS), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    tried = {trial["name"]: (trial["neuron"], trial["same_bits"], trial["note"]) for trial in found["trials"]}
    assert tried == {
        "Late": ("LIF", True, ""),
        "Costly": ("AdaptiveLIF", True, ""),
        "Dendritic": ("TwoCompartment", True, ""),
    }
    late = found["trials"][0]["needs"]
    assert late["words"]["epoch"] > 3
    assert late["operations"]["flow"]["runs"] > late["operations"]["on_pre"]["runs"] / 2 > 100
    assert late["operations"]["follow"]["runs"] > 10


def test_a_lawful_file_in_words(file, capsys, plain_python):
    text = (
        RULE + "\n\ndef pinger(cell, period):\n    while True:\n        yield cell.wait(period)\n        cell.fire()\n"
    )
    assert main(["check", file(text), "--reference-only"]) == 0
    out = capsys.readouterr().out
    for words in (
        "Tagged (rule), on LIF",
        "2 per synapse",
        "on_reward",
        "processes that share nothing: pinger",
        "lawful",
    ):
        assert words in out


def test_a_neuron_is_tried_and_used_for_the_rules_that_need_it(file, plain_python):
    text = """
        import math

        import eventsnn as es


        class Stepper(es.Neuron):
            level: es.State = 0.0
            calcium: es.State = 0.0

            def advance(self, cell, dt):
                cell.calcium *= math.exp(-dt)

            def receive(self, cell, w):
                cell.level += w

            def next_spike(self, cell):
                return 0.0 if cell.level >= 1.0 else math.inf

            def fire(self, cell, t):
                cell.level = 0.0
                cell.calcium += 1.0


        class Calm(es.Rule):
            def on_pre(self, syn, post, msg):
                syn.w -= 0.001 * post.calcium
    """
    rule, neuron = check.check(Path(file(text))).trials
    assert (rule.name, rule.neuron, rule.same_bits, rule.note) == ("Calm", "Stepper", True, "")
    assert (neuron.name, neuron.kind, neuron.same_bits, neuron.note) == ("Stepper", "neuron", True, "")
    assert rule.needs["operations"]["on_pre"]["most"]["additions"] == 1


def test_what_a_rule_asks_for_and_why_a_trial_ends_are_said(file, capsys, plain_python):
    text = """
        import eventsnn as es


        class Peek(es.Rule):
            needs = (es.neighbour("v"),)
            past: es.PostState = es.history(3)

            def on_pre(self, syn, post, msg):
                syn.w += 0.001 * (syn.pre_v - post.past_2)
                self.push_past(post, post.v)


        class Wild(es.Rule):
            def on_pre(self, syn, post, msg):
                syn.w *= 1e9


        class Fussy(es.Rule):
            def on_pre(self, syn, post, msg):
                syn.w += 0.01 * post.calcium
    """
    assert main(["check", file(text), "--json"]) == 0
    peek, wild, fussy = json.loads(capsys.readouterr().out)["trials"]
    assert peek["asks"] == ["neighbour('v')", "history(3)"]
    assert (peek["same_bits"], "use engine='reference'" in peek["note"]) == (None, True)
    assert [h["used"] for h in peek["needs"]["history"]] == [2]
    assert wild["note"].startswith("activity explodes on the random network: more than 20000 events, however short")
    assert fussy["note"].endswith(
        "LIF lacks calcium; IF lacks calcium; AdaptiveLIF lacks calcium; TwoCompartment lacks calcium"
    )


def test_a_busy_neuron_is_tried_for_a_shorter_time_and_wrong_bounds_are_found(file, capsys, plain_python):
    text = """
        import math

        import eventsnn as es


        class Hasty(es.LIF):
            def first(self, c0, c1, v_inf, s):
                return s if self.voltage(c0, c1, v_inf, s) >= 0.1 * self.v_threshold else math.inf


        class Wrong(Hasty):
            calm = es.LIF.calm
    """
    assert main(["check", file(text), "--json"]) == 1
    hasty, wrong = json.loads(capsys.readouterr().out)["trials"]
    assert (hasty["same_bits"], wrong["same_bits"]) == (True, False)
    assert hasty["note"] == "tried for 10 time constants; more than 20000 events come within 40"


def test_engines_that_differ_are_no_lawful_file(file, capsys, monkeypatch):
    monkeypatch.setattr(check, "same_bits", lambda *_: False)
    assert main(["check", file(RULE)]) == 1
    assert "the engines DIFFER" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import math\nx = (\n", r"my_rule.py:2: SyntaxError"),
        ("import nothing_of_that_name\n", r"my_rule.py:1: ModuleNotFoundError"),
        ("x = 1\ny = x / 0\n", r"my_rule.py:2: ZeroDivisionError"),
    ],
)
def test_a_file_that_does_not_run(text, said, file):
    with pytest.raises(EventsnnError, match=said):
        check.check(Path(file(text)))


def test_a_file_that_is_not_there(capsys):
    assert main(["check", "nothing.py"]) == 1
    assert "nothing.py" in capsys.readouterr().err


# -- report -----------------------------------------------------------------------------------------------------------

NETWORK = """
    import eventsnn as es


    class Drift(es.Rule):
        def on_pre(self, syn, post, msg):
            syn.w += 0.001


    def build(seed=0):
        net = es.Network(seed)
        x, y = net.add(es.Regular(period=0.1), name="x"), net.add(es.LIF(), name="y")
        net.connect(x, y, Drift(), delay=0.01)
        return net
"""


def test_report_of_a_demo_is_the_same_on_both_engines(capsys, plain_python):
    reports = []
    for engine in ("reference", "compiled"):
        assert main(["report", "temporal-xor", "--json", "--no-progress", "--duration", "320", "--engine", engine]) == 0
        reports.append(json.loads(capsys.readouterr().out))
        assert reports[-1].pop("engine") == engine
    assert reports[0] == reports[1]
    assert [t["found"] for t in reports[0]["weight_transport"]] == ["memory"]
    assert all(row["sweeps"] == 0 for row in reports[0]["projections"] if row["rule"])
    assert {(r["relaxation"], r["owner"]) for r in reports[0]["relaxations"]} >= {
        ("weight_transport", "hidden->output")
    }


def test_report_of_a_file_in_every_form(file, capsys, tmp_path):
    name = file(NETWORK, "my_net.py")
    assert main(["report", name, "--duration", "1", "--no-progress"]) == 0
    assert "Drift.on_pre" in capsys.readouterr().out
    assert main(["report", name, "--duration", "1", "--no-progress", "--markdown"]) == 0
    assert "| x->y: Drift.on_pre | 10 | 1 |" in capsys.readouterr().out
    assert main(["report", name, "--duration", "1", "--no-progress", "--html", "report.html"]) == 0
    assert "Drift.on_pre" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "demos: temporal-xor"),
        (["my_net.py"], "say how long to run it with --duration"),
        (["my_net.py", "--small", "--duration", "1"], "leave --small out"),
        (["my_rule.py"], "defines no build()"),
    ],
)
def test_report_says_what_it_needs(arguments, said, file, capsys):
    file(NETWORK, "my_net.py")
    file(RULE)
    assert main(["report", *arguments, "--no-progress"]) == 1
    assert said in capsys.readouterr().err
