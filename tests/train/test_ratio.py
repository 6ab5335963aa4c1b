from qantara.train.batches import prepare
from qantara.train.ratio import ratio_rows


def test_rows_count_what_was_trained_on_by_language_up_to_their_step(samples, order, config):
    data = prepare(samples, order, config.model_copy(update={"max_steps": 5}))
    rows = ratio_rows(data, every_steps=2)
    assert [row["step"] for row in rows] == [2, 4, 5]
    for row in rows:
        members = [piece for step in range(row["step"]) for micro in data.micro_batches(step) for piece in micro]
        for language in ("ar", "en"):
            of_language = [piece for piece in members if samples[piece.sample].language == language]
            assert row["samples"][language] == len(of_language)
            assert row["tokens"][language] == sum(piece.num_tokens for piece in of_language)
            assert row["learnt_tokens"][language] == sum(sum(samples[p.sample].loss_mask[1:]) for p in of_language)


def test_a_run_that_ends_on_a_row_has_it_once(samples, order, config):
    data = prepare(samples, order, config.model_copy(update={"max_steps": 4}))
    assert [row["step"] for row in ratio_rows(data, every_steps=2)] == [2, 4]
    assert [row["step"] for row in ratio_rows(data)] == [4]
