"""Somebody in the middle who claims to be Tokyo: writes down every call as it went by."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

READ_AT_ONCE = 65_536


def client_context(authority: Path, keys: Path) -> ssl.SSLContext:
    """TLS as the node with these keys calls a partner whose authority is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority)
    context.load_cert_chain(keys / "tls-client.pem", keys / "tls-client.key")
    return context


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS as a listener with this certificate takes calls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _read_head(line: ssl.SSLSocket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = line.recv(READ_AT_ONCE)
        if not piece:
            return b""
        data += piece
    return data


def _length(head: bytes) -> int:
    for field in head.lower().split(b"\r\n"):
        name, _, value = field.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0


def _is_whole(data: bytes) -> bool:
    head, _, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"HEAD "):
        return True
    if b"\r\ntransfer-encoding: chunked" in head.lower():
        return body.endswith(b"\r\n0\r\n\r\n") or body == b"0\r\n\r\n"
    return len(body) >= _length(head)


def read_message(line: ssl.SSLSocket) -> bytes:
    """Read one request or answer whole, with its body; empty when the other side hung up."""
    data = bytearray(_read_head(line))
    while data and not _is_whole(bytes(data)):
        piece = line.recv(READ_AT_ONCE)
        if not piece:
            return b""
        data += piece
    return bytes(data)


def call_raw(port: int, context: ssl.SSLContext, request: bytes) -> bytes:
    """Send bytes over a fresh connection; return what is answered, empty if nothing is."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as line,
    ):
        line.sendall(request)
        return read_message(line)


class Recorder:
    """Takes the partner's calls at the public port and passes them on; `calls` has the answered."""

    def __init__(self, port: int, target: int, *, served: ssl.SSLContext, onward: ssl.SSLContext):
        """served: whom it claims to be. onward: as whom it calls the node at target."""
        self.calls: list[bytes] = []
        self._target, self._served, self._onward = target, served, onward
        self._server = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        # A listening socket that another thread accepts on lives on until it is shut down.
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(plain,), daemon=True).start()

    def _carry(self, plain: socket.socket) -> None:
        with suppress(OSError), self._served.wrap_socket(plain, server_side=True) as line:
            while request := read_message(line):
                answer = call_raw(self._target, self._onward, request)
                if answer:
                    self.calls.append(request)
                line.sendall(answer)
