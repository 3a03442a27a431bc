"""User processes: what they can wait for, what they get, what they send."""

import numpy as np
import pytest

import eventsnn as es


def note_all(cell):
    while True:
        message = yield cell.receive()
        cell.note("t", message.time)
        cell.note("value", message.value)
        cell.note("line", message.line)


def heard(net, listener):
    return tuple(net.notes(listener, name)[1].tolist() for name in ("t", "line", "value"))


def listening(function, trains=((0.5, 1.0, 2.0),), **arguments):
    """A process that hears spike trains; the network after 10 s."""
    net = es.Network()
    x = net.add(es.SpikeTrain(trains))
    p = net.add(function, name="p", **arguments)
    net.connect(x, p)
    net.run(10.0)
    return net, p


def test_receive_gives_time_port_value_line_and_source():
    net = es.Network()
    x = net.add(es.SpikeTrain([[0.5], [0.25, 1.0]]), name="eye")
    got = []

    def ear(cell):
        while True:
            got.append((yield cell.receive()))

    net.connect(x, net.add(ear), weight=[3.0, -1.0], delay=0.125)
    net.run(5.0)
    assert [tuple(m) for m in got] == [
        (0.375, "spike", -0.0, 1, "eye"),
        (0.625, "spike", 0.0, 0, "eye"),
        (1.125, "spike", -0.0, 1, "eye"),
    ]


def test_a_timeout_answers_none_at_its_time():
    answers = []

    def patient(cell):
        while True:
            message = yield cell.receive(0.75)
            answers.append((cell.now, message and message.time))

    net = es.Network()
    net.connect(net.add(es.SpikeTrain([0.5, 1.0, 2.0])), net.add(patient))
    net.run(3.0)
    assert answers == [(0.5, 0.5), (1.0, 1.0), (1.75, None), (2.0, 2.0), (2.75, None)]


def test_wait_and_until_keep_messages():
    def busy(cell):
        yield cell.wait(1.5)
        cell.note("waited", cell.now)
        yield cell.until(2.5)
        cell.note("waited", cell.now)
        for message in (yield cell.gather(3)):
            cell.note("t", message.time)
        cell.note("done", cell.now)

    net, p = listening(busy)
    assert net.notes(p, "waited")[1].tolist() == [1.5, 2.5]
    assert net.notes(p, "t")[1].tolist() == [0.5, 1.0, 2.0]
    assert net.notes(p, "done")[1].tolist() == [2.5]


def test_gather_waits_for_all_or_for_its_time():
    def gatherer(cell):
        while True:
            messages = yield cell.gather(2, timeout=1.25)
            cell.note("count", len(messages))
            cell.note("now", cell.now)

    net, p = listening(gatherer, trains=[[0.5, 1.0, 2.0]])
    assert net.notes(p, "count")[1].tolist()[:4] == [2, 1, 0, 0]  # the third spike finds no second
    assert net.notes(p, "now")[1].tolist()[:4] == [1.0, 2.25, 3.5, 4.75]


def test_a_wait_of_no_time_happens_after_the_messages_of_its_instant():
    def eager(cell):
        yield cell.receive()
        yield cell.wait(0.0)
        cell.note("now", cell.now)
        message = yield cell.receive(0.0)
        cell.note("second", message.line)

    net, p = listening(eager, trains=[[0.5], [0.5]])
    assert net.notes(p, "now")[1].tolist() == [0.5]
    assert net.notes(p, "second")[1].tolist() == [1.0]


def test_send_to_all_to_one_and_to_each_its_own():
    def sender(cell):
        yield cell.until(1.0)
        cell.send("value", 2.0)
        cell.send("value", 3.0, to=1)
        cell.send("value", np.array([10.0, 20.0, 30.0]))
        cell.send("value", [7.0, 8.0, 9.0], to=2)

    net = es.Network()
    s, ears = net.add(sender), net.add(note_all, 3)
    net.connect(s, ears, port="value", weight=[1.0, 1.0, -1.0])
    net.run(2.0)
    t, i = net.recorder.notes[1, "value"].arrays()["i"], net.notes(ears, "value")[1]
    got = {k: i[t == k].tolist() for k in range(3)}
    assert got == {0: [2.0, 10.0], 1: [2.0, 3.0, 20.0], 2: [-2.0, -30.0, -9.0]}


def test_a_payload_is_frozen_when_it_leaves():
    def sender(cell):
        payload = np.array([1.0, 2.0])
        cell.send("value", payload)
        payload[:] = 99.0
        yield cell.receive()

    net = es.Network()
    s, ears = net.add(sender), net.add(note_all, 2)
    net.connect(s, ears, port="value", delay=1.0)
    net.run(2.0)
    assert sorted(net.notes(ears, "value")[1]) == [1.0, 2.0]


def test_fire_sends_a_recorded_spike():
    def burst(cell, n):
        for _ in range(n):
            yield cell.wait(0.25)
            cell.fire()

    net = es.Network()
    b, y = net.add(burst, n=3), net.add(es.LIF())
    net.connect(b, y, weight=0.0, delay=0.5)
    net.run(2.0)
    assert net.spikes(b).t.tolist() == [0.25, 0.5, 0.75]
    assert net.message_counts() == {"burst->lif": 3}


def test_members_of_a_population_are_separate():
    def member(cell, gap):
        cell.state["n"] = 10 * cell.index
        while True:
            yield cell.wait(gap * (1 + cell.index))
            cell.state["n"] += 1
            cell.note("n", cell.state["n"])

    net = es.Network()
    p = net.add(member, 3, gap=1.0)
    net.run(3.5)
    t, n = net.notes(p, "n")
    assert list(zip(t, n, strict=True)) == [(1.0, 1), (2.0, 2), (2.0, 11), (3.0, 3), (3.0, 21)]


def test_a_process_that_ends_hears_nothing_more_and_harms_nobody():
    def once(cell):
        message = yield cell.receive()
        cell.note("t", message.time)

    net, p = listening(once)
    assert net.notes(p, "t")[1].tolist() == [0.5]
    assert net.now == 10.0
    assert net.message_counts() == {"spiketrain->p": 3}


def test_a_process_may_end_at_once():
    def nothing(cell):
        return
        yield

    net, _ = listening(nothing)
    assert net.now == 10.0


def test_simpy_events_can_be_waited_for_and_messages_are_kept():
    def mixed(cell):
        value = yield cell.env.timeout(1.25, value="rang")
        cell.note(value, cell.now)
        for message in (yield cell.gather(2)):
            cell.note("t", message.time)
        a, b = cell.env.timeout(1.0), cell.env.timeout(2.0)
        yield a & b
        cell.note("both", cell.now)
        yield a  # long past
        cell.note("at once", cell.now)

    net, p = listening(mixed)
    assert net.notes(p, "rang")[1].tolist() == [1.25]
    assert net.notes(p, "t")[1].tolist() == [0.5, 1.0]
    assert net.notes(p, "both")[1].tolist() == [3.25]
    assert net.notes(p, "at once")[1].tolist() == [3.25]


def test_a_failed_simpy_event_is_raised_where_it_is_waited_for():
    def careful(cell):
        event = cell.env.event()
        event.fail(KeyError("broken"))
        try:
            yield event
        except KeyError as error:
            cell.note("caught", len(error.args))
        yield cell.wait(1.0)
        cell.note("went on", cell.now)

    net, p = listening(careful)
    assert net.notes(p, "caught")[1].tolist() == [1.0]
    assert net.notes(p, "went on")[1].tolist() == [1.0]


def test_processes_can_talk_to_each_other_with_control_ports():
    def question(cell):
        cell.send("ask", 4.0)
        answer = yield cell.receive()
        cell.note("answer", answer.value)
        cell.note("at", answer.time)

    def oracle(cell):
        while True:
            message = yield cell.receive()
            yield cell.wait(0.5)
            cell.send("reply", message.value**2)

    net = es.Network()
    q, o = net.add(question), net.add(oracle)
    net.connect(q, o, port="ask", delay=0.25)
    net.connect(o, q, port="reply", delay=0.125)
    net.run(2.0)
    assert net.notes(q, "answer")[1].tolist() == [16.0]
    assert net.notes(q, "at")[1].tolist() == [0.875]


def test_generators_can_delegate():
    def pause(cell):
        yield cell.wait(0.5)
        return 0.25

    def main(cell):
        more = yield from pause(cell)
        yield cell.wait(more)
        cell.note("now", cell.now)

    net, p = listening(main)
    assert net.notes(p, "now")[1].tolist() == [0.75]


@pytest.mark.parametrize("pieces", [1, 2, 7, 50])
def test_a_run_in_pieces_is_the_same_run(pieces):
    def worker(cell):
        while True:
            message = yield cell.receive(0.3)
            if message is None:
                cell.fire()

    def build():
        net = es.Network(seed=5)
        x, p, y = net.add(es.Poisson(rate=1.0), 3), net.add(worker, 2), net.add(es.LIF(), 2)
        net.connect(x, p, delay=es.uniform(0.0, 0.2))
        net.connect(p, y, weight=12.0, delay=0.01)
        return net, p, y

    whole, p1, y1 = build()
    whole.run(10.0)
    parts, p2, y2 = build()
    for k in range(pieces):
        parts.run(until=10.0 * (k + 1) / pieces)
    assert len(whole.spikes(y1)) > 10
    for a, b in ((p1, p2), (y1, y2)):
        assert np.array_equal(whole.spikes(a).t, parts.spikes(b).t)
        assert np.array_equal(whole.spikes(a).i, parts.spikes(b).i)


def test_the_stimulus_needs_only_the_projections_that_were_made():
    net = es.Network()
    stimulus = net.add(es.Stimulus([[0.5, np.inf], [0.25, 0.75]], [0, -1], period=2.0, start=1.0, passes=2))
    x = net.add(es.Latency(), 2)
    net.connect(stimulus, x, port="value")
    net.run(20.0)
    spikes = net.spikes(x)
    assert spikes.t.tolist() == [1.5, 3.25, 3.75, 5.5, 7.25, 7.75]
    assert spikes.i.tolist() == [0, 0, 1, 0, 0, 1]
    assert net.notes(stimulus, "sample")[1].tolist() == [0, 1, 0, 1]


def test_the_stimulus_sends_apply_for_taught_samples_only():
    net = es.Network()
    stimulus = net.add(es.Stimulus([[0.0]] * 4, [0, -1, 1, -1], period=1.0, passes=1))
    ear = net.add(note_all)
    for port in ("apply", "label", "reset"):
        net.connect(stimulus, ear, port=port)
    net.record_messages()
    net.run(10.0)
    m = net.messages()
    assert m.t[m.port == "apply"].tolist() == [1.0, 3.0]
    assert m.value[m.port == "label"].tolist() == [0.0, -1.0, 1.0, -1.0]
    assert m.t[m.port == "reset"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_a_shuffled_stimulus_presents_everything_once_per_pass_in_changing_order():
    stimulus = es.Stimulus(np.zeros((20, 1)), [0] * 20, period=1.0, shuffle=True, passes=3, seed=4)
    order = np.array([stimulus.sample(k) for k in range(60)]).reshape(3, 20)
    assert (np.sort(order, axis=1) == np.arange(20)).all()
    assert not np.array_equal(order[0], order[1])
    assert stimulus.sample(60) == -1
    again = es.Stimulus(np.zeros((20, 1)), [0] * 20, period=1.0, shuffle=True, seed=4)
    assert [again.sample(k) for k in (45, 3, 21)] == [order[2, 5], order[0, 3], order[1, 1]]  # in any order


def test_first_to_spike_waits_for_its_patience_or_for_all():
    def trial(trains):
        net = es.Network()
        y, ear = net.add(es.SpikeTrain(trains)), net.add(es.IF(), 2)
        t = net.add(es.FirstToSpike(outputs=2, patience=4.0), name="t")
        net.connect(y, t)
        net.connect(t, ear, port="error")

        def labels(cell):
            cell.send("label", 1.0)
            yield cell.receive()

        net.connect(net.add(labels), t, port="label")
        net.record_messages()
        net.run(10.0)
        m = net.messages()
        return (
            m.t[m.port == "error"].tolist(),
            net.notes(t, "decision")[1].tolist(),
            net.notes(t, "correct")[1].tolist(),
        )

    assert trial([[1.0], [0.5]]) == ([1.0, 1.0], [1.0], [1.0])
    assert trial([[1.0], []]) == ([4.0], [0.0], [0.0])
    assert trial([[], []]) == ([], [-1.0], [0.0])
    assert trial([[0.5], [0.5]])[2] == [0.0]  # a tie is not a decision
