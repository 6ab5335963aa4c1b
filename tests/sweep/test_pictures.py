import re
from dataclasses import replace

from qantara.sweep.findings import findings
from qantara.sweep.pictures import picture

CIRCLES = re.compile(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)" class="(\w+) (\w+)"')


def dots(drawn, kind, side):
    return [(float(x), float(y)) for x, y, _, found, where in CIRCLES.findall(drawn) if (found, where) == (kind, side)]


def test_a_line_a_language_goes_through_means_with_every_seed_behind_it(results):
    drawn = picture(results(), "loss", 1e-4)
    assert len(dots(drawn, "dot", "source")) == len(dots(drawn, "dot", "target")) == 3
    assert len(dots(drawn, "mark", "source")) == 9
    heights = [y for _, y in dots(drawn, "dot", "target")]
    assert heights == sorted(heights)  # loss falls: further down on the page


def test_intervals_have_two_ends_and_languages_do_not_cover_each_other(results):
    drawn = picture(results(), "accuracy", 1e-4)
    assert drawn.count('class="error target"') == 3 * 3  # a bar and two ends for each point
    assert dots(drawn, "dot", "source")[0][0] != dots(drawn, "dot", "target")[0][0]


def test_the_base_model_is_a_level_line(results):
    drawn = picture(results(), "loss", 1e-4)
    (points,) = re.findall(r'<polyline points="([^"]+)" class="line base target"', drawn)
    (_, first), (_, last) = (pair.split(",") for pair in points.split())
    assert first == last
    assert "dashed: base model, 2.200" in drawn


def test_one_seed_has_no_intervals(results):
    assert 'class="error' not in picture(results(seeds=(0,)), "loss", 1e-4)


def test_a_wide_interval_is_cut_at_the_edge_and_does_not_flatten_the_rest(facts):
    made = facts(seeds=(0, 1), base=replace(facts().base, losses={"en": 1.5, "ar": 2.0}))
    wild = [
        replace(arm, losses=arm.losses | {"ar": 2.0 + (0.2 if arm.seed else 0.0)}) if arm.share == 0.5 else arm
        for arm in made.arms
    ]
    drawn = picture(findings(replace(made, arms=wild)), "loss", 1e-4)  # its interval is 2.1 +- 1.27
    places = [y for side in ("source", "target") for _, y in dots(drawn, "mark", side)]
    assert max(places) - min(places) > 60
    ends = [float(y) for y in re.findall(r'y[12]="([\d.-]+)"', drawn)]
    assert min(ends) >= 39
    assert max(ends) <= 239


def test_one_ratio_alone_can_be_drawn(results):
    assert "<polyline" in picture(results(shares=(0.5,)), "loss", 1e-4)


def test_what_was_not_measured_is_no_picture(results):
    assert picture(results(evaluated=False), "accuracy", 1e-4) is None


def test_a_screen_reader_is_told_the_ends(results):
    assert re.search(r"Arabic: 2\.\d+ at 0%, 1\.\d+ at 100%", picture(results(), "loss", 1e-4))
