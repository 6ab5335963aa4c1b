import numpy as np

from qantara.fidelity.whole_set.rows import RowTable, fold_side, rows_of


def rows(pairs):
    return rows_of(pairs, fold_side([pair.source for pair in pairs]), fold_side([pair.target for pair in pairs]))


def test_a_row_counts_words_and_options_of_a_pair(choice_pair, text_pair):
    columns = rows([choice_pair(4, ["Which one is it?", "a", "b c"], ["أيها هو؟", "س", "ص ع"]), text_pair(5, "x", "")])
    assert columns.numbers.tolist() == [4, 5]
    assert columns.num_options.tolist() == [2, 0]
    assert columns.source_main_words.tolist() == [4, 1]
    assert columns.source_words.tolist() == [7, 1]
    assert columns.target_main_words.tolist() == [2, 0]


def test_texts_that_differ_only_in_how_they_are_written_have_one_hash(text_pair):
    columns = rows([text_pair(1, "Take IT.", "قُرص"), text_pair(2, "take it", "قرص"), text_pair(3, "take me", "حبة")])
    assert columns.source_whole[0] == columns.source_whole[1] != columns.source_whole[2]
    assert columns.target_main[0] == columns.target_main[1] != columns.target_main[2]


def test_options_in_another_order_are_another_whole_with_the_same_main_text(choice_pair):
    columns = rows([choice_pair(1, ["q", "a", "b"], ["س", "1", "2"]), choice_pair(2, ["q", "b", "a"], ["س", "2", "1"])])
    assert columns.source_main[0] == columns.source_main[1]
    assert columns.source_whole[0] != columns.source_whole[1]


def test_a_question_that_is_one_of_its_own_options_is_marked(choice_pair):
    pairs = [choice_pair(1, ["q", "a", "b"], ["س", "س", "ص"]), choice_pair(2, ["a", "a", "b"], ["س", "س", "ص"])]
    assert rows(pairs).target_main_is_option.tolist() == [True, False]


def test_an_id_is_kept_as_a_hash_and_none_as_zero(text_pair):
    ids = rows([text_pair(1, "a", "ب", "x"), text_pair(2, "a", "ب", "x"), text_pair(3, "a", "ب")]).ids
    assert ids[0] == ids[1] != 0
    assert ids[2] == 0


def test_a_table_grows_by_batches_and_holds_all_rows(text_pair, writer):
    pairs = [text_pair(number, writer.text(5), writer.text(5)) for number in range(1, 20)]
    table = RowTable()
    assert table.rows() is None
    for start in range(0, len(pairs), 4):
        table.append(rows(pairs[start : start + 4]))
    table.trim()
    held, at_once = table.rows(), rows(pairs)
    assert np.array_equal(held.numbers, at_once.numbers)
    assert np.array_equal(held.target_whole, at_once.target_whole)
    assert np.array_equal(held.source_sketches, at_once.source_sketches)
