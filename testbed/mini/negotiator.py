"""What the mini acceptor makes of an A-ASSOCIATE-RQ: faults, rejections, the answer."""

import struct

from .. import raw
from ..parse import AssociateView, Context, uid_text
from .data import inner_faults
from .peer import OUR_MAX, MiniPeer

TRANSFERS = (raw.IMPLICIT_LE, raw.EXPLICIT_LE, raw.DEFLATED_LE)
KNOWN_ITEMS = {0x10, 0x20, 0x50}
KNOWN_SUBITEMS = {0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58}


class Rejected(Exception):
    """The association is rejected with this triple."""


class Negotiator(MiniPeer):
    """The half of an acceptor that reads requests; `accepted` holds syntaxes by context id."""

    accepted: dict[int, tuple[str, str]]

    def faults_of(self, view: AssociateView) -> list[str]:
        """What makes the request an invalid PDU."""
        faults = [] if self.bad("reads-past-items") else list(view.faults)
        if self.bad("ignores-stray-bytes"):
            faults = [fault for fault in faults if "stray" not in fault]
        kinds = [entry.type for entry in view.items]
        if 0x10 not in kinds or 0x20 not in kinds or any(len(b) != 4 for b in view.subitems(0x51)):
            faults.append("mandatory part missing")
        if any(not uid_text(entry.body) for entry in view.items if entry.type == 0x10):
            faults.append("empty application context")
        ids = [context.id for context in view.contexts if context.abstracts or context.transfers]
        proposed = [entry.body[0] for entry in view.items if entry.type == 0x20 and entry.body]
        if any(not id_ % 2 for id_ in proposed) and not self.bad("accepts-even-ids"):
            faults.append("even context ID")
        if len(set(ids)) != len(ids) and not self.bad("accepts-duplicate-ids"):
            faults.append("duplicate context ID")
        if self.bad("refuses-unknown-items") and set(kinds) - KNOWN_ITEMS:
            faults.append("unknown item")
        if (
            self.bad("refuses-unknown-sub-items")
            and {e.type for e in view.user_items} - KNOWN_SUBITEMS
        ):
            faults.append("unknown sub-item")
        if self.bad("wants-ordered-sub-items"):
            order = [entry.type for entry in view.user_items]
            faults += [] if order == sorted(order) else ["order"]
        if self.bad("tests-reserved") and (any(view.reserved_32) or any(view.reserved)):
            # Only a request that is all reserved FFH; P.AC.02 fills bytes 43-74 alone.
            faults += ["reserved"] if any(view.reserved) else []
        return faults + inner_faults(view)

    def judge_request(self, view: AssociateView) -> None:
        """Raise Rejected for what PS3.8 rejects."""
        version_ok = view.version & 1
        if self.bad("version-must-be-1"):
            version_ok = view.version == 1
        if self.bad("accepts-version-2"):
            version_ok = view.version & 3
        if not version_ok:
            raise Rejected(1, 2, 2)
        names = [uid_text(entry.body) for entry in view.items if entry.type == 0x10]
        unknown = names and names[0] and names[0] != raw.APPLICATION_CONTEXT
        if unknown and not self.bad("accepts-any-application-context"):
            raise Rejected(1, 1, 2)
        called = view.called_ae_title.decode("latin-1")
        calling = view.calling_ae_title.decode("latin-1")
        called = called.rstrip(" ") if self.bad("keeps-leading-spaces") else called.strip(" ")
        if called != self.config.title and not self.bad("any-called-title"):
            raise Rejected(1, 1, 7)
        if calling.strip(" ") not in self.config.callers and not self.bad("any-calling-title"):
            raise Rejected(1, 1, 3)
        if (
            view.max_length is not None
            and 0 < view.max_length < 8
            and not self.bad("over-long-pdus")
        ):
            raise Rejected(1, 1, 1)
        for body in view.subitems(0x58)[:1]:
            self.judge_user(body)

    def judge_user(self, body: bytes) -> None:
        """Reject the one user that is known to be bad."""
        size = int.from_bytes(body[2:4], "big")
        name = body[4 : 4 + size]
        known_bad = name == self.config.bad_user.partition(":")[0].encode()
        if known_bad and not self.bad("accepts-bad-user"):
            raise Rejected(2 if self.bad("bad-user-is-transient") else 1, 2, 1)

    def accept(self, view: AssociateView) -> bytes:
        """The A-ASSOCIATE-AC."""
        contexts = [self.answer(context) for context in view.contexts]
        if self.bad("forgets-last-context") and len(contexts) > 1:
            contexts.pop()
        extra = [raw.item(0x60, b"extra")] if self.bad("extra-item-in-ac") else []
        name = raw.APPLICATION_CONTEXT
        for entry in view.items:
            if entry.type == 0x10 and self.bad("accepts-any-application-context"):
                name = uid_text(entry.body)
        user = [raw.max_length(OUR_MAX), raw.implementation_class(), *self.user_answers(view),
                raw.implementation_version("MINI_1")]  # fmt: skip
        if self.bad("no-maximum-length"):
            user.pop(0)
        echo = not self.bad("does-not-echo-fields")
        return raw.associate_ac(
            view.called_ae_title if echo else "SOMEBODY",
            view.calling_ae_title,
            items=[raw.application_context(name), *contexts, *extra, raw.user_information(user)],
            reserved_32=view.reserved_32,
            reserved=0x55 if self.bad("reserved-in-ac") else 0,
        )

    def answer(self, context: Context) -> bytes:
        """The 21H for one 20H."""
        transfers = [uid_text(uid) for uid in context.transfers]
        common = [uid for uid in transfers if uid in TRANSFERS]
        result = 0
        if len(context.abstracts) != 1 or not transfers or not all(transfers):
            result = 2
        elif uid_text(context.abstracts[0]) not in {raw.VERIFICATION, raw.CT_STORAGE}:
            result = 1 if self.bad("wrong-result-for-abstract") else 3
        elif not common:
            result = 0 if self.bad("accepts-any-transfer-syntax") else 4
        chosen = (common or transfers or [raw.IMPLICIT_LE])[0]
        if result == 0:
            self.accepted[context.id] = (uid_text(context.abstracts[0]), chosen)
        return raw.context_ac(context.id, result, (chosen,))

    def user_answers(self, view: AssociateView) -> list[bytes]:
        """Answers to 53H, 54H and 58H."""
        answers: list[bytes] = []
        for body in view.subitems(0x53)[:1]:
            offer = struct.unpack(">HH", body)
            window = (
                (9, 9) if self.bad("window-too-large") else tuple(min(v or 1, 1) for v in offer)
            )
            answers.append(raw.async_window(*window))
        if self.bad("unasked-window") and not view.subitems(0x53):
            answers.append(raw.async_window(1, 1))
        roles: dict[str, tuple[int, int]] = {}
        for body in view.subitems(0x54):
            roles.setdefault(uid_text(body[2:-2]), (body[-2], body[-1]))
        all_roles = self.bad("grants-all-roles")
        answers += [
            raw.role(uid, 1, 1) if all_roles else raw.role(uid, scu, 0)
            for uid, (scu, _) in roles.items()
            if uid == raw.CT_STORAGE
        ]
        for body in view.subitems(0x58)[:1]:
            if (body[1] and body[0] in {1, 2, 5}) or self.bad("unasked-identity-answer"):
                answers.append(raw.identity_ac())
        if self.bad("common-extended-in-ac") and view.subitems(0x57):
            answers.append(raw.common_extended(raw.CT_STORAGE, "1.2.840.10008.4.2"))
        return answers
