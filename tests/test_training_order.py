import pytest

from qantara.errors import DataError
from qantara.training_order import FILE, Piece, TrainingOrder, read_order, whole_pieces, write_order


def test_an_order_comes_back_as_it_was_written(tmp_path):
    pieces = [Piece(3, 0, 17), Piece(1, 512, 511), Piece(3, 0, 5)]
    write_order(tmp_path / FILE, TrainingOrder.of(pieces))
    order = read_order(tmp_path / FILE)
    assert list(order) == pieces
    assert len(order) == 3
    assert order.num_tokens.sum() == 533


def test_an_empty_order_is_an_order(tmp_path):
    write_order(tmp_path / FILE, TrainingOrder.of([]))
    assert list(read_order(tmp_path / FILE)) == []


def test_a_file_that_is_no_order_says_what_to_do(tmp_path):
    (tmp_path / FILE).write_text("no Parquet", encoding="utf-8")
    with pytest.raises(DataError, match="run the mix stage again"):
        read_order(tmp_path / FILE)


@pytest.mark.parametrize(("num_tokens", "lengths"), [(7, [7]), (10, [10]), (11, [5, 6]), (29, [9, 10, 10])])
def test_a_long_sample_is_cut_into_even_pieces_without_a_hole(num_tokens, lengths):
    pieces = whole_pieces(4, num_tokens, 10)
    assert [piece.num_tokens for piece in pieces] == lengths
    assert [piece.start for piece in pieces] == [sum(lengths[:i]) for i in range(len(lengths))]
    assert {piece.sample for piece in pieces} == {4}
