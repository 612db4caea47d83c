"""
The contract, run against a processor's endpoint: what was sent, what came, what the contract says.

Speaks of one fictional person only. A processor that passes is one that Insyn can rely on; what breaks a rule is
printed so that its developer can act on it.
"""

from processor_kit.conformance._bench import Exchange, NobodyThere, Setup
from processor_kit.conformance._report import as_json, as_text
from processor_kit.conformance._rules import RULES
from processor_kit.conformance._run import Finding, Report, run

__all__ = ["RULES", "Exchange", "Finding", "NobodyThere", "Report", "Setup", "as_json", "as_text", "run"]
