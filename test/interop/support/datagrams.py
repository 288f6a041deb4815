"""The kernel's end of a flood of datagrams: `datagrams.py send HOST PORT COUNT SIZE`, or `receive PORT`, which is slow, until SIGTERM. Prints how many."""

import signal
import socket
import sys
import time

mode, *rest = sys.argv[1:]
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

if mode == "send":
    host, port, count, size = rest[0], *map(int, rest[1:])
    sent = 0
    for number in range(count):
        try:
            sock.sendto(number.to_bytes(4, "big") + bytes(size - 4), (host, port))
            sent += 1
        except OSError:
            pass  # the kernel says so where it has no room
    print(sent)
else:
    taken = 0

    def end(*_):
        print(taken, flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
    sock.bind(("", int(rest[0])))
    print("receiving", flush=True)
    while True:
        sock.recv(65_536)
        taken += 1
        if taken % 1000 == 0:
            time.sleep(0.02)
