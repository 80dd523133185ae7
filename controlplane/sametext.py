"""Pure: how much of a text is as it was, found at the speed at which memory compares."""

_FIRST_STEP = 1 << 12


def same_length(one: str, start: int, other: str, other_start: int) -> int:
    """How many characters from the starts on are the same in both texts.

    Steps grow while all is the same, and shrink from the first that is not: of what is the same, little is compared
    twice.
    """
    length, step, grows = 0, _FIRST_STEP, True
    while step:
        piece = one[start + length : start + length + step]
        if piece and other.startswith(piece, other_start + length):
            length += len(piece)
        else:
            grows = False
        step = step * 2 if grows else step // 2
    return length
