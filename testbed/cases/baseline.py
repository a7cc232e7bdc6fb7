"""Baselines of a product that calls us: not cases, but what must work before any case."""

from ..model import Case
from .common import R, one
from .scu import NORMAL, USED

BASELINES = (
    Case("U.BASE.01", "", R, "an ordinary association", "It works.", one(*NORMAL), USED),
    Case(
        "U.BASE.02", "", R, "an ordinary C-ECHO", "It works.", one(*NORMAL), USED, needs=("echo",)
    ),
)
