"""`clusterless version -o json|yaml`: which clusterless this is, in the shape of kubectl's."""

import platform
import sys
from typing import Any

from clusterless.introspection.resources import discovery_documents
from clusterless.kubectl.printers.output import as_json


def version_text(version: str, output_format: str) -> str:
    """The document in `json` or `yaml`; `emulatedVersion` is the Kubernetes whose rules are kept."""
    document = _document(version)
    if output_format == "json":
        return as_json(document) + "\n"
    from clusterless.kubectl.yamltext import as_yaml  # noqa: PLC0415  to load where it is asked for

    return as_yaml(document)


def _document(version: str) -> dict[str, Any]:
    emulated = discovery_documents(version)["/version"]
    return {
        "clientVersion": {
            "gitVersion": f"v{version}",
            "platform": f"{sys.platform}/{platform.machine()}",
            "pythonVersion": platform.python_version(),
        },
        "emulatedVersion": {name: emulated[name] for name in ("major", "minor")},
    }
