"""Reads the templates of a page: the package's own, then those that all pages share."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def environment(package: str) -> Environment:
    """Return what renders the templates beside a package's modules, and the shared ones; a value that is missing is an error."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package, "templates"), PackageLoader("qantara.pages", "templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
