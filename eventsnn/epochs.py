"""Epochs: how a rule starts its shared variables at a neuron anew without visiting the synapses.

A synapse belongs to the epoch in which it was last touched. Its neuron keeps a record of every epoch that some synapse
still belongs to; those in which something can still change form a chain. A synapse that is touched comes to the present
epoch first. There can be no more epochs than a neuron has synapses, and one, so their number is bounded for ever, and
nothing is lost however long a synapse stays silent.

Every engine runs this text. `self` is the rule, `table` its records of epochs; all places are whole numbers in it.
"""

EPOCH = ("users", "next", "live")  # of an epoch: its synapses, the next of its chain, whether it is in the living one
EPOCHS = ("slot", "living", "vacant")  # of a neuron: the present epoch, the chain of living ones, that of empty records


def turn_epoch(self, table, post):
    """The present epoch ends and a new one begins."""
    k = post.slot
    table[k].next = post.living
    post.living = k
    last = -1
    while k >= 0:
        after = table[k].next
        empty = table[k].users == 0
        if empty or self.fold(table[k], post) == 0.0:
            if last < 0:
                post.living = after
            else:
                table[last].next = after
            table[k].live = 0
            if empty:
                table[k].next = post.vacant
                post.vacant = k
        else:
            last = k
        k = after
    k = post.vacant
    post.vacant = table[k].next
    table[k].users = 0
    table[k].live = 1
    post.slot = k
    self.renew(table[k], post)


def follow_epoch(self, table, post, syn):
    """A synapse comes to the present epoch; what no synapse belongs to any more is forgotten."""
    k = syn.slot
    if k == post.slot:
        return
    self.follow(syn, table[k])
    table[k].users -= 1
    if table[k].users == 0 and table[k].live == 0:
        table[k].next = post.vacant
        post.vacant = k
    syn.slot = post.slot
    table[post.slot].users += 1
