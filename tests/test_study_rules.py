"""The comparison of all shipped rules on one task: what is shown, what is counted, and that it can be learned."""

import json

import numpy as np
import pytest

from eventsnn import rules
from eventsnn.cli import main
from eventsnn.errors import NetworkError
from eventsnn.study import choose


def test_every_shipped_rule_is_compared_once(monkeypatch):
    grouped = [name for group in choose.GROUPS.values() for name in group]
    assert sorted(grouped) == sorted(choose.study().settings) == sorted(choose.ways())
    monkeypatch.setitem(choose.COMPARED, "Forgotten", rules.ETLP)
    with pytest.raises(NetworkError, match="how Forgotten is taught"):
        choose.study()


def test_new_samples_are_the_same_patterns_jittered():
    learned, labels = choose.patterns(1, 200, "learn")
    asked, others = choose.patterns(1, 200, "ask")
    for label in range(choose.CLASSES):
        a, b = learned[labels == label], asked[others == label]
        silent = np.isinf(a).all(axis=0)
        assert silent.sum() == choose.INPUTS // 2
        assert np.array_equal(np.isinf(b).all(axis=0), silent)
        spread = a[:, ~silent].mean(axis=0) - b[:, ~silent].mean(axis=0)
        assert np.abs(spread).max() < 4 * choose.JITTER / np.sqrt(20)
    assert not np.array_equal(learned, asked)
    assert not np.array_equal(choose.patterns(2, 200, "learn")[0], learned)


@pytest.mark.parametrize("name", ["LabelDelta", "SpikeTimeGradient", "RewardSTDP", "PairSTDP", "ERBP"])
def test_a_rule_learns_what_a_network_that_has_not_learned_cannot_tell(name):
    pupil = choose.Pupil({"rule": name, "quick": False}, 103)
    pupil.net.run(0.0)
    before = pupil.accuracy()
    found = pupil.learn().measure()
    assert found["accuracy"] >= 0.6 > before
    assert found["row_visits"] == 30.0  # ten spikes, three synapses each


def test_the_command_prints_json(monkeypatch, tmp_path, capsys):
    few = {name: way for name, way in choose.ways().items() if name in ("LabelDelta", "ETLP")}
    settings = {name: {"rule": name, "quick": True} for name in few}
    made = choose.study(quick=True)
    made.settings = settings
    monkeypatch.setattr(choose, "study", lambda quick: made)
    monkeypatch.setattr(choose, "GROUPS", {"labels": list(few)})
    status = main(["study", "rules", "--quick", "--seeds", "1", "--json", "--no-progress", "--out", str(tmp_path)])
    assert status == 0
    table = json.loads(capsys.readouterr().out)["table"]
    assert table["ETLP"]["words"]["mean"] == 2 * choose.INPUTS * choose.CLASSES  # a trace and its time
    assert table["ETLP"]["words_shared"]["mean"] == 2 * choose.INPUTS
