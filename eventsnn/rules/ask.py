"""How a process learns the value of a neuron: it asks, and the synapse answers."""

from eventsnn.model import Rule


class Ask(Rule):
    """The synapse between a process and a neuron that answers the neuron's `v` when an `ask` message comes.

    The answer travels back along the projection's feedback as an error message, so it arrives after the feedback's
    delay and times the feedback's weight; an answer of exactly 0 is not sent. To ask, a process sends `ask` along a
    projection of that port:

        net.connect(process, readout, Ask(), weight=0.0, feedback="random", feedback_weight=1.0)
        net.connect(process, readout, port="ask")
    """

    def on_ask(self, syn, post, msg):
        """The neuron's voltage, now."""
        return post.v
