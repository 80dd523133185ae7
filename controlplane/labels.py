"""Pure: label selectors, as apimachinery matches them (`pkg/labels/selector.go`, `pkg/apis/meta/v1/helpers.go`)."""

from collections.abc import Mapping

from .objects import LabelSelector, LabelSelectorRequirement


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether a workload's selector matches: no selector matches nothing, an empty one everything."""
    if selector is None:
        return False
    if not selector.match_labels.items() <= labels.items():
        return False
    return all(_holds(requirement, labels) for requirement in selector.match_expressions)


def _holds(requirement: LabelSelectorRequirement, labels: Mapping[str, str]) -> bool:
    """An operator that does not exist never holds; validation has refused it before it comes here."""
    match requirement.operator:
        case "In":
            return labels.get(requirement.key) in requirement.values
        case "NotIn":
            return labels.get(requirement.key) not in requirement.values
        case "Exists":
            return requirement.key in labels
        case "DoesNotExist":
            return requirement.key not in labels
        case _:
            return False
