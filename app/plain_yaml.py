"""YAML as people mean it, for the files an operator or a developer writes: profiles and connectors."""

import re
from collections.abc import Hashable
from typing import Any

import yaml


class PlainYaml(yaml.SafeLoader):
    """
    YAML as people mean it: ``no`` and dates are texts, and a key stands once.

    PyYAML follows YAML 1.1, where an unquoted ``no`` is false and the second of two equal keys wins in silence.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.MarkedYAMLError(problem="a key is a list or a mapping", problem_mark=key_node.start_mark)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"key '{key}' stands twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


_UNWANTED = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
PlainYaml.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag not in _UNWANTED]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
PlainYaml.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
