"""`python -m qantara` is the `qantara` command."""

from qantara.cli.main import main

main()
