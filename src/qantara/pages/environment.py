"""Reads the templates of a page: the package's own, then those that all pages share."""

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def environment(*packages: str) -> Environment:
    """Return what renders the templates beside packages' modules, the first one's first, and the shared ones.

    A value that is missing is an error.
    """
    return Environment(
        loader=ChoiceLoader([PackageLoader(package, "templates") for package in (*packages, "qantara.pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
