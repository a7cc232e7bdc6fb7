"""Everything a run is told: target, patience, declarations. Frozen, so verdicts can't depend on drift."""

import ssl
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from .facts import Facts

#: Declarations, or traits that a run finds out, without which a case cannot be judged.
Need = Literal[
    "checks-called", "checks-calling", "bad-user", "store-dir", "tls", "check-host",
    "echo", "store", "two-files", "exit-code", "concurrent", "deflated",
]  # fmt: skip
#: How long a Read waits: one of the runner's settings.
Patience = Literal["timeout", "artim", "idle", "acse", "dimse"]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files for TLS cases. `ca` verifies the product; the others are what the tester presents."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    expired_cert: Path | None = None
    expired_key: Path | None = None
    unknown_cert: Path | None = None
    unknown_key: Path | None = None
    other_cert: Path | None = None
    other_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of a run; times in seconds.

    An answer is due within `timeout`, slow up to `slow_max`, and a hang beyond; that nothing comes is
    watched for `still`, which is shorter than any timer of the product. `artim_max` bounds the wait for the product's ARTIM; `idle`, `acse_max` and `dimse_max` bound the cases that watch other
    timers, `exit_max` the wait for an SCU to end.
    """

    host: str = "127.0.0.1"
    port: int = 0
    called: str = "ANY-SCP"
    calling: str = "DULSPEC"
    timeout: float = 2.0
    slow_max: float = 10.0
    still: float = 2.0
    artim_max: float = 60.0
    idle: float = 5.0
    acse_max: float = 35.0
    dimse_max: float = 35.0
    exit_max: float = 10.0
    live_max: float = 10.0
    strict: bool = False
    lenient: bool = False
    checks_called: bool = False
    checks_calling: bool = False
    accept_any: bool = False
    max_assoc: int = 50
    store_dir: Path | None = None
    bad_user: str = ""
    tls: bool = False
    tls_port: int = 0
    mutual: bool = False
    tls_profile: str = ""
    profile: str = ""
    check_host: bool = False
    tls_files: TlsFiles = TlsFiles()
    confirm: int = 0
    start_cmd: str = ""
    exec: str = ""
    exec_echo: str = ""
    exec_tls: str = ""
    listen: int = 0
    port_per_case: bool = False
    show_data: bool = False
    big: int = 64 * 1024 * 1024

    def facts(self) -> Facts:
        """The facts a stimulus starts from."""
        return Facts(self.called, self.calling, self.bad_user)

    def declared(self, need: Need) -> bool:
        """Whether a declaration a case needs was made; needs the run itself can tell are true."""
        return {
            "checks-called": self.checks_called,
            "checks-calling": self.checks_calling,
            "bad-user": bool(self.bad_user),
            "store-dir": self.store_dir is not None,
            "tls": self.tls or bool(self.tls_port or self.exec_tls),
            "check-host": self.check_host,
            "exit-code": bool(self.exec or self.exec_echo),
        }.get(need, True)

    def as_json(self) -> dict[str, Any]:
        """The settings as plain data; the bad user's password stays out."""
        data = asdict(self)
        data["tls_files"] = {k: str(v) for k, v in data["tls_files"].items() if v}
        data["store_dir"] = str(self.store_dir) if self.store_dir else None
        data["bad_user"] = bool(self.bad_user)
        return data


def client_tls(settings: Settings) -> ssl.SSLContext:
    """A TLS client context for talking to the product: any certificate unless a CA was given."""
    files = settings.tls_files
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if files.ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(files.ca)
    if files.cert is not None:
        context.load_cert_chain(files.cert, files.key)
    return context


def server_tls(settings: Settings) -> ssl.SSLContext:
    """A TLS server context for a product that calls us."""
    files = settings.tls_files
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if files.cert is not None:
        context.load_cert_chain(files.cert, files.key)
    return context
