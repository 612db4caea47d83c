"""``python -m app``: the command line, for children of this very interpreter."""

from app.cli import main

main()
