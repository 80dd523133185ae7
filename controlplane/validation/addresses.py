"""Pure: fields that hold an address or a CIDR, with the words of `netaddr` (gate StrictIPCIDRValidation)."""

from controlplane.fielderrors import FieldError, invalid
from controlplane.netaddr import (
    LOOPBACK,
    address_error,
    canonical,
    cidr_error,
    family_of,
    special_purpose_errors,
)


def address_errors(path: str, text: str) -> list[FieldError]:
    """The error of a field that holds an address in any of its spellings (IsValidIPForLegacyField)."""
    error = address_error(text)
    return [invalid(path, text, error)] if error else []


def cidr_errors(path: str, text: str) -> list[FieldError]:
    """The error of a field that holds a CIDR (IsValidCIDRForLegacyField)."""
    error = cidr_error(text)
    return [invalid(path, text, error)] if error else []


def canonical_address_errors(path: str, text: str) -> list[FieldError]:
    """The error of a field that holds an address in its one spelling (IsValidIP)."""
    errors = address_errors(path, text)
    if not errors and canonical(text) != text:
        return [invalid(path, text, f'must be in canonical form ("{canonical(text)}")')]
    return errors


def special_address_errors(path: str, text: str, *, allow_loopback: bool = False) -> list[FieldError]:
    """Why traffic may not be sent there (ValidateEndpointIP); `allow_loopback` lifts that one rule, for labs."""
    messages = special_purpose_errors(text)
    return [invalid(path, text, message) for message in messages if not (allow_loopback and message == LOOPBACK)]


def are_dual_stack(texts: tuple[str, ...]) -> bool:
    """Whether both IP families occur among addresses, all of them valid."""
    return len({family_of(text) for text in texts}) == 2
