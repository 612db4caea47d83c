"""
The press, a process of its own: a letter as JSON in, a PDF out (``python -m app.letters.press``).

It knows nothing but that letter, holds no key and no connection, and is gone with its memory afterwards. What goes
wrong is an exit code; nothing of the letter is printed.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Literal

import typst

_Standard = Literal["a-2a", "ua-1"]
TEMPLATE = Path(__file__).with_name("paper.typ")
#: Archivable for a long time with its structure (ISO 19005-2, level A) and readable aloud (ISO 14289-1).
STANDARDS: list[_Standard] = ["a-2a", "ua-1"]
MOST_SECONDS = 20
MOST_BYTES = 4 * 1024**3


def set_letter(letter: bytes) -> bytes:
    """The PDF of one letter; the same letter gives the same bytes. Raises ``typst.TypstError``."""
    inputs = {"letter": letter.decode()}
    made = typst.compile(TEMPLATE.read_bytes(), sys_inputs=inputs, ignore_system_fonts=True, pdf_standards=[*STANDARDS])
    if not isinstance(made, bytes):
        raise TypeError("a letter is one file")
    return made


def main() -> int:
    """Set the letter on standard input; 1 if it cannot be set."""
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    letter = sys.stdin.buffer.read()
    try:
        json.loads(letter)
        made = set_letter(letter)
    except (ValueError, typst.TypstError):
        return 1
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
