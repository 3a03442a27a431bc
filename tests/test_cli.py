"""The command line: what it prints where, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import eventsnn
from eventsnn.cli import main
from eventsnn.demo import runner

QUIET = "--no-progress"


def status_of_usage_error(*arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return stop.value.code


def one_line_of_stderr(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("eventsnn: ")
    return lines[0]


def test_version(capsys):
    assert status_of_usage_error("--version") == 0
    assert capsys.readouterr().out == f"eventsnn {eventsnn.__version__}\n"


def test_runs_as_a_module():
    command = [sys.executable, "-m", "eventsnn", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == f"eventsnn {eventsnn.__version__}\n"


def test_without_a_name_every_demo_is_listed_on_a_line(capsys):
    assert main(["demo"]) == 0
    lines = capsys.readouterr().out.splitlines()
    figures = ["three-factors", "precise-spikes", "messages", "escape-noise", "escape-layers", "not-conservative"]
    figures += ["surrogate-path", "expected-gradient", "surrogate-shapes", "feedback-alignment"]
    names = [
        "temporal-xor",
        "digits",
        "erbp-digits",
        "custom-process",
        *figures,
        "nmnist",
        "superspike-picture",
        "superspike-oxford",
        "eprop-pattern",
        "store-recall",
        "yin-yang",
        "yin-yang-delays",
        "mnist",
        "erbp-mnist",
        "erbp-mnist-deep",
    ]
    assert [line.split()[0] for line in lines] == names
    assert all(len(line.split()) > 4 for line in lines)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["demo", "no-such-demo"], "temporal-xor"),
        (["demo", "temporal-xor", "--seeds", "0"], "'0' is not a whole number from 1"),
        (["demo", "temporal-xor", "--seed", "-1"], "'-1' is not a whole number from 0"),
        (["demo", "temporal-xor", "--engine", "abacus"], "reference"),
        (["demo", "digits", "--seeds", "2"], "leave --seeds out"),
        (["demo", "temporal-xor", "--seeds", "2", "--save", "net"], "one network"),
        (["demo", "custom-process", "--save", "net"], "one network"),
    ],
)
def test_wrong_usage_exits_with_2(arguments, says, capsys):
    assert status_of_usage_error(*arguments) == 2
    assert says in capsys.readouterr().err


def test_wrong_usage_shows_the_usage_of_the_command(capsys):
    for command, *wrong in (["demo", "digits", "--seeds", "2"], ["bench", "startup", "--peers"], ["study", "relax"]):
        assert status_of_usage_error(command, *wrong) == 2
        assert capsys.readouterr().err.startswith(f"usage: eventsnn {command} ")


def test_files_that_cannot_be_read_or_written(capsys, tmp_path):
    """Found out before the work."""
    page = tmp_path / "nowhere" / "page.html"
    assert main(["report", "temporal-xor", QUIET, "--html", str(page)]) == 1
    assert f"cannot write {page}" in one_line_of_stderr(capsys)
    for file in (tmp_path, tmp_path / "none.py"):
        assert main(["check", str(file)]) == 1
        assert f"there is no file {file}" in one_line_of_stderr(capsys)


def test_words_and_picture(capsys, tmp_path):
    assert main(["demo", "temporal-xor", "--out", str(tmp_path / "new")]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("1 of 1 networks with 4 hidden neurons learned temporal XOR")
    picture = tmp_path / "new" / "temporal_xor.png"
    assert captured.out.splitlines()[-1] == f"picture: {picture}"
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "epoch" in captured.err  # the progress bar


def test_json_is_one_object_and_no_progress_is_silent(capsys, tmp_path):
    assert main(["demo", "custom-process", "--json", QUIET, "--out", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out)["demo"] == "custom-process"


def test_a_file_to_resume_from_that_is_not_there(capsys, tmp_path):
    assert main(["demo", "temporal-xor", QUIET, "--out", str(tmp_path), "--resume", str(tmp_path / "none")]) == 1
    assert "--save FILE writes one" in one_line_of_stderr(capsys)


def test_a_file_cut_short(capsys, tmp_path):
    file, options = tmp_path / "net", [QUIET, "--out", str(tmp_path)]
    assert main(["demo", "temporal-xor", *options, "--save", str(file)]) == 0
    file.write_bytes(file.read_bytes()[:-100])
    capsys.readouterr()
    assert main(["demo", "temporal-xor", *options, "--resume", str(file)]) == 1
    assert "cut short" in one_line_of_stderr(capsys)


def test_a_file_of_another_demo_or_seed(capsys, tmp_path):
    file, options = tmp_path / "net", [QUIET, "--out", str(tmp_path)]
    assert main(["demo", "temporal-xor", "--seed", "3", *options, "--save", str(file)]) == 0
    capsys.readouterr()
    assert main(["demo", "digits", "--small", *options, "--resume", str(file)]) == 1
    assert "this demo needs [('pixels', 64)" in one_line_of_stderr(capsys)
    assert main(["demo", "temporal-xor", "--seed", "4", *options, "--resume", str(file)]) == 1
    assert "was started with seed 3, not 4" in one_line_of_stderr(capsys)


def test_folders_that_cannot_be_written_to_are_refused_at_once(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(eventsnn.Network, "run", lambda *_, **__: pytest.fail("ran"))
    (tmp_path / "file").touch()
    assert main(["demo", "temporal-xor", QUIET, "--out", str(tmp_path / "file")]) == 1
    assert "give another with --out" in one_line_of_stderr(capsys)
    arguments = ["demo", "temporal-xor", QUIET, "--out", str(tmp_path), "--save", str(tmp_path / "none" / "net")]
    assert main(arguments) == 1
    assert "a folder that exists" in one_line_of_stderr(capsys)


def test_digits_without_scikit_learn(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert main(["demo", "digits", QUIET, "--out", str(tmp_path)]) == 1
    assert "pip install eventsnn[data]" in one_line_of_stderr(capsys)


def interrupted_after(epochs, learn):
    """A demo's `learn` that Ctrl-C hits in the middle of a trial."""

    def hit(net, *arguments):
        for k, answer in enumerate(learn(net, *arguments), start=1):
            yield answer
            if k == epochs:
                net.run(11.3)
                signal.raise_signal(signal.SIGINT)

    return hit


def test_ctrl_c_keeps_what_was_learned_and_resuming_gives_the_same_bits(capsys, tmp_path, monkeypatch):
    demo, file = runner.module("temporal_xor"), tmp_path / "net"
    options = [QUIET, "--json", "--out", str(tmp_path)]
    assert main(["demo", "temporal-xor", "--seed", "5", *options]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["epochs_median"] > 4

    monkeypatch.setattr(demo, "learn", interrupted_after(3, demo.learn))
    assert main(["demo", "temporal-xor", "--seed", "5", *options, "--save", str(file)]) == 130
    line = one_line_of_stderr(capsys)
    assert f"eventsnn demo temporal-xor --resume {file}" in line
    monkeypatch.undo()

    for _ in range(2):  # the second time nothing is left to be done
        assert main(["demo", "temporal-xor", *options, "--resume", str(file), "--save", str(file)]) == 0
        resumed = json.loads(capsys.readouterr().out)
        assert resumed["digest"] == whole["digest"]
        assert resumed["epochs_median"] == whole["epochs_median"]
        assert resumed["first_seed"] == 5


def test_ctrl_c_without_save_says_so(capsys, tmp_path, monkeypatch):
    demo = runner.module("temporal_xor")
    monkeypatch.setattr(demo, "learn", interrupted_after(1, demo.learn))
    assert main(["demo", "temporal-xor", QUIET, "--out", str(tmp_path)]) == 130
    assert "nothing was saved" in one_line_of_stderr(capsys)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_gives_no_advice_that_only_a_program_can_follow(capsys, tmp_path, monkeypatch):
    demo = runner.module("custom_process")
    build = demo.build

    def hit(cell):
        yield cell.wait(0.1)
        signal.raise_signal(signal.SIGINT)
        yield cell.wait(0.1)

    def with_hit(*arguments):
        net = build(*arguments)
        net.add(hit, name="hit")
        return net

    monkeypatch.setattr(demo, "build", with_hit)
    with pytest.raises(eventsnn.Interrupted, match=r"net.run\(until=0.5\) goes on"):
        with_hit().run(0.5)
    assert main(["demo", "custom-process", QUIET, "--out", str(tmp_path)]) == 130
    assert one_line_of_stderr(capsys) == "eventsnn: stopped at 0.1 s"


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_from_outside(tmp_path):
    file = tmp_path / "net"
    command = [sys.executable, "-m", "eventsnn", "demo", "digits", "--save", str(file), "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        seen = ""
        while not re.search(r" [1-9]\d*/\d+ ", seen):  # the bar has moved
            assert process.poll() is None, seen
            seen += process.stderr.read(1)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert "go on with: eventsnn demo digits --resume" in err.splitlines()[-1]
    assert eventsnn.Network.load(file).now > 0
