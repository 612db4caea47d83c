"""
The JSON schema of a profile, for editors and for whoever writes one: ``python -m app.profiles.schema``.
"""

import json
import sys
from pathlib import Path

from app.profiles.model import Profile

SCHEMA_FILE = Path(__file__).parents[2] / "profiles" / "profile.schema.json"


def schema_text() -> str:
    """The schema as it stands in the repository: sorted, two spaces, one final line break."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Profile.model_json_schema()}
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schema beside the profiles."""
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    sys.stdout.write(f"wrote {SCHEMA_FILE.parent.name}/{SCHEMA_FILE.name}\n")


if __name__ == "__main__":
    main()
