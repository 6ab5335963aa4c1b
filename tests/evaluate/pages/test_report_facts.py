def test_rows_are_told_apart_by_the_primary_way(make_report_facts):
    facts = make_report_facts()
    main, others = facts.split_by_way(facts.scores)
    assert {(row["scoring"], row["normalization"]) for row in main} == {("letter", "sum")}
    assert {row["scoring"] for row in others} == {"text", "generate"}
    assert len(main) + len(others) == len(facts.scores)
