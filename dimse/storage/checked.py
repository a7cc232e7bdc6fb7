"""Whether a received data set is whole, and the object that the command names."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

from dimse.errors import CannotUnderstand, DataSetMismatch, Part10Error, StorageRefused, Truncated
from dimse.objects.bounds import HEAD
from dimse.objects.findings import Findings
from dimse.objects.layout import is_deflated, layout_of
from dimse.objects.walk import Walk
from dimse.objects.window import Window
from dimse.requests import Content, StoreRequest
from dimse.storage.shapes import DataSetShapes
from dimse.storage.sink import Sink
from dul.values import TypeVar, dataclass, field

__all__ = ["Beginning", "Checked", "Checking"]

S = TypeVar("S", bound=Sink)


class Beginning:
    """The first 64 KiB of a data set that goes by in fragments.

    Attributes:
        content: these bytes, as far as they have come.
        length: how many bytes have come in all.
    """

    __slots__ = ("content", "length")

    def __init__(self) -> None:
        self.content = bytearray()
        self.length = 0

    def note(self, views: Sequence[memoryview]) -> None:
        """These come next."""
        wanted = HEAD - self.length
        for view in views:
            size = len(view)
            self.length += size
            if wanted > 0:
                self.content += view[:wanted]
                wanted -= size


class Checked:
    """Looks whether the data set is whole, and the object that the command names.

    Both must name the same SOP Class and SOP Instance, and no element may reach past the end:
    what the peer cut off itself would otherwise count as stored. The first 64 KiB are kept for
    that; of a longer data set the element headers are read back, if the sink can (`read_back`).
    A deflated one is inflated to no more than 64 KiB, and not judged beyond that.

    What is wrong otherwise is tolerated: the bytes are kept as they came, and `warnings` says what
    it is. docs/tolerance.md has the list.

    Args:
        sink: where the data set goes.
        sop_class_uid: the command's (0000,0002).
        sop_instance_uid: the command's (0000,1000).
        transfer_syntax_uid: the presentation context's.
        strict: refuse with C000H what is tolerated otherwise. (`storescp --strict`, or a keyword
            of whoever opens the sink.)
        keep_mismatched: commit the sink also if the UIDs are not the command's, before that is
            raised.
        shapes: of data sets that came before; None: each is looked at as if it were the first.

    Attributes:
        warnings: what is wrong with the data set and was tolerated; known after `commit`.
    """

    def __init__(
        self,
        sink: Sink,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        *,
        strict: bool = False,
        keep_mismatched: bool = False,
        shapes: DataSetShapes | None = None,
    ) -> None:
        self.warnings: tuple[str, ...] = ()
        self._sink = sink
        self._expected = sop_class_uid, sop_instance_uid
        self._transfer_syntax_uid = transfer_syntax_uid
        self._strict = strict
        self._keep_mismatched = keep_mismatched
        self._shapes = shapes
        self._beginning = Beginning()

    @property
    def kept(self) -> bool:
        """After `commit`, whether the sink has left an older object in its place."""
        found: bool = getattr(self._sink, "kept", False)
        return found

    def write(self, views: Sequence[memoryview]) -> None:
        """Pass the bytes on."""
        self._beginning.note(views)
        self._sink.write(views)

    def commit(self) -> Content:
        """Check the data set, then commit the sink.

        Raises:
            DataSetMismatch: SOP Class or SOP Instance UID are not there, or not the command's.
            CannotUnderstand: the data set is cut off, or can't be read.
            StorageRefused: what the sink itself has to say.
        """
        try:
            self._check()
        except StorageRefused as error:
            if self._keep_mismatched and isinstance(error, DataSetMismatch):
                self._sink.commit()
            self._sink.discard()
            raise
        return self._sink.commit()

    def discard(self) -> None:
        """Discard the sink."""
        self._sink.discard()

    def _check(self) -> None:
        beginning, shapes = self._beginning, self._shapes
        if shapes is None:
            self._walk()
            return
        looked_at = self._transfer_syntax_uid, beginning.length, beginning.content, *self._expected
        if not shapes.prove(*looked_at) and self._walk():
            shapes.learn(*looked_at)

    def _walk(self) -> bool:
        """Walk through the data set; gives whether that was possible to its end, and all is well.

        Raises:
            StorageRefused: see `commit`.
        """
        window, whole = self._window()
        walked = False
        findings = Findings(window.path, strict=self._strict, kept=True)
        walk = Walk(window, layout_of(self._transfer_syntax_uid), findings)
        try:
            walk.run(0, whole=whole)
        except Truncated as error:
            if whole:
                raise CannotUnderstand(f"the data set can't be read: {error.why}") from error
        except Part10Error as error:
            # What comes behind the UIDs can be kept without being understood.
            if self._strict or None in {walk.sop_class_uid, walk.sop_instance_uid}:
                raise CannotUnderstand(f"the data set can't be read: {error.why}") from error
            self.warnings = (error.why,)
        except OSError:
            return False  # the disk's fault, of which the sink will tell
        else:
            walked = whole and not walk.odd
            whole = True  # of group 0008 at least
        self.warnings = (*findings.warnings, *self.warnings)
        self._compare((walk.sop_class_uid, walk.sop_instance_uid), whole=whole)
        return walked and not self.warnings

    def _compare(self, found: tuple[str | None, str | None], *, whole: bool) -> None:
        names = "SOP Class UID", "SOP Instance UID"
        for name, expected, own in zip(names, self._expected, found, strict=True):
            if own is None and whole:
                raise DataSetMismatch(f"the data set has no {name}, or is none")
            if own is not None and own != expected:
                raise DataSetMismatch(f"the data set's {name} is {own}, the command's {expected}")

    def _window(self) -> tuple[Window, bool]:
        """What can be seen of the data set, and whether that is all of it."""
        head = bytes(self._beginning.content)
        if is_deflated(self._transfer_syntax_uid):
            stream = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                head = stream.decompress(head, HEAD)
            except zlib.error as error:
                raise CannotUnderstand(f"no deflated data set: {error}") from error
            return Window.over("data set", head), stream.eof
        if self._beginning.length <= HEAD:
            return Window.over("data set", head), True
        read_back: Callable[[int, int], bytes] | None = getattr(self._sink, "read_back", None)
        if read_back is None:
            return Window.over("data set", head), False

        def read(at: int, count: int) -> bytes:
            if at + count <= len(head):
                return head[at : at + count]
            return read_back(at, count)

        return Window("data set", self._beginning.length, read), True


@dataclass(frozen=True, slots=True)
class Checking:
    """Whether, and how, what comes to a storage is looked at: its arguments of these names.

    Attributes:
        check: whether at all.
        strict: see `Checked`.
        keep_mismatched: see `Checked`.
        shapes: of what was looked at.
    """

    check: bool
    strict: bool
    keep_mismatched: bool
    shapes: DataSetShapes = field(default_factory=DataSetShapes)

    def over(self, sink: S, request: StoreRequest) -> S | Checked:
        """The sink of a request, behind the checks that there are."""
        if not self.check:
            return sink
        message = request.message
        return Checked(
            sink,
            message.affected_sop_class_uid,
            message.affected_sop_instance_uid,
            request.context.transfer_syntax,
            strict=self.strict,
            keep_mismatched=self.keep_mismatched,
            shapes=self.shapes,
        )
