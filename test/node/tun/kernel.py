"""The kernel's side of the TUN tests: ordinary sockets. Prints one line of JSON. Everything ends by itself."""
import hashlib, json, os, random, socket, struct, sys, threading, time

PEER = "10.9.0.2"
HERE = "10.9.0.1"
PIECE = 262144


def pattern(size):
    return random.Random(1).randbytes(size)


def inet_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def ping(*sizes):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.settimeout(5)
    answered, times = [], []
    for number, size in enumerate(map(int, sizes)):
        data = pattern(size)
        head = struct.pack("!BBHHH", 8, 0, 0, 77, number)
        head = struct.pack("!BBHHH", 8, 0, 0xFFFF - inet_sum(head + data), 77, number)
        start = time.monotonic()
        s.sendto(head + data, (PEER, 0))
        while True:
            packet = s.recv(70000)[20:]
            if packet[0] == 0 and packet[4:8] == head[4:8]:
                break
        times.append(time.monotonic() - start)
        if packet[8:] == data and inet_sum(packet) == 0xFFFF:
            answered.append(size)
    return {"answered": answered if len(sizes) < 100 else len(answered), "medianMicros": round(sorted(times)[len(times) // 2] * 1e6)}


def echo(s, size):
    """Sends the pattern and reads it back; whether it is the same."""
    data = pattern(size)

    def send():
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    back = bytearray()
    while piece := s.recv(PIECE):
        back += piece
    thread.join()
    s.close()
    return bytes(back) == data


def tcp_client(port, size):
    s = socket.create_connection((PEER, int(port)), 30)
    print("connected", flush=True)
    return {"same": echo(s, int(size)), "bytes": int(size)}


def tcp_server(port):
    """Echoes one connection."""
    listener = socket.create_server((HERE, int(port)))
    listener.settimeout(30)
    print("listening", flush=True)
    s, _ = listener.accept()
    s.settimeout(30)
    total = 0
    while piece := s.recv(PIECE):
        s.sendall(piece)
        total += len(piece)
    s.close()
    return {"bytes": total}


def udp(port, *sizes):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    same = []
    for size in map(int, sizes):
        data = pattern(size)
        s.sendto(data, (PEER, int(port)))
        if s.recv(70000) == data:
            same.append(size)
    return {"same": same}


def udp_segments(port):
    """5000 bytes in one call, to be sent as datagrams of 1200."""
    SOL_UDP, UDP_SEGMENT = 17, 103
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.setsockopt(SOL_UDP, UDP_SEGMENT, 1200)
    data = pattern(5000)
    s.sendto(data, (PEER, int(port)))
    parts = [s.recv(70000) for _ in range(5)]
    return {"sizes": [len(part) for part in parts], "same": b"".join(parts) == data}


def flood(port, seconds):
    """Sends small datagrams for so long, as fast as it can."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((PEER, int(port)))
    data, sent, end = bytes(64), 0, time.monotonic() + float(seconds)
    while time.monotonic() < end:
        for _ in range(100):
            try:
                s.send(data)
                sent += 1
            except OSError:
                pass  # the stack has said that nobody listens
    return {"sent": sent}


print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])), flush=True)
