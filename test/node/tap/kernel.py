"""The kernel's side of the TAP tests, on its device nw0: `kernel.py WHAT ARGUMENTS…`; the last line it prints is JSON."""
import json
import socket
import struct
import sys
import time

DEVICE = "nw0"
ALL = 3


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def raw():
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
    sock.bind((DEVICE, ALL))
    return sock


def arp(operation, hardware, sender, target_hardware, target):
    return struct.pack(
        "!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, hardware, socket.inet_aton(sender), target_hardware,
        socket.inet_aton(target))


def listen(seconds):
    """The ARP messages that come in: "OPERATION SENDER TARGET", and how many seconds after the first."""
    sock = raw()
    print("listening", flush=True)
    seen = []
    first = None
    end = time.monotonic() + float(seconds)
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            frame, (_, protocol, kind, *_) = sock.recvfrom(2048)
        except TimeoutError:
            break
        if protocol != 0x0806 or kind == 4:
            continue
        now = time.monotonic()
        first = first or now
        operation, = struct.unpack_from("!H", frame, 20)
        sender, target = (socket.inet_ntoa(frame[at:at + 4]) for at in (28, 38))
        seen.append([f"{operation} {sender} {target}", round(now - first, 1)])
    return seen


def say(operation, hardware, sender, target):
    """Broadcasts an ARP message, and hears what comes back within half a second."""
    sock = raw()
    hardware = mac(hardware)
    sock.send(b"\xff" * 6 + hardware + b"\x08\x06" + arp(int(operation), hardware, sender, bytes(6), target))
    answers = []
    end = time.monotonic() + 0.5
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            frame, (_, protocol, kind, *_) = sock.recvfrom(2048)
        except TimeoutError:
            break
        if protocol == 0x0806 and kind != 4:
            operation, = struct.unpack_from("!H", frame, 20)
            sender, target = (socket.inet_ntoa(frame[at:at + 4]) for at in (28, 38))
            answers.append(f"{operation} {sender} {target}")
    return answers


def receive(port, count):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", int(port)))
    sock.settimeout(10)
    print("listening", flush=True)
    return [sock.recv(100).decode() for _ in range(int(count))]


print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
