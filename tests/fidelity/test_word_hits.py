from qantara.fidelity.word_hits import Cue, Hits


def test_cues_are_given_by_kind_and_none_for_a_kind_that_did_not_occur():
    cue = Cue("oral", 0, 4, 0, 0)
    hits = Hits({"route": (cue,)}, [2])
    assert hits.of_kind("route") == (cue,)
    assert hits.of_kind("drug") == ()
    assert hits.digits == [2]
