"""Reward-modulated spike-timing-dependent plasticity: pairs of spikes make a synapse eligible, reward changes it."""

import math

from eventsnn.errors import NetworkError
from eventsnn.model import PostState, Rule, State


class RewardSTDP(Rule):
    """STDP whose changes wait in an eligibility c until a neuromodulator d makes them changes of weight.

        a spike arrives:   c -= a_minus y, then x += 1        tau_plus dx/dt = -x,    tau_minus dy/dt = -y
        the neuron fires:  c += a_plus x,  then y += 1        tau_eligibility dc/dt = -c
        a `reward` message of value r:     d += r             tau_reward dd/dt = -d
        dw/dt = lr c d

    (Izhikevich 2007, doi 10.1093/cercor/bhl152; all pairs of spikes count.) With `tau_reward = 0` a reward is a
    pulse, `w += lr r c`: then it is the rule of Florian 2007 (doi 10.1162/neco.2007.19.6.1468), MSTDPET.

    Between two messages to a synapse both c and d decay exponentially, so what has flowed into the weight since is a
    closed form, and the synapse takes it in when the next message reaches it: a spike that arrives, the neuron's own
    spike, a reward, or an `apply`, which does nothing else. Send `apply` to see all weights as they are at one time.
    """

    tau_plus: float = 20e-3  # time constant of x [s]
    tau_minus: float = 20e-3  # time constant of y [s]
    a_plus: float = 0.1  # eligibility by a pair, pre before post
    a_minus: float = 0.15  # eligibility taken by a pair, post before pre
    tau_eligibility: float = 1.0  # time constant of c [s]
    tau_reward: float = 0.2  # time constant of d [s]; 0: a reward is a pulse
    lr: float = 1.0  # change of weight per eligibility, neuromodulator and second; for pulses, per reward
    w_min: float = 0.0  # least weight
    w_max: float = 4.0  # largest weight

    c: State = 0.0  # eligibility at time t
    x: State = 0.0  # trace of the spikes that arrived, at time t
    t: State = 0.0  # of the synapse's latest message [s]

    y: PostState = 0.0  # trace of the neuron's spikes, at time t_y
    t_y: PostState = 0.0  # [s]
    d: PostState = 0.0  # neuromodulator at time t_d
    t_d: PostState = 0.0  # of the latest reward [s]
    d_before: PostState = 0.0  # the same as they were before the message at hand; set where it changes them
    t_before: PostState = 0.0  # [s]

    derived = ("rate_c", "rate_d", "pulse")

    def derive(self) -> dict[str, float]:
        """Check the parameters."""
        for name in ("tau_plus", "tau_minus", "tau_eligibility"):
            if not 0 < getattr(self, name) < math.inf:
                raise NetworkError(f"RewardSTDP.{name} is {getattr(self, name)}; it must be positive and finite")
        if not 0 <= self.tau_reward < math.inf:
            raise NetworkError(f"RewardSTDP.tau_reward is {self.tau_reward}; it must be finite, and 0 for pulses")
        for name in ("a_plus", "a_minus", "lr"):
            if not math.isfinite(getattr(self, name)):
                raise NetworkError(f"RewardSTDP.{name} is {getattr(self, name)}; it must be finite")
        if not self.w_min < self.w_max:
            raise NetworkError(f"RewardSTDP.w_min is {self.w_min}; it must lie below w_max = {self.w_max}")
        pulse = self.tau_reward == 0.0
        return {
            "rate_c": 1.0 / self.tau_eligibility,
            "rate_d": 0.0 if pulse else 1.0 / self.tau_reward,
            "pulse": float(pulse),
        }

    def on_pre(self, syn, post, msg):
        """A spike arrives."""
        self.flow_in(syn, msg.time, post.d, post.t_d)
        syn.c -= self.a_minus * post.y * math.exp(-(msg.time - post.t_y) / self.tau_minus)
        syn.x += 1.0

    def at_post(self, post, msg):
        """The neuron fires."""
        post.y = post.y * math.exp(-(msg.time - post.t_y) / self.tau_minus) + 1.0
        post.t_y = msg.time
        return 1.0

    def on_post(self, syn, post, msg):
        """The neuron has fired, seen from a synapse."""
        self.flow_in(syn, msg.time, post.d, post.t_d)
        syn.c += self.a_plus * syn.x

    def at_reward(self, post, msg):
        """A reward, or a punishment; the synapses still see the neuromodulator as it was."""
        if msg.value == 0.0:
            return 0.0
        post.d_before = post.d
        post.t_before = post.t_d
        if self.pulse == 0.0:
            post.d = post.d * math.exp(-(msg.time - post.t_d) * self.rate_d) + msg.value
        post.t_d = msg.time
        return msg.value  # not 0: every synapse learns of it

    def on_reward(self, syn, post, msg):
        """The synapse takes in what flowed until now; a pulse is taken in at once."""
        self.flow_in(syn, msg.time, post.d_before, post.t_before)
        if self.pulse > 0.0:
            syn.w = min(self.w_max, max(self.w_min, syn.w + self.lr * msg.value * syn.c))

    def on_apply(self, syn, post, msg):
        """The synapse takes in what flowed until now."""
        self.flow_in(syn, msg.time, post.d, post.t_d)

    def flow_in(self, syn, time, d, t_d):
        """Bring a synapse to now, under a neuromodulator that was d at t_d and has only decayed since."""
        u = time - syn.t
        if u > 0.0:
            d = d * math.exp(-(syn.t - t_d) * self.rate_d)
            rate = self.rate_c + self.rate_d
            flown = self.lr * syn.c * d * (-math.expm1(-u * rate) / rate)
            syn.w = min(self.w_max, max(self.w_min, syn.w + flown))
            syn.c = syn.c * math.exp(-u * self.rate_c)
            syn.x = syn.x * math.exp(-u / self.tau_plus)
            syn.t = time
