"""What storescu and dcmsend can be told."""

from __future__ import annotations

from dimse import EXPLICIT_FIRST, Decompress, Offers, Retry
from dul.values import TYPE_CHECKING

from .grammar.declaration import Settings, always, flag, parameters, setting, value
from .grammar.values import integer, text
from .options.delivery import Delivery
from .options.general import General
from .options.network import Calling
from .options.preparing import Preparing
from .options.proposals import Proposals, Proposed
from .options.reporting import Reporting
from .words import DCMSEND, STORESCU, Words

if TYPE_CHECKING:
    from dimse import How, Journal

__all__ = ["DcmsendSettings", "StorescuSettings"]


def _is_repeat(spelling: str, following: str | None, after_parameter: bool) -> bool:
    """Which -r this is: the old "-r n", which stands before the peer, or today's --no-recurse."""
    if spelling == "--repeat":
        return True
    digits = following is not None and following.isascii() and following.isdigit()
    return digits and not after_parameter


class _Files(Settings, title="files"):
    repeat: int = setting(
        1,
        value(
            "-r",
            "--repeat",
            read=integer(1, 0xFFFFFFFF),
            metavar="N",
            help="repeat N times: send each file so often (default: 1); -r only before peer",
            applies=_is_repeat,
        ),
    )
    halt: bool = setting(
        True,
        flag(
            "-nh",
            "--no-halt",
            value=False,
            help="go on with the next file when one can't be sent or is refused "
            "(default: stop at the first)",
        ),
    )
    max_losses: int = setting(
        10,
        value(
            "--max-losses",
            read=integer(0, 0xFFFFFFFF),
            metavar="N",
            help="with -nh: give up after N associations in a row that were lost without a "
            "response; 0: never (default: {default})",
        ),
    )


class _Always(Settings, title="always so"):
    _uid_padding = always("-up", "--uid-padding", help="take padded UIDs without a word")


class _Renaming(Settings, title="files that were sent"):
    rename: bool = setting(
        False,
        flag(
            "+rn",
            "--rename",
            help="append .done to the name of each file that was stored, .bad to that of any other "
            "that was tried; no file is overwritten",
            excludes=["--read-from-dicomdir", "--journal"],
        ),
        flag("-rn", "--no-rename", value=False, help="leave them their names (default)"),
    )


class _Association(Settings, title="association"):
    single: bool = setting(
        False,
        flag(
            "+ma",
            "--multi-associations",
            value=False,
            help="use several associations if need be (default)",
        ),
        flag(
            "-ma",
            "--single-association",
            help="use one association: what finds no room on it, or is left when it is lost, is "
            "not sent",
        ),
    )
    abort: bool = setting(
        False,
        flag("-a", "--abort", help="abort association instead of releasing it at the end"),
    )


class _Instead(Settings, title="instead of sending"):
    dry_run: bool = setting(
        False,
        flag(
            "--dry-run",
            help="call nobody; print which associations would be requested, with which contexts, "
            "which files would be sent on them, and what would be left out",
            excludes=["--probe"],
        ),
    )
    probe: bool = setting(
        False,
        flag(
            "--probe",
            help="send nothing; propose what the files need, or without files every storage SOP "
            "class, and print what the peer accepts",
        ),
    )
    json: bool = setting(
        False,
        flag(
            "--json",
            help="print that as JSON, the plan of a dry run as an object a line",
            needs=["--dry-run", "--probe"],
        ),
    )


class StorescuSettings(
    General,
    _Instead,
    _Files,
    Preparing,
    Reporting,
    Delivery,
    _Renaming,
    Proposals,
    _Association,
    Calling,
    _Always,
    tool="storescu",
    summary="DICOM storage (C-STORE) SCU",
):
    """What a command line of storescu comes to."""

    file: tuple[str, ...] = parameters(
        "file",
        read=text,
        help="DICOM image file, or archive of them, or with +sd a directory",
        optional=True,
    )

    @property
    def words(self) -> Words:
        """How it is said, and which exit codes there are."""
        return STORESCU

    def how(self, proposed: Proposed, journal: Journal | None) -> How:
        """The keywords of `Client.send`.

        Args:
            proposed: what `self.proposed` came to.
            journal: the one that is named, if it is open.
        """
        return {
            "preparation": self.preparation,
            "base_contexts": proposed.base_contexts,
            "rules": proposed.rules,
            "repeat": self.repeat,
            "halt": self.halt,
            "look_ahead": self.look_ahead or None,
            "abort": self.abort,
            "single": self.single,
            "max_losses": self.max_losses or None,
            "retry": Retry(times=self.retry) if self.retry else None,
            "associations": self.associations,
            "rate": self.rate,
            "bandwidth": self.bandwidth,
            "journal": journal,
        }


class DcmsendSettings(
    StorescuSettings,
    tool="dcmsend",
    summary="Simple DICOM storage SCU (sender)",
    defaults={
        "calling_ae_title": "DCMSEND",
        "form": "file",
        "check_uids": True,
        "preference": Offers(uncompressed=EXPLICIT_FIRST),
        "required": True,
    },
    dcmtk={"decompress": Decompress.LOSSLESS},
):
    """What a command line of dcmsend comes to: storescu's options, with other defaults."""

    @property
    def words(self) -> Words:
        """How it is said, and which exit codes there are."""
        return DCMSEND
