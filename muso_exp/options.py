"""Types of options, written where an option is defined: `lr: Positive`; `build` refuses the rest.

No number may be NaN or infinite, whatever its range.
"""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

MAX_COUNT = 2**31 - 1  # what the libraries below hold in a C int
MAX_SEED = 2**32 - 1  # numpy's

Count = Annotated[int, Meta(ge=1, le=MAX_COUNT)]
Cutoffs = Annotated[Sequence[Count], Meta(min_length=1)]  # the k of ranking measures
TwoOrMore = Annotated[int, Meta(ge=2, le=MAX_COUNT)]
ZeroOrMore = Annotated[int, Meta(ge=0, le=MAX_COUNT)]  # 0: without, or all
Seed = Annotated[int, Meta(ge=0, le=MAX_SEED)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, lt=1)]  # something is left
SomeShare = Annotated[float, Meta(gt=0, lt=1)]  # something is taken, something is left
PositiveShare = Annotated[float, Meta(gt=0, le=1)]
UpToOne = Annotated[float, Meta(ge=0, le=1)]

Option = TypeVar("Option")
INERT = "cannot change a result"
Inert = Annotated[Option, INERT]  # places, processes, memory: `num_workers: Inert[ZeroOrMore]`


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options that belong together, a node of the configuration: `dataset.world.users`."""
