import pytest

from qantara.synthesize.frame import frame_faults, model_talk


@pytest.mark.parametrize(
    "text",
    [
        "The best is option B.",
        "It is option (C), I think.",
        "The correct answer is insulin.",
        "None of the above helps.",
        "أنصحك بالخيار ب.",
        "الخيار (B) هو الأفضل.",
        "الإجابة الصحيحة هي الإنسولين.",
        "Je propose la bonne réponse.",
    ],
)
def test_an_examination_that_shows_through_is_found(turns, text):
    assert "frame.exam" in [fault.reason for fault in frame_faults(turns("Hello?", text), ("en", "ar"))]


@pytest.mark.parametrize(
    "text",
    [
        "Surgery is an option a surgeon will explain.",
        "The physical exam was normal. That is a good question.",
        "الخيار الأفضل لك هو العلاج في المستشفى.",
        "لديك خيار آخر أن ننتظر.",
        "Vitamin B is fine.",
    ],
)
def test_what_only_looks_like_one_is_not(turns, text):
    assert list(frame_faults(turns("Hello?", text), ("en", "ar"))) == []


def test_a_model_that_talks_of_itself_is_found(turns):
    (fault,) = frame_faults(turns("Help?", "As an AI, I can only say: rest."), ("en",))
    assert (fault.reason, fault.detail) == ("frame.refusal", "turn 2")
    assert model_talk("عذرًا، لا أستطيع المساعدة في ذلك.", "ar") == "frame.refusal"
    assert model_talk("Take a rest.", "en") == ""
