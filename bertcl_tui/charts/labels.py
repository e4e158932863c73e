"""Labels that stand beside what they name and not on each other."""

from collections.abc import Sequence


def spread(wanted: Sequence[float], rows: int) -> list[int]:
    """Move labels apart, one a row and in the order wanted, as near to where wanted as can be.

    The sum of squared distances is least (pool adjacent violators); labels that want the same row
    keep their order.

    Args:
        wanted: the row that each label would like, from 0.
        rows: how many there are.

    Raises:
        ValueError: there are more labels than rows.
    """
    spare = rows - len(wanted)
    if spare < 0:
        raise ValueError(f"{len(wanted)} labels do not fit in {rows} rows")
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    blocks: list[tuple[float, int]] = []  # labels that touch: first row, how many
    for place, label in enumerate(order):
        first, count = wanted[label] - place, 1
        while blocks and blocks[-1][0] >= first:
            earlier, members = blocks.pop()
            first = (earlier * members + first * count) / (members + count)
            count += members
        blocks.append((first, count))
    shifts = [min(max(round(first), 0), spare) for first, count in blocks for _ in range(count)]
    rows_in_order = [shift + place for place, shift in enumerate(shifts)]
    return [row for _, row in sorted(zip(order, rows_in_order, strict=True))]
