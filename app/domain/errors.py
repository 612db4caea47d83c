"""
What every refusal of the domain has in common.

A refusal is a class of its own, kept beside the rule it belongs to. Its docstring is the sentence the
person reads, so it must be true, short and free of personal data. Which HTTP status it becomes is
decided at the edge, never here.
"""


class DomainError(Exception):
    """What was asked for cannot be done."""

    #: A machine word that says which of several things it was; ``{lacks}`` in the refusal's texts.
    lacks: str | None = None

    def __init__(self, detail: str | None = None, *, lacks: str | None = None) -> None:
        said = detail or " ".join((type(self).__doc__ or type(self).__name__).split())
        super().__init__(said.replace("{lacks}", lacks or "?"))
        self.lacks = lacks
