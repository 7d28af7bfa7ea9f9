"""The filter of system calls: its numbers by libseccomp, its decisions by a machine of our own."""

from __future__ import annotations

import ctypes
import ctypes.util
import struct

import pytest

from comity.core import seccomp

TOKENS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM = 0x00050000 | 1


def answer(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """Run the filter as the kernel does, on one call."""
    program = seccomp.program(machine)
    assert program is not None
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, TOKENS[machine] if arch is None else arch, 0, *padded)
    steps = list(struct.iter_unpack("<HBBI", program))
    at = held = 0
    while True:
        code, yes, no, value = steps[at]
        at += 1
        if code == 0x20:
            (held,) = struct.unpack_from("<I", data, value)
        elif code == 0x06:
            return value
        else:
            test = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            at += yes if test else no


@pytest.mark.parametrize("machine", TOKENS)
def test_the_numbers_are_those_of_libseccomp(machine: str) -> None:
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("no libseccomp here")
    library = ctypes.CDLL(name)
    which = list(TOKENS).index(machine)
    calls = seccomp.DENIED | {
        "clone": seccomp.CLONE, "clone3": seccomp.CLONE3, "ioctl": seccomp.IOCTL,
        "socket": seccomp.SOCKET,
    }  # fmt: skip
    for call, numbers in calls.items():
        token = ctypes.c_uint32(TOKENS[machine])
        known = library.seccomp_syscall_resolve_name_arch(token, call.encode())
        assert (numbers[which] if numbers[which] is not None else known) == known, call
        assert numbers[which] is not None or known < 0, call


@pytest.mark.parametrize("machine", TOKENS)
def test_what_is_denied_and_what_goes_on(machine: str) -> None:
    which = list(TOKENS).index(machine)
    denied = {both[which] for both in seccomp.DENIED.values()} - {None}
    special = {both[which] for both in (seccomp.CLONE3, seccomp.SOCKET)}
    for number in range(600):
        if number not in special:
            assert answer(machine, number) == (EPERM if number in denied else ALLOW), number
    clone, ioctl, socket = (each[which] for each in (seccomp.CLONE, seccomp.IOCTL, seccomp.SOCKET))
    assert answer(machine, seccomp.CLONE3[which]) == 0x00050000 | 38
    assert answer(machine, clone, 0x003D0F00) == ALLOW  # a thread
    assert answer(machine, clone, 0x01200011) == ALLOW  # a child, as glibc forks
    for bit in (17, 25, 26, 27, 28, 29, 30):
        assert answer(machine, clone, (1 << bit) | 17) == EPERM
    assert answer(machine, ioctl, 0, 0x5412) == EPERM
    assert answer(machine, ioctl, 0, 0x1_0000_5412) == EPERM  # the kernel takes 32 bits
    assert answer(machine, ioctl, 0, 0x5413) == ALLOW
    families = {number for number in range(50) if answer(machine, socket, number) == ALLOW}
    assert families == {1, 2, 10, 16}


def test_calls_by_another_way_are_stopped() -> None:
    assert answer("x86_64", 101, arch=0x40000003) == KILL
    assert answer("aarch64", 0, arch=0x40000028) == KILL
    assert answer("x86_64", 0x40000000 | 1) == EPERM
    assert seccomp.program("riscv64") is None


@pytest.mark.parametrize("machine", TOKENS)
def test_every_jump_ends_inside_the_program(machine: str) -> None:
    program = seccomp.program(machine)
    assert program is not None
    steps = list(struct.iter_unpack("<HBBI", program))
    for number, (code, yes, no, _value) in enumerate(steps, start=1):
        assert number + max(yes, no) < len(steps) or code == 0x06
