import xml.etree.ElementTree as ET

from qantara.report.expert_use import expert_drawings, expert_sentence


def test_languages_stand_side_by_side_with_difference_and_entropy(facts):
    roots = [ET.fromstring(drawing) for drawing in expert_drawings(facts.expert_use, ("en", "ar"))]
    titles = [root.find("title").text for root in roots]
    assert titles == ["Expert use, English", "Expert use, Arabic", "Expert use, Arabic less English", "Load entropy"]
    texts = [[text.text for text in root.findall("text")] for root in roots]
    assert texts[0][-4:] == ["25", "35", "20", "20"]
    assert "+20.0" in texts[2]
    assert "\u221220.0" in texts[2]


def test_more_experts_than_fit_are_drawn_without_numbers():
    rows = [{"layer": 3, "share": [1 / 64] * 64, "entropy": 1.0}]
    use = {"experts": 64, "top_k": 8, "languages": {"en": rows, "ar": rows}}
    root = ET.fromstring(expert_drawings(use, ("en", "ar"))[0])
    assert len(root.findall("rect")) == 64
    assert "2" not in [text.text for text in root.findall("text")]


def test_the_sentence_names_the_largest_difference(facts):
    sentence = expert_sentence(facts.expert_use, ("en", "ar"))
    assert "2 of 4 experts" in sentence
    assert "25.0%" in sentence
    assert "layer 0, expert 0: by 20.0 points" in sentence or "layer 0, expert 1: by 20.0 points" in sentence


def test_a_dense_model_has_no_drawings():
    assert expert_drawings({}, ("en", "ar")) == []
