"""The ladder of constraints: what it counts, what its rungs learn, and that a freedom nobody uses changes nothing."""

import json
from dataclasses import replace

import numpy as np
import pytest

import eventsnn as es
from eventsnn.cli import main
from eventsnn.study import command, costs, relax, scaling, tasks

XOR = tasks.TASKS["xor"]
ALL = {name: setting for group in relax.GROUPS.values() for name, setting in group.items()}


def xor(setting, seed=3, samples=12, engine="reference"):
    """The network of a rung after its first samples."""
    candidate = tasks.build(setting, seed, "xor", quick=True)
    candidate.net.engine_name = engine
    candidate.net.run(samples * XOR.period)
    return candidate


def left(net):
    """Everything that a network has learned."""
    return [net.weights(p).tobytes() for p in net.description.projections if p.rule is not None]


@pytest.mark.parametrize("name", ALL)
def test_counters_agree_with_the_report_and_with_the_messages_of_an_uncounted_run(name):
    candidate = xor(ALL[name])
    counted, samples = tasks.counted(candidate)
    assert samples == 12
    sent = candidate.net.message_counts()
    numbers = tasks.measure(candidate)
    assert numbers["messages"] * samples == pytest.approx(sum(sent.values()), abs=1e-9)
    back = ("hidden->output (back)", *(p.name for p in candidate.net.description.projections if p.port == "error"))
    assert numbers["errors"] * samples == pytest.approx(sum(sent.get(name, 0) for name in back), abs=1e-9)
    held = [candidate.net.synapse_state(p) for p in candidate.net.description.projections if p.rule is not None]
    words = sum(v.size for state in held for key, v in state.items() if key.startswith(("syn.", "post.")))
    own = candidate.net.projection("hidden->output").feedback
    extra = 8 if own is not None and own.kind in ("random", "sign_symmetric") else 0
    assert numbers["words"] == words + extra
    done = sum(
        sum(handler["done"][kind] for kind in costs.OPERATIONS)
        for row in counted["projections"]
        if row["rule"]
        for handler in row["operations"].values()
    )
    assert numbers["operations"] * samples == pytest.approx(done, abs=1e-6)
    assert done == costs.operations(counted, "synapse") + costs.operations(counted, "neuron")


def test_a_frozen_layer_learns_nothing_and_the_layer_above_does():
    net = tasks.build({"feedback": "frozen"}, 3, "xor", quick=True).net
    hidden, output = net.projection("input->hidden"), net.projection("hidden->output")
    before = net.weights(hidden).copy(), net.weights(output).copy()
    net.run(80 * XOR.period)
    assert net.weights(hidden).tobytes() == before[0].tobytes()
    assert np.all(net.weights(output) != before[1])


def test_every_rung_but_the_frozen_one_teaches_the_hidden_layer():
    learned = [left(xor(setting).net)[0] for name, setting in relax.LADDER.items() if name != "frozen hidden layer"]
    assert len(set(learned)) == len(learned)  # and each something else


def test_one_scalar_is_one_number_for_all_and_a_broadcast_is_not():
    found = []
    for way in ("scalar", "broadcast"):
        report, _ = tasks.counted(xor({"feedback": way}))
        found.append(costs.third_factor(report, "input->hidden"))
    assert found[0] in ("population", "network")
    assert found[1] == "neuron"


def test_the_way_back_transports_what_its_name_says():
    def transported(way):
        return costs.transport(tasks.counted(xor({"feedback": way}))[0])

    assert [transported(way) for way in ("random", "sign_symmetric", "symmetric")] == ["none", "signs", "memory"]


class Unread(es.SpikeTimeGradient):
    """Has a history that nobody reads."""

    past: es.State = es.history(3)


@pytest.mark.parametrize("way", ["frozen", "random", "symmetric"])
def test_a_freedom_that_is_not_used_changes_no_bit(way, monkeypatch):
    plain = left(xor({"feedback": way}).net)
    strict = tasks.build({"feedback": way}, 3, "xor", quick=True).net
    asked = {request.relaxation.name for request in strict.relaxations()}
    strict.description.allow = tuple(asked)  # nothing beyond what is asked for
    strict.run(12 * XOR.period)
    assert left(strict) == plain
    free = tasks.build({"feedback": way}, 3, "xor", quick=True).net
    free.description.allow = es.relax.NAMES
    free.run(12 * XOR.period)
    assert left(free) == plain
    monkeypatch.setattr(tasks, "SpikeTimeGradient", Unread)
    assert left(xor({"feedback": way}).net) == plain


def test_errors_a_trial_late_with_a_history_of_one_change_what_errors_in_time_do():
    """After the first trial alone, and to the last bit: the later trial only brings its errors."""
    in_time = xor({}, samples=1).net
    in_time.run(until=1.01 * XOR.period)
    for depth in (1, 2):
        late = xor({"late": depth, "depth": depth}, samples=1).net
        untouched = left(late)
        late.run(until=(depth + 1.01) * XOR.period)
        assert left(late) == left(in_time) != untouched


@pytest.mark.parametrize("depth", [1, 2])
def test_late_rules_give_the_same_bits_on_both_engines(depth, plain_python):
    setting = {"late": depth, "depth": depth}
    assert left(xor(setting).net) == left(xor(setting, engine="compiled").net)


def test_the_symmetric_rung_is_the_demo():
    from eventsnn.demo.runner import module

    for task, file in (("xor", "temporal_xor"), ("yin-yang", "yin_yang")):
        demo, candidate = module(file), tasks.build({}, 2, task, quick=task == "xor")
        both = [candidate.net, demo.build(2)]
        for net in both:
            net.engine_name = "reference"
            net.run(8 * tasks.TASKS[task].period + 0.5)
        assert left(both[0]) == left(both[1])


def test_an_unknown_task_or_way_back_is_named():
    with pytest.raises(es.NetworkError, match="there is no task 'chess'; there are xor, yin-yang"):
        relax.study(relax.Wanted("chess"))
    with pytest.raises(es.NetworkError, match="there is no way back 'telepathy'"):
        tasks.build({"feedback": "telepathy"}, 0, "xor", quick=True)


# -- the command line -------------------------------------------------------------------------------------------------

OWN = '''
import eventsnn as es


class Halver(es.Rule):
    """Takes off part of the weight with every error."""

    part: float = 0.01

    def on_error(self, syn, post, msg):
        """An error."""
        syn.w -= self.part * msg.value * syn.w
        return msg.value
'''


@pytest.fixture
def small(monkeypatch):
    """Two rungs and two sizes."""
    few = {name: relax.LADDER[name] for name in ("frozen hidden layer", "random, causal")}
    monkeypatch.setattr(relax, "GROUPS", {"ladder": few})
    monkeypatch.setattr(tasks, "COUNTED", 4)
    monkeypatch.setattr(scaling, "COMPARED", {"ERBP": es.ERBP})
    monkeypatch.setattr(scaling, "QUICK", scaling.Sizes((2, 4, 6), 1.0, (1.0, 2.0, 4.0), 2))
    monkeypatch.setitem(tasks.TASKS, "xor", replace(XOR, passes=(3, 3)))


def study(out, *arguments):
    return main(["study", *arguments, "--quick", "--no-progress", "--out", str(out)])


def test_relax_prints_json_and_writes_runs_tables_and_a_picture(small, tmp_path, capsys):
    assert study(tmp_path, "relax", "--task", "xor", "--seeds", "2", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["table"]) == ["frozen hidden layer", "random, causal"]
    assert found["table"]["random, causal"]["accuracy"]["n"] == 2
    assert len(found["runs"]) == 4
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {f"study_relax_xor_quick.{kind}" for kind in ("jsonl", "csv", "md", "png")}
    assert (tmp_path / "study_relax_xor_quick.csv").read_text().startswith("setting,runs,failed,accuracy_mean")


def test_a_rule_of_ones_own_enters_both_studies(small, tmp_path, capsys):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    assert study(tmp_path / "a", "relax", "--task", "xor", "--seeds", "1", "--rule", str(file)) == 0
    assert "Halver: random, causal" in capsys.readouterr().out
    assert study(tmp_path / "b", "scaling", "--seeds", "1", "--rule", str(file), "--json") == 0
    laws = {law["rule"]: law for law in json.loads(capsys.readouterr().out)["laws"]}
    assert list(laws) == [*scaling.CLOCKED, "ERBP", "Halver"]
    assert laws["Halver"]["synapses"][0][0] == pytest.approx(2.0, abs=1e-9)


def test_a_run_that_fails_is_said_and_the_status_is_1(small, tmp_path, capsys):
    file = tmp_path / "own.py"
    file.write_text(OWN.replace("msg.value * syn.w", "post.calcium"))
    assert study(tmp_path, "relax", "--task", "xor", "--seeds", "1", "--rule", str(file)) == 1
    assert "failed: Halver: random, causal, seed 0: NetworkError" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (OWN.replace("syn.w -=", "post.v -="), "is not lawful"),
        ("x = 1\n", "defines no rule"),
        (None, "there is no file"),
    ],
)
def test_a_file_without_a_lawful_rule_is_refused(text, says, tmp_path, capsys):
    file = tmp_path / "own.py"
    if text is not None:
        file.write_text(text)
    assert study(tmp_path, "scaling", "--rule", str(file)) == 1
    said = capsys.readouterr().err
    assert says in said
    assert "own.py" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["relax"], "--task"),
        (["relax", "--task", "chess"], "yin-yang"),
        (["scaling", "--task", "xor"], "study relax"),
        (["scaling", "--jobs", "0"], "'0' is not a whole number from 1"),
        (["relax", "--task", "xor", "--seeds", "0"], "'0' is not a whole number from 1"),
    ],
)
def test_wrong_usage_says_what_is_possible(arguments, says, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["study", *arguments])
    assert stop.value.code == 2
    assert says in capsys.readouterr().err


def test_without_a_name_the_studies_are_listed(capsys):
    assert main(["study"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(command.STUDIES)
