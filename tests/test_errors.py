from qantara.errors import QantaraError, RecipeError


def test_a_recipe_error_lists_every_fault_on_its_own_line():
    error = RecipeError("demo.yaml", ["line 1: a", "line 2: b"])
    assert isinstance(error, QantaraError)
    assert str(error).splitlines() == ["demo.yaml: 2 fault(s)", "  line 1: a", "  line 2: b"]
