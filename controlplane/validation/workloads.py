"""Pure: Deployments, ReplicaSets, StatefulSets and DaemonSets (Kubernetes `apps/validation`)."""

from controlplane import names
from controlplane.fielderrors import FieldError, invalid, required
from controlplane.labels import matches
from controlplane.objects import PodTemplate, Workload

from .metadata import annotation_errors, label_errors, label_selector_errors, metadata_errors
from .pods import pod_spec_errors

# A ReplicaSet is told of a deployment too: Kubernetes shares the sentence.
_EMPTY_SELECTOR = {
    "Deployment": "empty selector is invalid for deployment",
    "ReplicaSet": "empty selector is invalid for deployment",
    "StatefulSet": "empty selector is invalid for statefulset",
    "DaemonSet": "empty selector is invalid for daemonset",
}


def workload_errors(workload: Workload) -> list[FieldError]:
    """The errors of a workload and of its template for Pods."""
    errors = metadata_errors(workload.metadata, names.dns_1123_subdomain)
    return errors + _count_errors(workload) + _selector_errors(workload) + _template_errors(workload.spec.template)


def _count_errors(workload: Workload) -> list[FieldError]:
    spec = workload.spec
    counts = (
        ("spec.replicas", spec.replicas or 0),
        ("spec.ordinals.start", spec.ordinals.start if spec.ordinals else 0),
    )
    return [invalid(path, count, "must be greater than or equal to 0") for path, count in counts if count < 0]


def _selector_errors(workload: Workload) -> list[FieldError]:
    selector, labels = workload.spec.selector, workload.spec.template.metadata.labels
    errors: list[FieldError] = []
    if selector is not None:
        errors += label_selector_errors("spec.selector", selector)
        if not selector.match_labels and not selector.match_expressions:
            errors.append(invalid("spec.selector", selector, _EMPTY_SELECTOR[workload.kind]))
    elif workload.kind != "DaemonSet":
        errors.append(required("spec.selector"))
    if not matches(selector, labels):
        value = dict(sorted(labels.items())) or None
        detail = "`selector` does not match template `labels`"
        errors.append(invalid("spec.template.metadata.labels", value, detail))
    return errors


def _template_errors(template: PodTemplate) -> list[FieldError]:
    # The API server's own paths leave out `metadata` here.
    errors = label_errors("spec.template.labels", template.metadata.labels)
    errors += annotation_errors("spec.template.annotations", template.metadata.annotations)
    return errors + pod_spec_errors("spec.template.spec", template.spec)
