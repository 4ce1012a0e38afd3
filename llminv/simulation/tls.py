"""TLS without TLS: what a simulated world puts in place of handshakes and trust stores.

Nobody could notice a forged certificate here, because nothing leaves the process; and loading trust
stores costs more than everything else a scenario does. `PlainTextTls` stands where a client runs TLS
over memory buffers (anyio, httpcore): it hands the bytes through as they are.
"""

from __future__ import annotations

import ssl
from typing import Any


class PlainTextTls:
    """An `ssl.SSLObject` that does not encrypt (its names and signatures, hence Any)."""

    def __init__(
        self, context: ssl.SSLContext, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, hostname: str | None
    ) -> None:
        self.context = context
        self.server_side = False
        self.server_hostname = hostname
        self.session_reused = False
        self._incoming = incoming
        self._outgoing = outgoing

    def do_handshake(self) -> None:
        """Nothing to agree on."""

    def read(self, size: int = 65_536, buffer: Any = None) -> Any:
        """Return (or put into `buffer`) what came in; b"" or 0 at the end."""
        if not self._incoming.pending and not self._incoming.eof:
            raise ssl.SSLWantReadError
        data = self._incoming.read(size)
        if buffer is None:
            return data
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        """Send `data` as it is."""
        return self._outgoing.write(data)

    def unwrap(self) -> None:
        """Nothing to say good-bye to."""

    def pending(self) -> int:
        return self._incoming.pending

    def version(self) -> str:
        return "TLSv1.3"

    def cipher(self) -> tuple[str, str, int]:
        return ("TLS_AES_128_GCM_SHA256", "TLSv1.3", 128)

    def shared_ciphers(self) -> None:
        return None

    def compression(self) -> None:
        return None

    def getpeercert(self, binary_form: bool = False) -> Any:
        return b"" if binary_form else {}

    def selected_alpn_protocol(self) -> None:
        return None

    def selected_npn_protocol(self) -> None:
        return None

    def get_channel_binding(self, cb_type: str = "tls-unique") -> None:  # noqa: ARG002 - ssl.SSLObject's own name
        return None
