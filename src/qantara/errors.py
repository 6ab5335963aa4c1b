"""The errors that a user can mend; each says in one line what to do.

Everything else that rises is a bug and keeps its traceback. No message carries patient-like text: ids, files and lines only.
"""


class QantaraError(Exception):
    """Something the user can mend; `str(error)` is one line that says what to do."""


class DataError(QantaraError):
    """A file of data can't be read; the message names the file and the line or row."""


class RecipeError(QantaraError):
    """A recipe is wrong; the message lists every fault found, one a line, each with its place."""

    def __init__(self, path: str, faults: list[str]) -> None:
        self.faults = faults
        super().__init__(f"{path}: {len(faults)} fault(s)\n" + "\n".join(f"  {fault}" for fault in faults))


class ModelError(QantaraError):
    """A model's files are missing, corrupt or of a kind that can't be used here."""


class CallError(QantaraError):
    """A language model can't be reached, refused the call, or has no recorded answer for it."""


class CallFailed(CallError):
    """One call got no answer although it was tried again; others may well get one, so the run can go on without it.

    `fault` is how its last try ended, as a short code.
    """

    def __init__(self, message: str, fault: str) -> None:
        self.fault = fault
        super().__init__(message)


class BudgetError(CallError):
    """The next call could pass the budget, so it was not sent; a higher budget goes on from here."""


class StoreError(QantaraError):
    """The run folder can't be written or belongs to something else."""
