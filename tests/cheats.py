"""Ways to cheat, each with the reason why it is a breach and the words of its refusal: see `test_locality_cheats`.

A handler's cheat is the body of a rule; a process's cheat is a piece of a file that leaves a network in `net`.
"""

from typing import NamedTuple


class Cheat(NamedTuple):
    """A way to cheat."""

    reason: str
    kind: str  # of breach
    text: str
    words: tuple[str, ...]


def pre(*lines):
    return "def on_pre(self, syn, post, msg):\n" + "\n".join(f"    {line}" for line in lines)


EPOCHS = """\
m: es.EpochState = 0.0
def stale(self, post):
    return 1.0
def fold(self, epoch, post):
    return 1.0
def renew(self, epoch, post):
    epoch.m = 0.0
def follow(self, syn, epoch):
    syn.trace = epoch.m"""

HANDLERS = {
    "another neuron's state": Cheat(
        "only the neuron at whose synapse it runs is at hand", "spatial",
        pre("syn.w += NEURONS[0].v"), ("attribute of a computed value",),
    ),
    "the sender's voltage at delivery": Cheat(
        "the message left one delay ago and brought no voltage with it", "temporal",
        pre("syn.w += syn.pre_v"), ("syn.pre_v", "neighbour('v')"),
    ),
    "the value before the last": Cheat(
        "nothing of the past is there unless a word was declared for it", "temporal",
        pre("syn.w += syn.past_2"), ("syn.past_2", "history(2)"),
    ),
    "deeper than its history": Cheat(
        "a history is as deep as what was declared and counted", "temporal",
        "late: es.State = es.history(2)\n" + pre("self.push_late(syn, msg.time)", "syn.w += syn.late_3"),
        ("syn.late_3", "late is a history(2)", "deeper"),
    ),
    "writing what was borrowed from the sender": Cheat(
        "the sender's variable is shown, not given", "spatial",
        "needs = (es.neighbour('v'),)\n" + pre("syn.pre_v = 0.0"), ("writes syn.pre_v", "syn.trace, syn.w"),
    ),
    "a captured weight matrix": Cheat(
        "the matrix holds other synapses' weights", "temporal",
        "def make(W):\n    def on_pre(self, syn, post, msg):\n        syn.w = W\n    return on_pre\n"
        "on_pre = make(np.zeros((3, 3)))\ndel make", ("captures 'W'", "make it a parameter"),
    ),
    "a global weight matrix": Cheat(
        "the matrix holds other synapses' weights", "spatial", pre("syn.w = W.mean()"), ("calls W.mean()",),
    ),
    "a global number": Cheat(
        "whoever writes it speaks to every synapse at once", "temporal",
        pre("syn.w = LEVEL"), ("reads the global 'LEVEL'",),
    ),
    "a global counter": Cheat(
        "it counts what happened at other synapses, and before", "temporal",
        pre("global COUNT", "COUNT += 1"), ("reaches a global", "State"),
    ),
    "a mutable default": Cheat(
        "a list made once is shared by all synapses and remembers", "temporal",
        "def note(self, x, seen=[]):\n    return x", ("default or variable arguments", "where state could hide"),
    ),
    "a mutable attribute of the class": Cheat(
        "one table for all synapses", "spatial", "table = []\n" + pre("syn.w = self.table"),
        ("reads self.table", "are lr, step"),
    ),
    "a note on the wall of math": Cheat(
        "math is one module for everybody; a number left there is read elsewhere", "spatial",
        pre("math.pi = syn.w"), ("writes math.pi", "State"),
    ),
    "a note written by a loop": Cheat(
        "the target of a loop is written like any other", "spatial",
        pre("for math.pi in range(3):", "    syn.w += 1.0"), ("writes math.pi",),
    ),
    "a parameter as memory": Cheat(
        "parameters are shared by all synapses of a rule", "spatial", pre("self.lr = syn.w"), ("writes self.lr",),
    ),
    "a parameter of a piece as memory": Cheat(
        "the piece is shared by all synapses of a rule", "spatial",
        pre("self.step.lr += 1.0"), ("reads self.step.lr",),
    ),
    "what the class keeps for itself": Cheat(
        "derived names are numbers, not a way into the object", "spatial",
        "derived = ('_given',)\n" + pre("syn.w = self._given"), ("derived names '_given'",),
    ),
    "the class through a parameter": Cheat(
        "from a class everything can be reached", "spatial",
        pre("return self.__class__"), ("reads self.__class__",),
    ),
    "the class through a number": Cheat(
        "from any object's class all objects can be reached", "spatial",
        pre("return (0.0).__class__"), ("attribute of a computed value",),
    ),
    "a property as parameter": Cheat(
        "a property is code that runs at every read, with eyes of its own", "spatial",
        "@property\ndef secret(self):\n    return LEVEL", ("secret", "not a plain method"),
    ),
    "reads that are watched": Cheat(
        "the class's own __getattribute__ would run inside every handler", "spatial",
        "def __getattribute__(self, name):\n    return object.__getattribute__(self, name)",
        ("defines __getattribute__", "whenever a handler reads"),
    ),
    "names made up when asked for": Cheat(
        "the class's own __getattr__ would run inside every handler", "spatial",
        "def __getattr__(self, name):\n    return 1.0", ("defines __getattr__",),
    ),
    "a builtin carried away": Cheat(
        "a function is an object, and objects can be kept", "spatial",
        pre("f = abs", "return 0.0"), ("uses abs as an object", "abs(x)"),
    ),
    "a function of math carried away": Cheat(
        "a function is an object, and objects can be kept", "spatial",
        pre("f = math.exp", "return 0.0"), ("uses math.exp as an object",),
    ),
    "a number in place of a scope": Cheat(
        "a method's scope is the scope of its caller", "spatial",
        pre("self.move(1.0)") + "\ndef move(self, syn):\n    syn.w = 0.0",
        ("passes something else as syn",),
    ),
    "the neuron's scope as the synapse's": Cheat(
        "a scope keeps its name, or nobody could tell what is written", "spatial",
        pre("self.move(post)") + "\ndef move(self, syn):\n    syn.w = 0.0", ("passes post on as something else",),
    ),
    "a second name for the synapse": Cheat(
        "a scope that is kept is read at another time", "spatial",
        pre("again = syn", "return 0.0"), ("passes syn on as an object",),
    ),
    "the synapse in a tuple": Cheat(
        "a scope that is kept is read at another time", "spatial",
        pre("return (syn, 1.0)"), ("passes syn on as an object",),
    ),
    "a scope kept by :=": Cheat(
        "an expression that assigns can keep a scope", "spatial",
        pre("if (again := syn) != 0.0:", "    return 1.0", "return 0.0"), (":=",),
    ),
    "the identity of a scope": Cheat(
        "which object it is says which neuron it is", "spatial",
        pre("if post.v is syn.w:", "    return 1.0", "return 0.0"), ("`is`",),
    ),
    "a name in braces": Cheat(
        "a format can call any attribute", "spatial", pre("x = f'{post.v!r}'"), ("makes a string",),
    ),
    "a pattern that takes an object apart": Cheat(
        "a class pattern reads attributes by name", "spatial",
        pre("match post:", "    case object(v=x):", "        syn.w = x"), ("matches a pattern",),
    ),
    "the frame in an exception": Cheat(
        "a traceback leads to every frame", "spatial",
        pre("try:", "    syn.w = 1.0 / 0.0", "except ZeroDivisionError as e:", "    e.__traceback__.tb_frame"),
        ("catches exceptions",),
    ),
    "a context": Cheat(
        "entering a context runs another's code", "spatial", pre("with LOCK:", "    pass"), ("opens a context",),
    ),
    "a generator": Cheat(
        "a generator keeps its frame from one event to the next", "temporal",
        pre("while True:", "    yield syn.w"), ("yields", "net.add(function)"),
    ),
    "a coroutine": Cheat(
        "a coroutine keeps its frame from one event to the next", "spatial",
        "async def on_pre(self, syn, post, msg):\n    syn.w = 0.0", ("not a plain method",),
    ),
    "a lambda": Cheat(
        "a function keeps what it encloses", "spatial", pre("f = lambda: syn.w", "return 0.0"), ("makes a function",),
    ),
    "a sum over the neurons": Cheat(
        "a handler runs at one synapse", "spatial",
        pre("for n in NEURONS:", "    syn.w += n.v"), ("loops over a collection",),
    ),
    "a comprehension over the neurons": Cheat(
        "a handler runs at one synapse", "spatial", pre("x = min([n.v for n in NEURONS])"),
        ("loops over a collection",),
    ),
    "arguments by star": Cheat(
        "an unpacked object runs its own iterator", "spatial", pre("x = max(*W)"), ("unpacks",),
    ),
    "arguments behind a slash": Cheat(
        "engines hand over the plain arguments they know", "spatial",
        "def on_pre(self, syn, post, msg, /):\n    syn.w = 0.0", ("arguments of a special kind",),
    ),
    "an annotation that runs": Cheat(
        "an annotation is an expression", "spatial", pre("syn.w: LOG = 1.0"), ("annotates a variable",),
    ),
    "a decorator that only looks": Cheat(
        "a decorator may keep the function and call it elsewhere", "spatial",
        "@watched\n" + pre("syn.w = 0.0"), ("has a decorator",),
    ),
    "a number that is not always there": Cheat(
        "what an unset name holds is what lay in memory before", "temporal",
        pre("if syn.w > 0.0:", "    x = 1.0", "syn.w = x"), ("x, which has no value on some of the ways",),
    ),
    "a synapse seen between events": Cheat(
        "what follows the neuron through time runs at no synapse", "spatial",
        "area: es.PostState = 0.0\ndef flow(self, post, dt):\n    post.area += dt * syn.w", ("uses syn.w",),
    ),
    "a neuron moved by what follows it": Cheat(
        "a rule may write only its own variables", "spatial",
        "def flow(self, post, dt):\n    post.v += dt", ("writes post.v",),
    ),
    "a neuron kept in an epoch": Cheat(
        "an epoch holds numbers; the neuron would be there at any later time", "spatial",
        EPOCHS.replace("epoch.m = 0.0", "epoch.m = post"), ("passes post on as an object",),
    ),
    "the other synapses of an epoch": Cheat(
        "a rule sees of an epoch what it declared, not who else belongs to it", "spatial",
        EPOCHS.replace("epoch.m = 0.0", "epoch.m = epoch.users"), ("reads epoch.users", "epoch has m"),
    ),
    "the next epoch of the chain": Cheat(
        "each epoch is brought up to date by itself", "spatial",
        EPOCHS.replace("return 1.0", "return epoch.next.m"), ("epoch.next.m",),
    ),
    "the neuron on the way to another epoch": Cheat(
        "a synapse that comes to the present epoch sees what was kept of its own, and nothing else", "spatial",
        EPOCHS.replace("syn.trace = epoch.m", "syn.trace = post.v"), ("uses post.v",),
    ),
    "an epoch at a spike": Cheat(
        "a synapse is at the present epoch when a message comes; the past ones are not at hand", "spatial",
        EPOCHS + "\n" + pre("syn.w += epoch.m"), ("uses epoch.m",),
    ),
    "a weight changed where no message is": Cheat(
        "nobody would see that it changed, or to what", "temporal",
        EPOCHS.replace("syn.trace = epoch.m", "syn.w += epoch.m"), ("Bad.follow writes syn.w", "let on_pre do that"),
    ),
    "the same in a method": Cheat(
        "nobody would see that it changed, or to what", "temporal",
        EPOCHS.replace("syn.trace = epoch.m", "self.grow(syn, epoch.m)")
        + "\ndef grow(self, syn, x):\n    syn.w += x", ("Bad.grow writes syn.w",),
    ),
    "an answer on some ways only": Cheat(
        "what is returned elsewhere is what lay in memory before", "spatial",
        pre("if syn.w > 0.0:", "    return 1.0"), ("returns a number on some of its ways only",),
    ),
}  # fmt: skip

CLASSES = {
    "a handler from a class that is no rule": Cheat(
        "its text was never checked as a handler", "spatial",
        "class Mixin:\n    def on_pre(self, syn, post, msg):\n        LOG.append(syn)\n"
        "class Bad(Mixin, es.Rule):\n    pass\nnet = learn(Bad)", ("Bad.on_pre", "calls LOG.append()"),
    ),
    "a handler replaced on the class": Cheat(
        "what runs is not what was checked", "spatial",
        "class Bad(es.Rule):\n    def on_pre(self, syn, post, msg):\n        syn.w = 0.0\n"
        "Bad.on_pre = lambda self, syn, post, msg: LOG.append(syn)\nnet = learn(Bad)",
        ("Bad.on_pre was replaced after its class was made",),
    ),
    "a handler added to the class": Cheat(
        "what runs was not checked", "spatial",
        "class Bad(es.Rule):\n    pass\nBad.on_pre = lambda self, syn, post, msg: LOG.append(syn)\nnet = learn(Bad)",
        ("Bad.on_pre was added after its class was made",),
    ),
    "a follower added to the class": Cheat(
        "what runs was not checked", "spatial",
        "class Bad(es.Rule):\n    pass\nBad.flow = lambda self, post, dt: LOG.append(post)\nnet = learn(Bad)",
        ("Bad.flow was added after its class was made",),
    ),
    "a follower replaced on the class": Cheat(
        "what runs is not what was checked", "spatial",
        "class Bad(es.EProp):\n    pass\nBad.flow = lambda self, post, dt: LOG.append(post)\nnet = learn(Bad)",
        ("Bad.flow was replaced after its class was made",),
    ),
    "half of what epochs need": Cheat(
        "what is folded never comes to a synapse", "spatial",
        "class Bad(es.Rule):\n    m: es.EpochState = 0.0\n    def stale(self, post):\n        return 1.0",
        ("Bad lacks fold()", "an EpochState and the handlers"),
    ),
    "an epoch's text of one's own": Cheat(
        "what runs is not the path that was written down", "spatial",
        "class Bad(es.EProp):\n    def fold(self, epoch, post):\n        LOG.append(epoch)\n        return 1.0",
        ("Bad.fold", "calls LOG.append()"),
    ),
    "a handler replaced on an object": Cheat(
        "what runs is not what was checked", "spatial",
        "class Bad(es.Rule):\n    def on_pre(self, syn, post, msg):\n        syn.w = 0.0\n"
        "bad = Bad()\nbad.on_pre = LOG.append", ("Bad.on_pre is replaced on an object",),
    ),
    "a handler slipped into an object": Cheat(
        "what runs is not what was checked", "spatial",
        "class Bad(es.Rule):\n    def on_pre(self, syn, post, msg):\n        syn.w = 0.0\n"
        "bad = Bad()\nvars(bad)['on_pre'] = lambda syn, post, msg: LOG.append(syn)\nnet = learn(lambda: bad)",
        ("Bad.on_pre was replaced after its class was made",),
    ),
    "a code slipped into a handler": Cheat(
        "what runs is not what was checked", "spatial",
        "class Bad(es.Rule):\n    def on_pre(self, syn, post, msg):\n        syn.w = 0.0\n"
        "def evil(self, syn, post, msg):\n    LOG.append(syn)\nBad.on_pre.__code__ = evil.__code__\nnet = learn(Bad)",
        ("Bad.on_pre was replaced after its class was made",),
    ),
    "a helper replaced": Cheat(
        "what runs is not what was checked", "spatial",
        "class Bad(es.Rule):\n    def on_pre(self, syn, post, msg):\n        syn.w = self.f()\n"
        "    def f(self):\n        return 1.0\nBad.f = lambda self: len(LOG)\nnet = learn(Bad)",
        ("Bad.f was replaced after its class was made",),
    ),
    "a method of a piece replaced": Cheat(
        "what runs is not what was checked", "spatial",
        "class Piece(es.Part):\n    def f(self):\n        return 1.0\n"
        "class Bad(es.Rule):\n    piece: es.Part = Piece()\n    def on_pre(self, syn, post, msg):\n"
        "        syn.w = self.piece.f()\nPiece.f = lambda self: len(LOG)\nnet = learn(Bad)",
        ("Piece.f was replaced after its class was made",),
    ),
    "a neuron's handler replaced": Cheat(
        "what runs is not what was checked", "spatial",
        "class Mine(es.IF):\n    pass\nMine.fire = lambda self, cell, s: LOG.append(cell)\n"
        "net = learn(es.PairSTDP, Mine())",
        ("Mine.fire was replaced after its class was made",),
    ),
    "a lawful text and another code": Cheat(
        "the file that the code names says something else", "spatial",
        "class Good(es.Rule):\n    def on_pre(self, syn, post, msg):\n        syn.w = 0.0\n"
        "line = Good.on_pre.__code__.co_firstlineno\n"
        "evil = compile('\\n' * (line - 1) + 'def on_pre(self, syn, post, msg):\\n"
        " LOG.append(syn)', __file__, 'exec')\n"
        "exec(evil)\nBad = type('Bad', (es.Rule,), {'on_pre': on_pre, '__module__': __name__})",
        ("Bad.on_pre does not run the text of its file",),
    ),
    "a code without text": Cheat(
        "what cannot be read cannot be checked", "spatial",
        "space = {}\nexec('def on_pre(self, syn, post, msg):\\n LOG.append(syn)', space)\n"
        "Bad = type('Bad', (es.Rule,), {'on_pre': space['on_pre'], '__module__': __name__})",
        ("Bad.on_pre has no source to check",),
    ),
    "a class that skips its check": Cheat(
        "its handlers were not checked", "spatial",
        "class Base(es.Rule):\n    def __init_subclass__(cls, **kwargs):\n        pass\n"
        "class Bad(Base):\n    def on_pre(self, syn, post, msg):\n        LOG.append(syn)\nnet = learn(Bad)",
        ("Bad.on_pre was added after its class was made",),
    ),
    "builtins of one's own": Cheat(
        "abs would be any code", "spatial",
        "__builtins__ = {**vars(__import__('builtins')), 'abs': LOG.append}\n"
        "class Bad(es.Rule):\n    def on_pre(self, syn, post, msg):\n        syn.w = abs(syn.w)", ("calls abs()",),
    ),
    "a parameter with a life of its own": Cheat(
        "its operators are code that runs inside the handler", "spatial",
        "class Sly(float):\n    def __mul__(self, other):\n        LOG.append(other)\n        return 0.0\n"
        "class Bad(es.Rule):\n    lr: float = 1.0\n    def on_pre(self, syn, post, msg):\n"
        "        syn.w = self.lr * syn.w\n"
        "bad = Bad()\nbad.lr = Sly(1.0)\nnet = learn(lambda: bad)", ("an object with a life of its own",),
    ),
    "a parameter changed on the way": Cheat(
        "it would tell every synapse at once what no message brought", "temporal",
        "rule = es.PairSTDP()\nnet = learn(lambda: rule)\nnet.run(0.01)\nrule.a_plus = 0.5",
        ("PairSTDP.a_plus was 0.01 and is now 0.5",),
    ),
    "feedback through the forward weights": Cheat(
        "a neuron does not know the weights at which its spikes arrive", "spatial",
        "W = np.arange(4.0).reshape(2, 2)\nnet = es.Network()\nx, y = net.add(es.IF(), 2), net.add(es.IF(), 2)\n"
        "net.connect(x, y, es.SpikeTimeGradient(), weight=W, feedback='random', feedback_weight=W)",
        ("feedback weights", "weight_transport"),
    ),
    "errors through the transposed weights": Cheat(
        "a neuron does not know the weights at which its spikes arrive", "spatial",
        "W = np.arange(4.0).reshape(2, 2)\nnet = es.Network()\nx, y = net.add(es.IF(), 2), net.add(es.IF(), 2)\n"
        "net.connect(x, y, es.SpikeTimeGradient(), weight=W)\nnet.connect(y, x, weight=W.T, port='error', delay=0.1)",
        ("(error) are those of", "weight_transport"),
    ),
    "a channel without delay where none is allowed": Cheat(
        "nothing travels in no time", "spatial",
        "net = es.Network(allow=())\nx, y = net.add(es.IF(), 2), net.add(es.IF(), 2)\nnet.connect(x, y)",
        ("needs instant", "allow=('instant', ...)"),
    ),
    "exact times on a grid": Cheat(
        "a message on a grid does not say when its spike was", "temporal",
        "class Exact(es.Rule):\n    needs = (es.exact_time,)\n"
        "net = es.Network(time=es.grid(1e-3))\nx, y = net.add(es.IF(), 2), net.add(es.IF(), 2)\n"
        "net.connect(x, y, Exact())",
        ("Exact needs exact_time", "grid(0.001)"),
    ),
}  # fmt: skip
