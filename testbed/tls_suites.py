"""Cipher suites, and the secure transport connection profiles of PS3.15 Annex B made of them."""

from dataclasses import dataclass

#: Code -> name, as IANA registers it without the leading TLS_.
NAMES = {
    0x1301: "AES_128_GCM_SHA256", 0x1302: "AES_256_GCM_SHA384", 0x1303: "CHACHA20_POLY1305_SHA256",
    0x1304: "AES_128_CCM_SHA256", 0x1305: "AES_128_CCM_8_SHA256",
    0xC02B: "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xC02C: "ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    0xC02F: "ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xC030: "ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xC0AC: "ECDHE_ECDSA_WITH_AES_128_CCM", 0xC0AD: "ECDHE_ECDSA_WITH_AES_256_CCM",
    0xC0AE: "ECDHE_ECDSA_WITH_AES_128_CCM_8", 0xC0AF: "ECDHE_ECDSA_WITH_AES_256_CCM_8",
    0xCCA8: "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCCA9: "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    0x009E: "DHE_RSA_WITH_AES_128_GCM_SHA256", 0x009F: "DHE_RSA_WITH_AES_256_GCM_SHA384",
    0xC07C: "DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256", 0xC07D: "DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
    0xC086: "ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256",
    0xC087: "ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384",
    0xC08A: "ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
    0xC08B: "ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
    0x002F: "RSA_WITH_AES_128_CBC_SHA", 0x0035: "RSA_WITH_AES_256_CBC_SHA",
    0x009C: "RSA_WITH_AES_128_GCM_SHA256", 0x009D: "RSA_WITH_AES_256_GCM_SHA384",
    0xC009: "ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xC00A: "ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    0xC013: "ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xC014: "ECDHE_RSA_WITH_AES_256_CBC_SHA",
}  # fmt: skip
TLS_1_3 = (0x1302, 0x1303, 0x1301, 0x1304, 0x1305)
#: Not for encryption: they say what a client can do (RFC 5746, RFC 7507), or are noise (RFC 8701).
SIGNALS = {0x00FF, 0x5600} | {0x0A0A + 0x1010 * n for n in range(16)}
_CBC = (0xC013, 0xC014, 0xC009, 0xC00A)
_STATIC_RSA = (0x009C, 0x009D, 0x002F, 0x0035)


@dataclass(frozen=True, slots=True)
class TlsProfile:
    """One profile: which suites a product must support, which others it may, `None` for any.

    `outside` are sets of suites, by name, that a product of a closed profile refuses.
    """

    id: str
    name: str
    required: tuple[int, ...]
    optional: tuple[int, ...] | None = None
    required_1_3: tuple[int, ...] = ()
    outside: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def suites(self) -> tuple[int, ...]:
        """All that the profile names, the preferred first."""
        return (*self.required_1_3, *self.required, *(self.optional or ()))


_BOTH_DHE = (0xC030, 0xC02F, 0x009F, 0x009E)
TLS_PROFILES = {
    "B10": TlsProfile("B.10", "Non-Downgrading BCP 195 TLS", _BOTH_DHE),
    "B11": TlsProfile(
        "B.11", "Extended BCP 195 TLS", _BOTH_DHE,
        (0xC02C, 0xC02B, 0xC07D, 0xC07C, 0xC087, 0xC086, 0xC08B, 0xC08A),
        outside=(("CBC", _CBC), ("static RSA", _STATIC_RSA), ("ChaCha20", (0xCCA8, 0xCCA9))),
    ),
    "B12": TlsProfile(
        "B.12", "BCP 195 RFC 8996, 9325 TLS", (0xC02F, 0xC030, 0xC02B, 0xC02C),
    ),
    "B13": TlsProfile(
        "B.13", "Modified BCP 195 RFC 8996, 9325 TLS",
        (0xC02C, 0xC030, 0xC0AD, 0xC0AF, 0xCCA9, 0xCCA8, 0xC02F, 0xC02B, 0xC0AC, 0xC0AE),
        (0xC087, 0xC086, 0xC08B, 0xC08A, 0xC07D, 0xC07C, 0x009F, 0x009E),
        required_1_3=TLS_1_3,
        outside=(("CBC", _CBC), ("static RSA", _STATIC_RSA)),
    ),
}  # fmt: skip


def name(code: int) -> str:
    """A suite's name and code."""
    return f"{NAMES.get(code, 'suite')} ({code:04X}H)"
