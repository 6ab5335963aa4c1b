"""Whose answers they are and in what (`Sitting`), and the prediction that an answer to an item is then. Holds no scoring."""

from typing import NamedTuple

from qantara.records import Choice, Prediction

Way = tuple[str, str]  # scoring, normalization


class Sitting(NamedTuple):
    """A model, a task and an arm; the last two are "" where there is one of each."""

    model: str
    task: str
    arm: str

    def by_values(self, item: Choice, way: Way, values: tuple[float, ...]) -> Prediction:
        """Return the prediction of one number an option: the largest is chosen, the first of equals."""
        return self._prediction(item, way, max(range(len(values)), key=values.__getitem__), values)

    def by_reply(self, item: Choice, chosen_index: int, tier: str, reply: str) -> Prediction:
        """Return the prediction of a reply that was read; `chosen_index` is -1 where nothing could be."""
        return self._prediction(item, ("generate", ""), chosen_index, (), (tier, reply))

    def _prediction(
        self, item: Choice, way: Way, chosen: int, values: tuple[float, ...], read: tuple[str, str] = ("", "")
    ) -> Prediction:
        return Prediction(
            model=self.model,
            item_id=item.id,
            family=item.origin.family,
            subject=item.origin.subject,
            language=item.language,
            scoring=way[0],
            normalization=way[1],
            chosen_index=chosen,
            answer_index=item.answer_index,
            log_probabilities=values,
            task=self.task,
            arm=self.arm,
            tier=read[0],
            reply=read[1],
        )
