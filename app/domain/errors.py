"""
What every refusal of the domain has in common.

A refusal is a class of its own, kept beside the rule it belongs to. Its docstring is the sentence the
person reads, so it must be true, short and free of personal data. Which HTTP status it becomes is
decided at the edge, never here.
"""

from collections.abc import Sequence

from app.domain.faults import Fault


class DomainError(Exception):
    """What was asked for cannot be done."""

    #: Everything that is not right, where one sentence cannot say it; `errors` at the edge.
    faults: Sequence[Fault] = ()

    def __init__(self, detail: str | None = None, *, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail or " ".join((type(self).__doc__ or type(self).__name__).split()))
        self.faults = tuple(faults)
