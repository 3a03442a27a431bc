"""A learned delay per neuron instead of per synapse: the axon's, which follows the errors that pass through it."""

from eventsnn.errors import NetworkError
from eventsnn.model import Part, PostState, Rule
from eventsnn.rules.delays import LearnedDelays
from eventsnn.rules.schedules import Constant


class AxonalDelay(Rule):
    """The delay of a neuron's axon: its gradient is the sum of the errors that come back for its spikes.

    All synapses of neuron j see its spike at t_j + d_j, so dL/dd_j is the sum over them of dL/d(arrival), which is the
    error that the axon gets and passes on (the axonal delays of Goeltz, Weber, Kriener et al. 2025, arXiv 2404.19165).

    Use it one to one from the neurons to as many `Axon`; everything else starts from the axons. Errors go on to the
    neuron through `feedback="random", feedback_weight=1.0`: a weight of one that nobody shares. Without feedback the
    delay learns and the errors end here, as for inputs.

        axons = net.add(es.Axon(), h.size)
        net.connect(h, axons, es.AxonalDelay(), delay=0.1, pattern=es.one_to_one(), feedback="random",
                    feedback_weight=1.0)

    With `mode="accumulate"` gradients add up until an `apply` message. An error that comes before the axon has sent a
    spike since its last `reset` (a broadcast does not ask) is counted as `unused` and goes no farther.
    """

    delays: Part = LearnedDelays()  # how the delay follows its gradient
    schedule: Part = Constant()  # factor of every step, by trials or by `rate` messages
    mode: str = "immediate"  # "immediate" or "accumulate"

    sent: PostState = 0.0  # 1 if a spike was sent since the last reset
    unused: PostState = 0.0  # errors that came when none was

    derived = ("at_once",)

    def derive(self) -> dict[str, float]:
        """Check the mode."""
        if self.mode not in ("immediate", "accumulate"):
            raise NetworkError(f"AxonalDelay.mode is {self.mode!r}; it is 'immediate' or 'accumulate'")
        return {"at_once": float(self.mode == "immediate")}

    def at_post(self, post, msg):
        """A spike is sent on."""
        post.sent = 1.0
        return 0.0

    def at_reset(self, post, msg):
        """A new trial."""
        post.sent = 0.0
        self.schedule.advance(post)
        return 0.0

    def at_rate(self, post, msg):
        """A learning rate for those whose schedule takes it."""
        self.schedule.told(post, msg.value)
        return 0.0

    def at_error(self, post, msg):
        """An error reaches the axon."""
        if post.sent > 0.0:
            return msg.value
        post.unused += 1.0
        return 0.0

    def on_error(self, syn, post, msg):
        """The error by the arrival is that by the delay, and that by the neuron's spike."""
        self.delays.feel(syn, msg.value)
        if self.at_once > 0.0:
            self.delays.act(syn, self.schedule.factor(post))
        return msg.value

    def on_apply(self, syn, post, msg):
        """The end of a trial that was taught."""
        self.delays.act(syn, self.schedule.factor(post))
