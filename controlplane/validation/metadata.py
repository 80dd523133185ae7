"""Pure: `metadata`, labels and selectors (apimachinery `api/validation/objectmeta.go`, `meta/v1/validation`)."""

from collections.abc import Iterator, Mapping

from controlplane import names
from controlplane.fielderrors import ErrorType, FieldError, forbidden, invalid, required
from controlplane.objects import LabelSelector, LabelSelectorRequirement, ObjectMeta

ANNOTATIONS_SIZE = 256 * 1024  # bytes of keys and values together, TotalAnnotationSizeLimitB


def each_invalid(path: str, value: object, messages: tuple[str, ...]) -> list[FieldError]:
    """An error with `value` for each message of a rule in `names`."""
    return [invalid(path, value, message) for message in messages]


def metadata_errors(meta: ObjectMeta, name_rule: names.Rule, *, namespaced: bool = True) -> list[FieldError]:
    """The errors of `metadata`, whose `name` follows `name_rule`."""
    errors: list[FieldError] = []
    if meta.generate_name:
        errors += each_invalid("metadata.generateName", meta.generate_name, name_rule(_generated(meta.generate_name)))
    if not meta.name:
        errors.append(required("metadata.name", "name or generateName is required"))
    else:
        errors += each_invalid("metadata.name", meta.name, name_rule(meta.name))
    errors += _namespace_errors(meta.namespace, namespaced=namespaced)
    errors += label_errors("metadata.labels", meta.labels)
    errors += annotation_errors("metadata.annotations", meta.annotations)
    return errors


def _generated(prefix: str) -> str:
    """The prefix as its rule sees it: a hyphen at the end is no mistake, more follows."""
    return prefix[:-1] + "a" if prefix.endswith("-") else prefix


def _namespace_errors(namespace: str, *, namespaced: bool) -> list[FieldError]:
    if not namespaced:
        return [forbidden("metadata.namespace", "not allowed on this type")] if namespace else []
    if not namespace:
        return [required("metadata.namespace")]
    return each_invalid("metadata.namespace", namespace, names.dns_1123_label(namespace))


def label_errors(path: str, labels: Mapping[str, str]) -> list[FieldError]:
    """The errors of labels, or of a selector that is a map: of each key, then of its value."""
    errors: list[FieldError] = []
    for key in sorted(labels):
        errors += each_invalid(path, key, names.qualified_name(key))
        errors += each_invalid(path, labels[key], names.label_value(labels[key]))
    return errors


def annotation_errors(path: str, annotations: Mapping[str, str]) -> list[FieldError]:
    """The errors of annotations: their keys, in which case does not matter, and their size together."""
    errors: list[FieldError] = []
    for key in sorted(annotations):
        errors += each_invalid(path, key, names.qualified_name(key.lower()))
    if sum(len(text.encode()) for item in annotations.items() for text in item) > ANNOTATIONS_SIZE:
        errors.append(FieldError(ErrorType.TOO_LONG, path, None, f"may not be more than {ANNOTATIONS_SIZE} bytes"))
    return errors


def label_selector_errors(path: str, selector: LabelSelector) -> list[FieldError]:
    """The errors of a selector with `matchLabels` and `matchExpressions`."""
    errors = label_errors(f"{path}.matchLabels", selector.match_labels)
    for index, requirement in enumerate(selector.match_expressions):
        errors += _requirement_errors(f"{path}.matchExpressions[{index}]", requirement)
    return errors


def _requirement_errors(path: str, requirement: LabelSelectorRequirement) -> Iterator[FieldError]:
    match requirement.operator:
        case "In" | "NotIn":
            if not requirement.values:
                yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        case "Exists" | "DoesNotExist":
            if requirement.values:
                yield forbidden(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
        case _:
            yield invalid(f"{path}.operator", requirement.operator, "not a valid selector operator")
    yield from each_invalid(f"{path}.key", requirement.key, names.qualified_name(requirement.key))
    for index, value in enumerate(requirement.values):
        yield from each_invalid(f"{path}.values[{index}]", value, names.label_value(value))
