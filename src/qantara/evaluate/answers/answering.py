"""What answers the questions of an evaluation: a model that runs here, or a server. Both give likelihoods in the order asked."""

from collections.abc import Sequence
from typing import Protocol

from qantara.models.questions import Likelihood, Question

Found = Sequence[Sequence[Likelihood]]  # the answer to one question: by answer set, then by answer


class Answers(Protocol):
    """Something that tells how likely answers are."""

    def likelihoods(self, questions: Sequence[Question]) -> list[Found | None]:
        """Return for each question the likelihood of every answer by set; None for one that got no answer, retries and all.

        Sets may hold any texts; each is scored after its own token-level common prefix.
        """
        ...
