"""A storage and verification SCP made of odil's Association class.

    /usr/bin/python3 odil_scp.py PORT FOLDER

The ready-made SCP classes of Debian's python3-odil call back into Python in a way that does not
work there, so requests are read and answered one by one here. odil listens for one association at
a time, and not while it serves one. A data set is written as odil writes it: parsed and encoded
anew, in Explicit VR Little Endian.
"""

import pathlib
import sys

import odil

ECHO_RQ = int(odil.messages.Message.Command.C_ECHO_RQ)
STORE_RQ = int(odil.messages.Message.Command.C_STORE_RQ)


def text(value):
    return value.decode("ascii") if isinstance(value, bytes) else value


def answer(message, folder):
    command = message.get_command_set()
    message_id = command.as_int("MessageID")[0]
    sop_class = text(command.as_string("AffectedSOPClassUID")[0])
    kind = message.get_command_field()
    if kind == ECHO_RQ:
        return odil.messages.CEchoResponse(message_id, 0, sop_class), sop_class
    if kind != STORE_RQ:
        raise ValueError(f"only C-ECHO and C-STORE are served here, not {kind:04X}")
    instance = text(command.as_string("AffectedSOPInstanceUID")[0])
    odil.Writer.write_file(message.get_data_set(), str(folder / (instance + ".dcm")))
    return odil.messages.CStoreResponse(message_id, 0), sop_class


def main():
    port, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    while True:
        association = odil.Association()
        try:
            association.receive_association("v4", port)
            while True:
                response, sop_class = answer(association.receive_message(), folder)
                association.send_message(response, sop_class)
        except odil.AssociationReleased:
            print("released", flush=True)
        except odil.AssociationAborted:
            print("aborted", flush=True)
        except Exception as error:  # a bad association must not end the service
            print(type(error).__name__, error, flush=True)
        del association


if __name__ == "__main__":
    main()
