"""Ranges of options, written where an option is defined: `lr: Positive`. `build` refuses the rest.

No number may be NaN or infinite, whatever its range.
"""

from typing import Annotated

from msgspec import Meta

MAX_COUNT = 2**31 - 1  # what the libraries below hold in a C int
MAX_SEED = 2**32 - 1  # numpy's

Count = Annotated[int, Meta(ge=1, le=MAX_COUNT)]
TwoOrMore = Annotated[int, Meta(ge=2, le=MAX_COUNT)]
ZeroOrMore = Annotated[int, Meta(ge=0, le=MAX_COUNT)]  # 0: without, or all
Seed = Annotated[int, Meta(ge=0, le=MAX_SEED)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, lt=1)]  # something is left
PositiveShare = Annotated[float, Meta(gt=0, le=1)]
UpToOne = Annotated[float, Meta(ge=0, le=1)]


def describe(meta: Meta) -> str:
    """Return a range in words, such as `>= 0 and < 1`."""
    most = None if meta.le == MAX_COUNT else meta.le
    bounds = [(">", meta.gt), (">=", meta.ge), ("<", meta.lt), ("<=", most)]
    return " and ".join(f"{sign} {bound}" for sign, bound in bounds if bound is not None)


def holds(meta: Meta, value: float) -> bool:
    """Return whether a number is in a range; one without bounds is of any number."""
    return (
        (meta.gt is None or value > meta.gt)
        and (meta.ge is None or value >= meta.ge)
        and (meta.lt is None or value < meta.lt)
        and (meta.le is None or value <= meta.le)
    )
