#!/usr/bin/env python3
"""qmp.py SOCKET COMMAND [NAME=VALUE...]: asks QEMU something by its machine protocol, and prints the answer."""
import json
import socket
import sys

path, command, *pairs = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(30)
    connection.connect(path)
    stream = connection.makefile("rw")
    stream.readline()
    for request in (
        {"execute": "qmp_capabilities"},
        {"execute": command, "arguments": dict(pair.split("=", 1) for pair in pairs)},
    ):
        stream.write(json.dumps(request) + "\n")
        stream.flush()
        # Events come in between.
        answer = {}
        while "return" not in answer and "error" not in answer:
            answer = json.loads(stream.readline())
print(json.dumps(answer))
sys.exit("error" in answer)
