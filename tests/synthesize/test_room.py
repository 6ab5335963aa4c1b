import asyncio


def test_a_room_is_as_wide_as_its_widest_backend_and_closes_both(room, scripted):
    writer, judge = scripted(), scripted()
    judge.capacity = 9
    made = room(writer, judge)
    assert made.capacity == 9
    asyncio.run(made.close())
    assert writer.closed
    assert judge.closed


def test_a_room_without_a_judge_has_the_writer_alone(room, scripted):
    made = room(scripted())
    assert made.capacity == 4
    asyncio.run(made.close())
