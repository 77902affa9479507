"""Numbers as people read them."""

from __future__ import annotations

import math

_ROUNDING = 1e-12  # below it, float64 differences of what is equal
_LONG = 1e9  # whole numbers up to here are written out
_MOST_DECIMALS = 7


def number(value: float | None, digits: int = 4) -> str:
    """Return a number as people read it: so many significant digits, a dash where there is none."""
    if value is None or math.isnan(value):
        return "-"
    if abs(value) < _ROUNDING:
        return "0"
    whole = abs(value) >= 10 ** (digits - 1) or value == round(value)
    return f"{value:.0f}" if whole and abs(value) < _LONG else f"{value:.{digits}g}"


def interval(bounds: tuple[float, float] | list[float] | None) -> str:
    """Return an interval as `[low, high]`, as fine as its width asks for."""
    if bounds is None or any(bound is None or math.isnan(bound) for bound in bounds):
        return "-"
    low, high = bounds
    width, size = high - low, max(abs(low), abs(high))
    if not width > _ROUNDING:
        return f"[{number(low)}, {number(high)}]"
    of_width = 1 - math.floor(math.log10(width))  # two digits of it
    of_size = 3 - max(math.floor(math.log10(size)) + 1, 0)  # three digits
    decimals = max(of_width, of_size, 0)
    decimals += any(0 < abs(bound) < 0.5 * 10.0**-decimals for bound in bounds)  # its sign counts
    if decimals > _MOST_DECIMALS:
        return f"[{low:.4g}, {high:.4g}]"
    low, high = (round(bound, decimals) + 0.0 for bound in bounds)  # + 0.0: no minus zero
    return f"[{low:.{decimals}f}, {high:.{decimals}f}]"
