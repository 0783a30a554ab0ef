"""Checks that built functions run on Amazon Linux 2023: their processor, and the newest glibc they ask for.

Format: "ELF-64 Object File Format", version needs of .gnu.version_r, whose names stand in .dynstr as GLIBC_2.x.
"""

import pathlib
import re
import struct
import sys

# `ldd --version` in provided.al2023.
GLIBC = (2, 34)
MACHINES = {"arm64": 183, "x86_64": 62}


def main(arch: str, folder: str) -> None:
    files = sorted(pathlib.Path(folder).glob("*/bootstrap"))
    if not files:
        sys.exit(f"{folder} holds no function: */bootstrap")
    newest = (0, 0)
    for file in files:
        data = file.read_bytes()
        if data[:5] != b"\x7fELF\x02":
            sys.exit(f"{file} is no 64-bit ELF file")
        (machine,) = struct.unpack_from("<H", data, 18)
        if machine != MACHINES[arch]:
            sys.exit(f"{file} is for another processor than {arch}")
        needs = {tuple(map(int, version)) for version in re.findall(rb"GLIBC_(\d+)\.(\d+)", data)}
        if not needs:
            sys.exit(f"{file} names no version of glibc: the check would be worth nothing")
        newest = max(newest, *needs)
        if max(needs) > GLIBC:
            version = ".".join(map(str, max(needs)))
            sys.exit(f"{file} needs glibc {version}; Amazon Linux 2023 has {'.'.join(map(str, GLIBC))}")
    print(f"{len(files)} functions for {arch}; the newest glibc they need is {'.'.join(map(str, newest))}")


main(sys.argv[1], sys.argv[2])
