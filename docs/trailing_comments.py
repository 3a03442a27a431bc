"""For the reference page: what stands in a comment behind a parameter is its description.

A model writes `tau_syn: float = 5e-3  # synaptic time constant [s]`; the page lists its parameters and its state with
these comments. The handlers of neurons and rules, which engines call and users do not, are left out.
"""

import linecache

import griffe

MODELS = ("eventsnn.neurons.", "eventsnn.rules.")
PLAIN_DATA = ("eventsnn.distributions.", "eventsnn.patterns.")


def comment(attr: griffe.Attribute) -> str:
    """The comment at the end of an attribute's line."""
    code, mark, text = linecache.getline(str(attr.filepath), attr.endlineno or 0).partition("  # ")
    return text.strip() if mark and code.lstrip().startswith(attr.name) else ""


class TrailingComments(griffe.Extension):
    """Gives classes the comments behind their attributes as documentation."""

    def on_class_members(self, *, cls: griffe.Class, **kwargs: object) -> None:
        """List what a user gives and may read, and leave out what only engines call."""
        path = cls.canonical_path
        if path.startswith((*MODELS, *PLAIN_DATA)):
            for name in [n for n, member in cls.members.items() if member.is_function and n != "__init__"]:
                del cls.members[name]
        attributes = [a for a in cls.members.values() if a.is_attribute and a.annotation is not None]
        if path.startswith(MODELS):
            self.list(cls, "Parameters", [a for a in attributes if str(a.annotation) not in ("State", "PostState")])
            self.list(cls, "State of a neuron or synapse", [a for a in attributes if str(a.annotation) == "State"])
            self.list(cls, "State at the target neuron", [a for a in attributes if str(a.annotation) == "PostState"])
            return
        for attr in attributes:
            if attr.docstring is None and comment(attr):
                attr.docstring = griffe.Docstring(comment(attr), parent=attr)

    def list(self, cls: griffe.Class, title: str, attributes: list[griffe.Attribute]) -> None:
        """Add a section to the class's docstring."""
        if not attributes or cls.docstring is None:
            return
        lines = [f"    {a.name} ({a.annotation}): {comment(a) or a.name}; default `{a.value}`" for a in attributes]
        cls.docstring.value += f"\n\nAttributes: {title}\n" + "\n".join(lines)
        for attr in attributes:
            del cls.members[attr.name]
