"""A filter of system calls as a BPF program: what a program that reads a file never needs.

For the kernel's seccomp (seccomp(2), linux/seccomp.h, linux/bpf_common.h). Calls that reach other
processes, kernel keys, mounts, namespaces, modules, the clock, or parts of the kernel known for
their faults fail with EPERM; the rest goes on. Numbers: the kernel's asm/unistd_64.h and
asm-generic/unistd.h.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
# By name: the number on x86_64 and on aarch64; None where the machine has no such call.
DENIED: Mapping[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "syslog": (103, 116),
    "vhangup": (153, 58),
    "personality": (135, 92),
    "uselib": (134, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
# Looked at with their arguments.
CLONE, CLONE3 = (56, 220), (435, 435)
IOCTL, SOCKET = (16, 29), (41, 198)
NEW_NAMESPACES = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # they type into the terminal
# AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: an empty network holds these in. Others reach past it.
FAMILIES = (1, 2, 10, 16)
_MACHINES = ("x86_64", "aarch64")
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000  # numbers of the other way to call on x86_64
_NUMBER, _ARCH, _FIRST, _SECOND = 0, 4, 16, 24  # in struct seccomp_data; arguments' low halves
_LOAD, _RETURN = 0x20, 0x06
_EQUAL, _AT_LEAST, _ANY_BIT = 0x15, 0x35, 0x45
_KILL, _ERROR, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000


@dataclass
class _Assembler:
    """Steps of a program; a jump names its goal, which lies further on."""

    steps: list[tuple[int, int, str, str]] = field(default_factory=list)
    goals: dict[str, int] = field(default_factory=dict)

    def add(self, code: int, value: int, yes: str = "", no: str = "") -> None:
        self.steps.append((code, value, yes, no))

    def here(self, goal: str) -> None:
        self.goals[goal] = len(self.steps)

    def bytes(self) -> bytes:
        """Each step as struct sock_filter, in the byte order of both machines."""
        packed = b""
        for number, (code, value, yes, no) in enumerate(self.steps, start=1):
            jumps = [self.goals[goal] - number if goal else 0 for goal in (yes, no)]
            packed += struct.pack("<HBBI", code, *jumps, value)
        return packed


def program(machine: str) -> bytes | None:
    """The filter for a machine as `uname -m` names it; None for one that is not known here."""
    if machine not in _MACHINES:
        return None
    which = _MACHINES.index(machine)
    made = _Assembler()
    made.add(_LOAD, _ARCH)
    made.add(_EQUAL, _AUDIT[machine], no="kill")  # a 32-bit call has other numbers
    made.add(_LOAD, _NUMBER)
    if machine == "x86_64":
        made.add(_AT_LEAST, _X32, yes="deny")
    for numbers in DENIED.values():
        if (number := numbers[which]) is not None:
            made.add(_EQUAL, number, yes="deny")
    made.add(_EQUAL, CLONE3[which], yes="absent")  # its flags lie in memory; clone is tried then
    for call, goal in ((CLONE, "clone"), (IOCTL, "ioctl"), (SOCKET, "socket")):
        made.add(_EQUAL, call[which], yes=goal)
    made.add(_RETURN, _ALLOW)
    _by_argument(made)
    _answers(made)
    return made.bytes()


def _by_argument(made: _Assembler) -> None:
    made.here("clone")
    made.add(_LOAD, _FIRST)
    made.add(_ANY_BIT, NEW_NAMESPACES, yes="deny", no="allow")
    made.here("ioctl")
    made.add(_LOAD, _SECOND)
    made.add(_EQUAL, TIOCSTI, yes="deny")
    made.add(_EQUAL, TIOCLINUX, yes="deny", no="allow")
    made.here("socket")
    made.add(_LOAD, _FIRST)
    for family in FAMILIES:
        made.add(_EQUAL, family, yes="allow")
    made.add(_RETURN, _ERROR | EAFNOSUPPORT)


def _answers(made: _Assembler) -> None:
    answers: Sequence[tuple[str, int]] = (
        ("allow", _ALLOW),
        ("deny", _ERROR | EPERM),
        ("absent", _ERROR | ENOSYS),
        ("kill", _KILL),
    )
    for goal, answer in answers:
        made.here(goal)
        made.add(_RETURN, answer)
