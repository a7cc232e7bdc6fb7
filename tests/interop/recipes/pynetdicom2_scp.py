"""A storage and verification SCP made of pynetdicom2.

    python pynetdicom2_scp.py PORT FOLDER AE_TITLE

It runs until it is ended from outside.
"""

import pathlib
import signal
import sys

from pynetdicom2 import applicationentity, sopclass, uids

port, folder, title = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
folder.mkdir(parents=True, exist_ok=True)
archive = applicationentity.StorageAE(folder, title, port, uids.ALL_TS)
archive.add_scp(sopclass.verification_scp)
archive.add_scp(sopclass.storage_scp)
with archive:
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
