"""Tools are held in: no network, no files of the node, no end of processes, memory or time."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import platform
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st

from comity.core import seccomp
from comity.core.errors import Refused, Untrusted
from comity.evidence import sandbox, untrusted
from comity.evidence.sandbox import Limits, NotExamined

CONTENT = bytes(range(256)) * 5000
SHORT = Limits(wall_seconds=20, cpu_seconds=10, memory_bytes=400 * sandbox.MIB)


def run(code: str, limits: Limits = SHORT, content: bytes = CONTENT) -> str:
    command = [sys.executable, "-c", code]
    return sandbox.run(command, io.BytesIO(content), len(content), limits).decode()


def failure(code: str, limits: Limits = SHORT) -> str:
    with pytest.raises(NotExamined) as caught:
        run(code, limits)
    return caught.value.code


def test_a_tool_reads_the_file_and_only_its_answer_comes_out() -> None:
    code = """
from comity.evidence.tools.remote import given
import hashlib
with given() as file:
    whole = file.read()
    file.seek(-3, 2)
    print(len(whole), hashlib.sha256(whole).hexdigest()[:8], file.read(10))
    file.seek(10**12)
    print(file.read(5))
"""
    digest = hashlib.sha256(CONTENT).hexdigest()[:8]
    assert run(code).splitlines() == [f"{len(CONTENT)} {digest} {CONTENT[-3:]!r}", "b''"]


def test_the_world_of_a_tool_has_no_network_no_node_and_nothing_to_write_to(
    vault: Path, settings: LazySettings
) -> None:
    vault.mkdir(parents=True)
    secret = vault / "object"
    secret.write_bytes(b"sealed")
    places = [str(secret), str(settings.COMITY_KEYS), "/etc/passwd", "/home", "/var", "/root/x"]
    code = f"""
import os, socket
def failed(act):
    try:
        act()
    except OSError:
        return True
    return False
print([place for place in {places!r} if os.path.exists(place)])
print(failed(lambda: socket.create_connection(("127.0.0.1", 22), 1)), socket.if_nameindex())
print([place for place in ("/", "/usr", "/etc", {str(Path(sandbox.__file__).parent)!r})
       if not failed(lambda: open(os.path.join(place, "x"), "w"))])
print(sorted(os.environ))
print(len([name for name in os.listdir("/proc") if name.isdigit()]) < 6, os.getuid() != 0 or 1)
"""
    there, network, written, environment, alone = run(code).splitlines()
    assert there == "[]"
    assert network == "True [(1, 'lo')]"
    assert written == "[]"
    assert "SECRET_KEY" not in environment
    assert "DATABASE_URL" not in environment
    assert alone.startswith("True")


def test_a_bomb_of_processes_is_stopped_by_the_limit(tmp_path: Path) -> None:
    code = """
import os, time
made = 0
try:
    for _ in range(400):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
except OSError:
    pass
print(made)
"""
    ended = run(code, replace(SHORT, processes=12))
    assert int(ended) < 20


def test_memory_time_answer_and_folder_have_limits() -> None:
    assert failure("x = bytearray(2 * 1024**3)") == "tool_failed"
    assert failure("import time; time.sleep(600)", Limits(wall_seconds=0.7)) == "timed_out"
    spinning = Limits(wall_seconds=30, cpu_seconds=1)
    assert failure("while True: pass", spinning) == "tool_failed"
    small = Limits(answer_bytes=1000, room_bytes=1024 * 1024)
    assert failure("print('x' * 5000)", small) == "answer_too_long"
    assert failure("open('/tmp/big', 'wb').write(bytes(3 * 1024**2))", small) == "tool_failed"
    many = "for n in range(9): open(f'/tmp/{n}', 'wb').write(bytes(400 * 1024))"
    assert failure(many, small) == "tool_failed"


def test_what_a_tool_leaves_behind_ends_with_it() -> None:
    code = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    os.close(1)
    time.sleep(77.125)
print("done")
sys.stdout.flush()
os._exit(0)
"""
    assert run(code) == "done\n"
    for _ in range(100):
        left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if b"77.125" in _read(path)]
        if not left:
            return
        time.sleep(0.05)
    raise AssertionError("a process outlived its tool")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_nonsense_on_the_socket_hurts_nobody() -> None:
    code = """
import os, socket
link = socket.socket(fileno=int(os.environ["COMITY_FILE_SOCKET"]))
link.sendall(b"\\xff" * 5000)
print("said")
"""
    assert run(code) == "said\n"


def test_without_a_sandbox_nothing_runs(settings: LazySettings, tmp_path: Path) -> None:
    settings.COMITY_SANDBOX = "off"
    assert failure("print(1)") == "no_sandbox"
    settings.COMITY_SANDBOX = "no such word"
    assert failure("print(1)") == "no_sandbox"


def test_limits_alone_only_when_the_setting_says_so(settings: LazySettings) -> None:
    settings.COMITY_SANDBOX = "limits"
    assert sandbox.how() == "limits"
    assert failure("x = bytearray(2 * 1024**3)") == "tool_failed"
    assert failure("import time; time.sleep(600)", Limits(wall_seconds=0.7)) == "timed_out"
    code = "import os; print('SECRET_KEY' in os.environ, os.environ['TMPDIR'][:9])"
    assert run(code) == "False /dev/shm/\n"
    assert not [path for path in Path("/dev/shm").iterdir() if path.name.startswith("tmp")]


def test_a_file_that_does_not_hold_is_said_to_its_reader() -> None:
    class Altered(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise Untrusted("vaultfile.altered")

    code = "from comity.evidence.tools.remote import given; given().read()"
    with pytest.raises(Untrusted):
        sandbox.run([sys.executable, "-c", code], Altered(), 100, SHORT)


@pytest.mark.parametrize(
    "said", [b"\x00", b"\x00\x00\x00\x02" + bytes(8) + b"[]", b"\xff" * 12, b"\x00\x00\x00\x01" * 3]
)
def test_some_malformed_answers_are_a_failure_of_the_tool(said: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any
        list(sandbox.remote.read_frames(said))


@given(st.binary(max_size=200))
def test_no_answer_of_a_tool_brings_down_its_reader(said: bytes) -> None:
    with contextlib.suppress(ValueError):
        for header, content in sandbox.remote.read_frames(said):
            assert isinstance(header, dict)
            assert isinstance(content, bytes)


def test_an_answer_that_is_nested_very_deep_is_malformed() -> None:
    deep = b"[" * 200_000
    with pytest.raises(ValueError, match="deep"):
        list(sandbox.remote.read_frames(sandbox.remote.FRAME.pack(len(deep), 0) + deep))


def test_a_node_that_lies_among_the_programs_is_covered(
    settings: LazySettings, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    (programs / "node/keys").mkdir(parents=True)
    (programs / "node/keys/seal.key").write_text("secret")
    (programs / "tool").write_text("a tool")
    settings.COMITY_TOOL_FOLDERS = [programs]
    settings.COMITY_KEYS = programs / "node/keys"
    code = f"""
import os
print(sorted(os.listdir({str(programs)!r})), os.listdir({str(settings.COMITY_KEYS)!r}))
"""
    assert run(code) == "['node', 'tool'] []\n"


def test_tools_that_make_copies_are_held_in_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: LazySettings
) -> None:
    """The other runner, for redaction, excerpts and manifests: the same empty world."""
    listening = socket.create_server(("127.0.0.1", 0))
    tool = tmp_path / "comity/evidence/tools"
    tool.mkdir(parents=True)
    for folder in (tmp_path, tmp_path / "comity", tmp_path / "comity/evidence", tool):
        folder.chmod(0o755)
    for folder in (tmp_path / "comity", tmp_path / "comity/evidence"):
        (folder / "__init__.py").touch()
    for name in ("__main__.py", "__init__.py"):
        (tool / name).write_text((Path("src/comity/evidence/tools") / name).read_text("utf-8"))
    (tool / "probe.py").write_text(f"""
import json, os, socket
def main(arguments, source, out):
    found = {{"read": len(source.read()), "network": True, "seen": []}}
    try:
        socket.create_connection(("127.0.0.1", {listening.getsockname()[1]}), 1)
    except OSError as failure:
        found["network"] = failure.errno
    for path in ({str(settings.COMITY_KEYS)!r}, "/etc/passwd", "/home", "/var"):
        if os.path.exists(path):
            found["seen"].append(path)
    out.write(json.dumps(found).encode())
""")
    settings.COMITY_TOOL_FOLDERS = [str(tmp_path)]
    monkeypatch.setattr(untrusted, "_PACKAGES", str(tmp_path))
    with listening:
        said = untrusted.answer(untrusted.run("probe", [], io.BytesIO(CONTENT)))
    assert said["read"] == len(CONTENT)
    assert said["network"] == errno.ECONNREFUSED
    assert said["seen"] == []
    settings.COMITY_SANDBOX = "off"
    with pytest.raises(Refused, match=r"evidence\.no_sandbox"):
        untrusted.run("probe", [], io.BytesIO(CONTENT))


# --- system calls -------------------------------------------------------------------------------

CALLING = """
import ctypes, errno, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
said = {}
for name, number in json.loads(sys.argv[1]).items():
    ctypes.set_errno(0)
    libc.syscall(number, 0, 0, 0, 0, 0, 0)
    said[name] = errno.errorcode.get(ctypes.get_errno(), "")
print(json.dumps(said))
"""


def called(numbers: dict[str, int]) -> dict[str, str]:
    """What each system call without arguments answers in the sandbox."""
    command = [sys.executable, "-c", CALLING, json.dumps(numbers)]
    said: dict[str, str] = json.loads(sandbox.run(command, io.BytesIO(b"x"), 1, SHORT))
    return said


def test_each_denied_call_really_fails_in_the_sandbox() -> None:
    which = seccomp._MACHINES.index(platform.machine())
    numbers = {
        name: both[which] for name, both in seccomp.DENIED.items() if both[which] is not None
    }
    assert called(numbers) == dict.fromkeys(numbers, "EPERM")
    assert called({"clone3": seccomp.CLONE3[which]}) == {"clone3": "ENOSYS"}


def test_a_call_that_is_harmless_outside_is_refused_inside() -> None:
    """So that it is the filter which refuses, and not the lack of a right."""
    code = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print(libc.personality(0xffffffff), libc.ptrace(0, 0, 0, 0))
"""
    outside = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert outside.stdout == b"0 0\n"
    assert run(code) == "-1 -1\n"


def test_no_new_world_by_clone_no_typing_into_a_terminal_no_family_past_the_network() -> None:
    which = seccomp._MACHINES.index(platform.machine())
    clone, ioctl, made = seccomp.CLONE[which], seccomp.IOCTL[which], seccomp.SOCKET[which]
    code = f"""
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def tried(*words):
    ctypes.set_errno(0)
    done = libc.syscall(*(ctypes.c_ulong(word) for word in words))
    return errno.errorcode.get(ctypes.get_errno(), "") if done < 0 else "done"
for flag in (0x20000, 0x2000000, 0x10000000, 0x40000000):
    print(tried({clone}, flag | 17, 0, 0, 0, 0))
print(tried({ioctl}, 0, 0x5412, 0), tried({ioctl}, 0, 0x541C, 0))
print([tried({made}, family, 1, 0) for family in (1, 2, 10)])
print([tried({made}, family, 5, 0) for family in (38, 40, 17, 29)])
"""
    lines = run(code).splitlines()
    assert lines[:4] == ["EPERM"] * 4
    assert lines[4] == "EPERM EPERM"
    assert lines[5] == "['done', 'done', 'done']"
    assert lines[6] == str(["EAFNOSUPPORT"] * 4)


def test_processes_and_threads_start_as_ever_in_the_filter() -> None:
    code = """
import subprocess, threading
thread = threading.Thread(target=lambda: print(subprocess.check_output(["/bin/echo", "done"])))
thread.start()
thread.join()
"""
    assert run(code) == "b'done\\n'\n"


def test_the_nodes_home_is_hidden_whole_under_a_shown_place(
    tmp_path: Path, settings: LazySettings
) -> None:
    """As a home under /usr would be; an interpreter that lies in it is shown again."""
    home = tmp_path / "opt/comity"
    tools = home / "tools"
    tools.mkdir(parents=True)
    (home / "keys").mkdir()
    (tools / "reader").write_text("a tool")
    for name in ("node.sqlite3", "node.env", "wrapped-keys.jsonl"):
        (home / name).write_text("secret")
    settings.COMITY_TOOL_FOLDERS = [str(tmp_path / "opt"), str(tools)]
    settings.HOME = home
    settings.COMITY_KEYS = home / "keys"
    code = f"""
import os
print(sorted(os.listdir({str(home)!r})), os.listdir({str(tools)!r}))
"""
    assert run(code).strip() == "['tools'] ['reader']"
