#!/usr/bin/env python3
"""exchange.py SOCKET SECONDS TEXT WANTED: what the host does at the other end of a guest's port.

Connects to the socket of a character device of QEMU, sends TEXT and the end of a line, and reads until WANTED has come. Prints what was
read; fails when WANTED did not come in time.
"""
import socket
import sys
import time

path, seconds, text, wanted = sys.argv[1], float(sys.argv[2]), sys.argv[3].encode() + b"\n", sys.argv[4].encode()
end = time.monotonic() + seconds
received = b""
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(path)
    connection.settimeout(seconds)
    connection.sendall(text)
    while wanted not in received and time.monotonic() < end:
        connection.settimeout(max(0.1, end - time.monotonic()))
        try:
            piece = connection.recv(4096)
        except TimeoutError:
            break
        if not piece:
            break
        received += piece
sys.stdout.buffer.write(received)
sys.exit(wanted not in received)
