"""Checks that built functions run on any Linux: for their processor, static, at an address of the system's choosing, with
the tables of addresses read-only once they are filled in. Of a built template, that every function of it and of those it
nests has its executable.

Format: "ELF-64 Object File Format": the header's type and machine, and that no segment names an interpreter and no
entry of the dynamic segment a library. "Linux Standard Base", PT_GNU_RELRO: what is read-only after relocation.
"""

import pathlib
import struct
import sys

MACHINES = {"arm64": 183, "x86_64": 62}
# ET_DYN: position-independent. PT_DYNAMIC, PT_INTERP, DT_NEEDED: what a static executable has the first of alone.
TYPE, DYNAMIC, INTERPRETER, NEEDED = 3, 2, 3, 1
# PT_GNU_RELRO, and DF_BIND_NOW in DT_FLAGS: without it some of the tables would stay to be filled in later.
READ_ONLY, FLAGS, BIND_NOW = 0x6474E552, 30, 8


def wrong_with(data: bytes, arch: str) -> str | None:
    """What keeps an executable from running there."""
    if data[:6] != b"\x7fELF\x02\x01":
        return "is no 64-bit ELF file"
    kind, machine = struct.unpack_from("<HH", data, 16)
    if machine != MACHINES[arch]:
        return f"is for another processor than {arch}"
    if kind != TYPE:
        return "is not position-independent"
    (headers,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    segments = [struct.unpack_from("<IIQQQQ", data, headers + at * size) for at in range(count)]
    if any(segment[0] == INTERPRETER for segment in segments):
        return "asks for an interpreter: it is not static"
    dynamic = next((segment for segment in segments if segment[0] == DYNAMIC), None)
    if dynamic is None:
        return "has no dynamic segment, which a position-independent executable has"
    tags = list(struct.iter_unpack("<QQ", data[dynamic[2] : dynamic[2] + dynamic[5]]))
    if any(tag == NEEDED for tag, _ in tags):
        return "needs a library"
    now = any(tag == FLAGS and value & BIND_NOW for tag, value in tags)
    if not now or all(segment[0] != READ_ONLY for segment in segments):
        return "leaves its tables of addresses to be written to"
    return None


def executables(template: pathlib.Path) -> list[str]:
    """Where the functions of a built template are, and of those it nests."""
    from samtranslator.yaml_helper import yaml_parse

    document = yaml_parse(template.read_text(encoding="utf-8"))
    found = []
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            found.append(str(template.parent / resource["Properties"]["CodeUri"] / "bootstrap"))
        if resource["Type"] == "AWS::Serverless::Application":
            found += executables(template.parent / resource["Properties"]["Location"])
    return found


def main(arch: str, files: list[str]) -> None:
    if len(files) == 1 and files[0].endswith(".yaml"):
        files = executables(pathlib.Path(files[0]))
    if not files:
        sys.exit("no executables are named")
    for file in map(pathlib.Path, files):
        if not file.is_file():
            sys.exit(f"{file} is not there: nothing was built")
        if wrong := wrong_with(file.read_bytes(), arch):
            sys.exit(f"{file} {wrong}")
    print(f"{len(files)} functions for {arch}, static and position-independent")


main(sys.argv[1], sys.argv[2:])
