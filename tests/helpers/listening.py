"""The addresses at which a process can be reached, as the kernel lists them (Linux)."""

import ipaddress
import os
import sys
from pathlib import Path


def listening(process: int | str = "self") -> set[str]:
    """Addresses that the TCP sockets of ``process`` listen on."""
    own = set()
    for link in Path(f"/proc/{process}/fd").iterdir():
        try:
            own.add(os.readlink(link))
        except OSError:  # closed by now
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
                found.add(_address(fields[1].split(":")[0]))
    return found


def _address(digits: str) -> str:
    words = [
        int(digits[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(digits), 8)
    ]
    return str(ipaddress.ip_address(b"".join(words)))
