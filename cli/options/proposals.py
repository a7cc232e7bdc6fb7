"""The options of what presentation contexts a requestor proposes."""

from __future__ import annotations

from dimse import EXPLICIT_FIRST, OFFERS, SEED_CLASSES, ContextOffer, Offers
from dimse.tables.uids import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from dul.values import TYPE_CHECKING, dataclass

from ..grammar.declaration import Option, Settings, flag, setting, value
from .syntaxes import SUFFIXES

if TYPE_CHECKING:
    from typing import Final

    from dimse import AssociationProfile

__all__ = ["Proposals", "Proposed"]

_UNCOMPRESSED: Final = {"=", "e", "b"}
# As at DCMTK these are proposed alone: they are never converted, and nothing is into them.
_ALONE: Final = frozenset("mhnl23o45")


def _rules(letter: str, uid: str) -> Offers:
    if letter == "b":
        others = [each for each in EXPLICIT_FIRST if each != EXPLICIT_VR_BIG_ENDIAN]
        return Offers(uncompressed=(EXPLICIT_VR_BIG_ENDIAN, *others))
    if letter in _UNCOMPRESSED:
        return Offers(uncompressed=EXPLICIT_FIRST)
    if letter in _ALONE:
        return Offers(only=(uid,))
    return Offers(uncompressed=EXPLICIT_FIRST, besides=(uid,))


def _words(letter: str, words: str) -> str:
    if letter == "=":
        return "propose the uncompressed ones with explicit VR little endian first"
    if letter in _UNCOMPRESSED:
        return f"propose the uncompressed ones with {words} first"
    if letter in _ALONE:
        return f"propose {words} only"
    return f"propose {words} besides, for every SOP class"


def _propose_options() -> tuple[Option[Offers], ...]:
    options = [
        flag(
            f"-x{letter}",
            f"--propose-{word}",
            value=_rules(letter, uid),
            help=_words(letter, words),
        )
        for letter, (word, uid, words) in SUFFIXES.items()
    ]
    implicit = flag(
        "-xi",
        "--propose-implicit",
        value=Offers(only=(IMPLICIT_VR_LITTLE_ENDIAN,)),
        help="propose implicit VR little endian only",
    )
    return (*options, implicit)


_PROPOSE: Final = _propose_options()


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed.

    Attributes:
        rules: for the objects.
        profile: what a configuration file has instead; None: there is none.
        required: nothing but what the objects need.
    """

    rules: Offers
    profile: AssociationProfile | None
    required: bool

    @property
    def base_contexts(self) -> tuple[ContextOffer, ...]:
        """What is proposed whatever the objects are."""
        if self.profile is not None:
            return self.profile.contexts
        return () if self.required else self.rules.for_classes(SEED_CLASSES)


class Proposals(Settings, title="presentation contexts"):
    """What is proposed, besides a context for each file's own transfer syntax."""

    profile: tuple[str, str] | None = setting(
        None,
        value(
            "-xf",
            "--config-file",
            read=lambda file, profile: (file, profile),
            metavar="FILE PROFILE",
            help="propose what a profile in a configuration file of DCMTK's says, and no more",
            excludes=[*(option.long for option in _PROPOSE), "--required", "--combine"],
        ),
    )
    preference: Offers = setting(OFFERS, *_PROPOSE, dcmtk=Offers(uncompressed=EXPLICIT_FIRST))
    required: bool = setting(
        False,
        flag(
            "-R",
            "--required",
            help="propose only what the files need (default: 17 common SOP classes, too)",
        ),
    )
    combine: bool = setting(
        False,
        flag(
            "+C",
            "--combine",
            help="propose one context for a SOP class, with all transfer syntaxes (default: one "
            "for each file's transfer syntax, one for the uncompressed ones)",
        ),
    )

    ask_storage: bool = setting(
        False,
        flag(
            "--ask-storage",
            help="ask what the peer's storage preserves: which attributes, digital signatures, and "
            "whether it changes any (extended negotiation, PS3.4 B.3.1); -v shows the answer",
        ),
    )
    legal: bool = setting(
        False,
        flag(
            "-nip",
            "--no-illegal-proposal",
            help="propose the default transfer syntax, too, in each context (as --combine)",
            excludes=["--config-file"],
        ),
    )

    @property
    def proposed(self) -> Proposed:
        """What these options come to.

        Raises:
            ProfileError: the configuration file, or the profile, can't be used.
        """
        if self.profile is not None:
            # Few have one.
            from dimse import load_profile  # noqa: PLC0415

            return Proposed(Offers(nothing=True), load_profile(*self.profile), required=True)
        rules = self.preference
        if self.combine or self.legal:
            rules = Offers(
                uncompressed=rules.uncompressed,
                besides=rules.besides,
                only=rules.only,
                combine=True,
            )
        return Proposed(rules, None, self.required)
