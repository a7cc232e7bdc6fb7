"""Meeting a product that calls: listen, start it if it is ours to start, take its connection."""

import socket
import sys

from .clock import Clock
from .launch import Handle
from .model import Case
from .observe import Wire
from .scene import Scene, Unmet
from .settings import server_tls
from .verdicts import Sub, Verdict

#: How long a started SCU may take to call us.
CALL_TIMEOUT = 20.0


def meet(scene: Scene, case: Case) -> None:
    """Listen, start the product, and take its connection.

    Raises:
        Unmet: the product did not call.
    """
    start(scene, case, listen(scene))
    take_call(scene)


def listen(scene: Scene) -> int:
    """Open the scene's listening socket; its port.

    With a port per case it is the case's place in the whole catalogue that counts, so that the
    configuration of a product stays right whatever is selected.
    """
    settings = scene.settings
    port = settings.listen + (scene.place if settings.port_per_case else 0)
    scene.listener = socket.create_server((settings.host, port))
    return int(scene.listener.getsockname()[1])


def start(scene: Scene, case: Case, port: int) -> None:
    """Start the product, if it is ours to start."""
    trial = scene.trial
    if trial.launcher is None:
        return
    count = 2 if "two-files" in case.needs else 1
    files = trial.files(count, big="big-file" in case.tags)
    scene.handle = trial.launcher(port, files, "echo" in case.needs)


def start_plain(scene: Scene, port: int) -> None:
    """Start the product with one small file, outside any case's needs."""
    trial = scene.trial
    if trial.launcher is not None:
        scene.handle = trial.launcher(port, trial.files(1, big=False), False)


def start_secure(scene: Scene, port: int) -> None:
    """Start the product for a case about TLS, with one small file."""
    trial = scene.trial
    if trial.tls_launcher is not None:
        scene.handle = trial.tls_launcher(port, trial.files(1, big=False), False)


def take_call(scene: Scene) -> None:
    """Accept the product's connection and make it the scene's.

    Raises:
        Unmet: nobody called.
    """
    listener, started = scene.listener, scene.trial.launcher is not None
    if listener is None:
        raise RuntimeError("listen first")
    if not started:
        port = listener.getsockname()[1]
        print(f"{scene.case_id}: start the product towards port {port}", file=sys.stderr)
    try:
        sock = _accepted(listener, scene.handle, scene.clock)
        if scene.settings.tls:
            sock.settimeout(CALL_TIMEOUT)
            sock = server_tls(scene.settings).wrap_socket(sock, server_side=True)
    except OSError as error:
        message = f"the product did not call: {_why(error, scene.handle)}"
        raise Unmet(Verdict.FAIL, message, Sub.PRECONDITION) from error
    wire = Wire(sock, scene.log, len(scene.wires) + 1)
    wire.note("the product connected")
    scene.adopt(wire)


def _accepted(listener: socket.socket, handle: Handle | None, clock: Clock) -> socket.socket:
    """The product's connection; a command that fails is not waited for: it will call no more.

    One that ends with 0 may have left another process behind, which calls.
    """
    if handle is None:
        listener.settimeout(None)
        return listener.accept()[0]
    for piece in clock.slices(CALL_TIMEOUT):
        failed = bool(handle.wait(0))
        listener.settimeout(0 if failed else piece)
        try:
            return listener.accept()[0]
        except (TimeoutError, BlockingIOError):
            if failed:
                break
    raise TimeoutError(f"timed out after {CALL_TIMEOUT:g} s")


def _why(error: OSError, handle: Handle | None) -> str:
    code = None if handle is None else handle.wait(0)
    if code is None:
        return str(error)
    if code < 0:
        return f"its command was ended by signal {-code}"
    return f"its command ended with exit code {code}"
