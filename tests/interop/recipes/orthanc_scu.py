"""Lets a running Orthanc echo, or store files.

    python orthanc_scu.py HTTP_PORT echo|store HOST PORT CALLED [FILE ...]

Exit code: 0 if Orthanc says that it went well, 1 otherwise.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

http, what, host, port, called, *files = sys.argv[1:]
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
modality = f"peer{os.getpid()}"  # runs may go on side by side


def call(path: str, body: bytes, method: str = "POST") -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{http}{path}", data=body, method=method)
    with direct.open(request, timeout=120) as response:
        return response.read()


try:
    ids = []
    for file in files:
        ids.append(json.loads(call("/instances", Path(file).read_bytes()))["ID"])
    call(f"/modalities/{modality}", json.dumps([called, host, int(port)]).encode(), "PUT")
    asked = b"{}" if what == "echo" else json.dumps(ids).encode()
    print(call(f"/modalities/{modality}/{what}", asked).decode())
except urllib.error.HTTPError as error:
    print(error, error.read().decode("utf-8", "replace"))
    sys.exit(1)
