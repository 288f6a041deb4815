"""
The kernel's side of the bulk tests: ordinary sockets. Who connects says in a line of text what it wants, "take N" (the other sends) or
"send N" (the other receives and answers "same N" or what is wrong), or "echo 0". The bytes are a pattern whose period is a prime number,
so that what is lost, comes twice or in another order does not look like what was sent.

bulk.py server PORT                        one connection after the other, each in a thread, until it is ended; prints "listening"
bulk.py client ADDRESS PORT take|send N    prints one line of JSON
bulk.py idle ADDRESS PORT SECONDS          says nothing for so long, with keep-alive probes each second; then speaks
"""
import json, random, socket, sys, threading, time

PERIOD = 1000003
PIECE = 262144
# made as pattern.ts makes it, byte by byte: no module's random numbers are in two languages
PATTERN = bytes((i * 31 + (i >> 8) * 7 + (i >> 16) * 13) & 255 for i in range(PERIOD)) * 2


def send_pattern(s, size):
    at, view = 0, memoryview(PATTERN)
    while at < size:
        start = at % PERIOD
        piece = view[start : start + min(PERIOD, size - at)]
        s.sendall(piece)
        at += len(piece)


def take_pattern(s, size):
    """What is wrong with what comes, or "same N"."""
    buffer, at = bytearray(PIECE), 0
    while at < size:
        count = s.recv_into(buffer, min(PIECE, size - at))
        if count == 0:
            return "ended after %d" % at
        start = at % PERIOD
        if buffer[:count] != PATTERN[start : start + count]:
            return "differs between %d and %d" % (at, at + count)
        at += count
    return "same %d" % at


def read_line(s):
    line = b""
    while not line.endswith(b"\n"):
        piece = s.recv(1)
        if not piece:
            break
        line += piece
    return line.decode().strip()


def serve(s):
    what, size = read_line(s).split()
    if what == "take":
        send_pattern(s, int(size))
    elif what == "send":
        s.sendall((take_pattern(s, int(size)) + "\n").encode())
    elif what == "echo":
        while piece := s.recv(PIECE):
            s.sendall(piece)
    s.close()


def server(port):
    listener = socket.create_server(("", int(port)), backlog=100)
    print("listening", flush=True)
    while True:
        s, _ = listener.accept()
        keep_alive(s)
        threading.Thread(target=serve, args=(s,), daemon=True).start()


def client(address, port, what, size):
    s = socket.create_connection((address, int(port)), 60)
    s.settimeout(None)
    start = time.monotonic()
    s.sendall(("%s %s\n" % (what, size)).encode())
    if what == "take":
        result = take_pattern(s, int(size))
        end = s.recv(1) == b""
    else:
        send_pattern(s, int(size))
        result = read_line(s)
        end = s.recv(1) == b""
    s.close()
    return {"result": result, "end": end, "seconds": time.monotonic() - start}


def keep_alive(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


def idle(address, port, seconds):
    s = socket.create_connection((address, int(port)), 10)
    keep_alive(s)
    s.sendall(b"echo 0\n")
    said = []
    for pause in (0, float(seconds)):
        time.sleep(pause)
        s.sendall(b"still here\n")
        said.append(read_line(s))
    s.close()
    return {"said": said}


result = globals()[sys.argv[1]](*sys.argv[2:])
print(json.dumps(result), flush=True)
