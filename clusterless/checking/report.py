"""Pure: the report of `check -o json`. Its form is stable: fields are added, never renamed.

apiVersion, kind     clusterless/v1, CheckReport
errors, warnings     how many problems of each severity there are
problems[]           severity (error, warning), reason (Kubernetes' status reasons), id (of a finding, else ""),
message, text (as kubectl prints it), hint, file, line, column, document (from 0),
object {kind, namespace, name}, path (of the field)
services[]           namespace, name, type, clusterIP, ports, endpoints (how many are ready)
pods, passedOver     how many Pods there would be; the kinds that are not read, with their counts
"""

from collections.abc import Mapping, Sequence
from typing import Any

from clusterless.explain.remarks import Remark
from controlplane.problems import Severity, kubectl_text


def report(
    remarks: Sequence[Remark], services: Sequence[Mapping[str, Any]], pods: int, passed_over: Mapping[str, int]
) -> dict[str, Any]:
    """The report as plain data."""
    severities = [remark.problem.severity for remark in remarks]
    return {
        "apiVersion": "clusterless/v1",
        "kind": "CheckReport",
        "errors": severities.count(Severity.ERROR),
        "warnings": severities.count(Severity.WARNING),
        "problems": [_problem(remark) for remark in remarks],
        "services": [dict(service) for service in services],
        "pods": pods,
        "passedOver": dict(sorted(passed_over.items())),
    }


def _problem(remark: Remark) -> dict[str, Any]:
    problem = remark.problem
    return {
        "severity": problem.severity.value,
        "reason": problem.reason.value,
        "id": remark.id.value if remark.id else "",
        "message": problem.message,
        "text": kubectl_text(problem),
        "hint": problem.hint,
        "file": problem.source,
        "line": problem.line,
        "column": problem.column,
        "document": problem.document,
        "object": {"kind": problem.kind, "namespace": problem.namespace, "name": problem.name},
        "path": problem.path,
    }
