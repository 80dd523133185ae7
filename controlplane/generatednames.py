"""Pure: names that Kubernetes makes up at random, made by hashing instead, so that they are the same everywhere."""

from hashlib import blake2b

import msgspec

# No vowels, so that no words come out (apimachinery `pkg/util/rand/rand.go`).
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_BASE = 58  # leaves room for five characters in 63 (apiserver `pkg/storage/names/generate.go`)
_SUFFIX_LENGTH = 5


def stable_hash(*seed: str) -> int:
    """64 bits that depend on nothing but `seed`: in no process, on no machine, are they others."""
    return int.from_bytes(blake2b("\0".join(seed).encode(), digest_size=8).digest(), "big")


def generated_name(base: str, *seed: str) -> str:
    """What `generateName: base` yields: the base, cut to 58 characters, and five that are a function of the rest."""
    number = stable_hash(base, *seed)
    suffix = ""
    for _ in range(_SUFFIX_LENGTH):
        number, index = divmod(number, len(_ALPHABET))
        suffix += _ALPHABET[index]
    return base[:_LONGEST_BASE] + suffix


def template_hash(template: msgspec.Struct) -> str:
    """The value of `pod-template-hash` or `controller-revision-hash`: 8 to 10 characters, a function of the template.

    It looks as the real one does, which spells a 32 bit number's decimal digits in the safe alphabet
    (`rand.SafeEncodeString` in `pkg/controller/controller_utils.go ComputeHash`).
    """
    digest = blake2b(msgspec.json.encode(template, order="sorted"), digest_size=4).digest()
    digits = f"{int.from_bytes(digest, 'big'):08d}"
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in digits)
