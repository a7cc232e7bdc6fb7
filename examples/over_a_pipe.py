"""C-ECHO through a program's pipes: python over_a_pipe.py ssh gateway nc pacs.example 104."""

import os
import sys
from select import select
from subprocess import PIPE, Popen
from time import monotonic as now

from dimse.messages import CEchoRQ, decode_message
from dul import Association, Limits, Role, context_offers, events, request

ECHO = CEchoRQ(message_id=1, affected_sop_class_uid="1.2.840.10008.1.1")
with Popen(sys.argv[1:], stdin=PIPE, stdout=PIPE) as peer:
    ours, theirs = peer.stdin.fileno(), peer.stdout.fileno()  # type: ignore[union-attr]
    association = Association(Role.REQUESTOR)
    offers = context_offers([(ECHO.affected_sop_class_uid, ["1.2.840.10008.1.2"])])
    association.associate(request("ANY-SCP", "PIPE", offers, Limits()))
    association.connected(now())
    while not association.close_wanted:
        while data := b"".join(association.data_to_send()):
            association.data_sent(os.write(ours, data), now())
        due = association.next_deadline()
        if select([theirs], [], [], due and max(0, due - now()))[0]:
            count = os.readv(theirs, [association.get_buffer()])
            association.buffer_updated(count, now()) if count else association.disconnected(now())
        association.handle_deadline(now())
        while event := association.next_event():
            print(type(event).__name__)
            if isinstance(event, events.AssociateConfirmation):
                association.send(1, command=True, source=ECHO.encode())
            elif isinstance(event, events.DataIndication):
                print(decode_message(b"".join(each.fragment for each in event.pdvs)))
                association.release()
