"""
The kernel's end of every conversation: ordinary sockets and as little else as may be, the same for all rows.

    peer.py serve    takes uploads, gives downloads, echoes datagrams; says "ready"
    peer.py call     obeys the lines of its input, "up ADDRESS PORT BYTES", "down ADDRESS PORT BYTES" and
                     "udp ADDRESS PORT COUNT", and answers each with the seconds it took

An upload is eight bytes with its length and so many more, then one byte back; a download is eight bytes with the length that is
wanted, and then that comes. One connection may carry many, one after the other. All ends when the input does.
"""
import os, queue, signal, socket, struct, sys, threading, time

UPLOAD, DOWNLOAD, ECHO = 7001, 7002, 7003
PIECE = 1 << 20
TIMEOUT = 60


def take(connection, buffer, length):
    while length > 0:
        count = connection.recv_into(buffer, min(length, PIECE))
        if count == 0:
            raise EOFError("the peer has closed")
        length -= count


def give(connection, buffer, length):
    while length > 0:
        connection.sendall(buffer[: min(length, PIECE)])
        length -= PIECE


def serve_one(connection, port):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = memoryview(bytearray(PIECE))
    while len(head := connection.recv(8, socket.MSG_WAITALL)) == 8:
        (length,) = struct.unpack("!Q", head)
        if port == UPLOAD:
            take(connection, buffer, length)
            connection.sendall(b"!")
        else:
            give(connection, buffer, length)
    connection.close()


def listen(port):
    listener = socket.create_server(("", port))

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve_one, args=(connection, port), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def echo():
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("", ECHO))
    while True:
        data, peer = datagrams.recvfrom(2048)
        datagrams.sendto(data, peer)


def serve():
    listen(UPLOAD)
    listen(DOWNLOAD)
    threading.Thread(target=echo, daemon=True).start()
    print("ready", flush=True)


class Caller:
    def __init__(self):
        self.sockets = {}
        self.buffer = memoryview(bytearray(PIECE))

    def connection(self, key):
        if key not in self.sockets:
            connection = socket.create_connection(key, TIMEOUT)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets[key] = connection
        return self.sockets[key]

    def up(self, key, length):
        connection = self.connection(key)
        connection.sendall(struct.pack("!Q", length))
        give(connection, self.buffer, length)
        if connection.recv(1) == b"":
            raise EOFError("the peer has closed")

    def down(self, key, length):
        connection = self.connection(key)
        connection.sendall(struct.pack("!Q", length))
        take(connection, self.buffer, length)

    def udp(self, key, count):
        if key not in self.sockets:
            self.sockets[key] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sockets[key].settimeout(TIMEOUT)
            self.sockets[key].connect(key)
        datagrams, data = self.sockets[key], bytes(64)
        for _ in range(count):
            datagrams.send(data)
            datagrams.recv(2048)


def call(lines):
    caller = Caller()
    try:
        while True:
            name, address, port, amount = lines.get().split()
            begin = time.monotonic()
            getattr(caller, name)((address, int(port)), int(amount))
            print(time.monotonic() - begin, flush=True)
    except Exception as error:
        print(f"{name} {address}: {error!r}", file=sys.stderr, flush=True)
        os._exit(1)


signal.signal(signal.SIGINT, signal.SIG_IGN)
orders = queue.SimpleQueue()
if sys.argv[1] == "serve":
    serve()
else:
    threading.Thread(target=call, args=(orders,), daemon=True).start()
for line in sys.stdin:
    orders.put(line)
os._exit(0)
