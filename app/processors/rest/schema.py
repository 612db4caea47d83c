"""The JSON schema of a connector, for editors and for whoever writes one."""

import json

from app.processors.rest.grammar import Connector
from app.processors.rest.shelf import ROOT

SCHEMA_FILE = ROOT / "connectors" / "connector.schema.json"


def schema_text() -> str:
    """The schema as it stands in the repository: sorted, two spaces, one final line break."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Connector.model_json_schema()}
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
