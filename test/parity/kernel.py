"""Executes socket programs with Python's `socket` on the Linux kernel.

Reads {"programs": [...], "jobs": 8} as language.ts has parsed them from standard input, writes one line of JSON per
program: {"name": ..., "results": [...]} or {"name": ..., "skipped": "why"}. Each program is a process of its own, in
network namespaces that are made for it (kernel_world.py) and go with it; nothing is sent anywhere else.
"""
import array
import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import termios
import time

import kernel_world as world
from kernel_numbers import number

LIBC = ctypes.CDLL(None, use_errno=True)
HOSTS = {
    "lo": "127.0.0.1", "any": "0.0.0.0", "a": "10.0.0.1", "b": "10.0.0.2", "silent": "10.0.0.3",
    "nobody": "10.0.0.4", "subnet": "10.0.0.255", "bcast": "255.255.255.255", "unreachable": "10.67.0.1",
    "prohibited": "10.68.0.1", "dropped": "10.66.0.1", "noroute": "192.0.2.1",
}
FIRST_EPHEMERAL = 32768
SETTLE = 0.003  # what is on its way over loopback arrives between two steps


class Blocks(Exception):
    """A step did not end in its time."""


class Missing(Exception):
    """A step names a variable that an earlier step failed to make."""


def mask(value, prefix, names):
    found = [prefix + name for name in names.split() if value & number(prefix + name)]
    rest = value & ~sum(number(name) for name in found)
    return "|".join(found + ([hex(rest)] if rest else [])) or "0"


def poll_mask(value, prefix="POLL"):
    return mask(value, prefix, "IN PRI OUT ERR HUP NVAL RDHUP" if prefix == "POLL" else "IN PRI OUT ERR HUP RDHUP")


def message_flags(value):
    return mask(value, "MSG_", "OOB CTRUNC TRUNC EOR ERRQUEUE")


def show(data):
    """Bytes as the language writes them; a long run of one byte as "x"*1000, other long data by length and sum."""
    if len(data) > 8 and data == data[:1] * len(data):
        return json.dumps(data[:1].decode("latin1")) + "*%d" % len(data)
    if len(data) > 120:
        return "%d bytes, sum %d" % (len(data), sum(data))
    return json.dumps(data.decode("latin1"))


def errno_name(code):
    name = errno.errorcode.get(code, "E%d" % code)
    return {"EWOULDBLOCK": "EAGAIN", "ENOTSUP": "EOPNOTSUPP"}.get(name, name)


class Driver:
    def __init__(self, program, directory):
        self.program = program
        self.directory = directory
        self.things = {}
        self.descriptors = {}
        self.ports = {}
        self.kept = []

    # the values of words

    def thing(self, name):
        if name not in self.things:
            raise Missing
        return self.things[name]

    def sock(self, name):
        """The thing as a socket, though it be none (an epoll): the kernel says so then."""
        found = self.thing(name)
        if not isinstance(found, select.epoll):
            return found
        self.kept.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, os.dup(found.fileno())))
        return self.kept[-1]

    def fd(self, name):
        self.thing(name)
        return self.descriptors[name]

    def keep(self, names, thing):
        if names:
            self.things[names[0]] = thing
            self.descriptors[names[0]] = thing.fileno()
        else:
            self.kept.append(thing)

    def data(self, word):
        return word["data"].encode("latin1")

    def port(self, text):
        return self.thing(text[1:]).getsockname()[1] if text.startswith("@") else int(text)

    def address(self, word):
        if word.startswith("@"):
            return self.thing(word[1:]).getsockname()
        if word.startswith("unix:"):
            path = word[5:]
            return "\0" + path[1:] if path.startswith("@") else (self.directory + path if path else "")
        if word.startswith("packet:"):
            _, interface, protocol = word.split(":")
            place = (interface, int(protocol, 0))
            # the other end of the wire, whose link-layer address a packet needs
            return place + (0, 1, bytes.fromhex("020000000002")) if interface == "eth0" else place
        host, port = word.rsplit(":", 1)
        return (HOSTS.get(host, host), self.port(port))

    def show_port(self, port):
        if port < FIRST_EPHEMERAL:
            return str(port)
        return self.ports.setdefault(port, "P%d" % (len(self.ports) + 1))

    def show_address(self, address):
        if address is None:
            return "none"
        if isinstance(address, (bytes, str)):
            text = address.decode() if isinstance(address, bytes) else address
            if text.startswith("\0"):
                auto = len(text) == 6 and all(c in "0123456789abcdef" for c in text[1:])
                return "unix:@auto" if auto else "unix:@" + text[1:]
            return "unix:" + text.replace(self.directory, "")
        if len(address) == 5:
            return "packet(%s,0x%04x,%d)" % address[:3]
        return "%s:%s" % (address[0], self.show_port(address[1]))

    def raw_address(self, word):
        """struct sockaddr of an address that the socket module cannot say."""
        if word == "unspec":
            return struct.pack("=H14x", 0)
        if word.startswith("family:"):
            return struct.pack("=HH4s8x", int(word[7:]), socket.htons(5000), socket.inet_aton("127.0.0.1"))
        return None

    def call(self, result):
        if result < 0:
            raise OSError(ctypes.get_errno(), "call")
        return result

    # running

    def run(self):
        signal.signal(signal.SIGALRM, self.alarm)
        results = []
        for step in self.program["steps"]:
            results.append(self.step(step))
            time.sleep(SETTLE)
        return results

    def alarm(self, *_):
        raise Blocks

    def step(self, step):
        method = getattr(self, "do_" + step["op"].replace("-", "_"))
        try:
            signal.setitimer(signal.ITIMER_REAL, step["within"] / 1000)
            try:
                result = method(step["names"], *step["words"])
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except Missing:
            return "-"
        except Blocks:
            return "blocks"
        except socket.gaierror as error:
            names = [n for n in dir(socket) if n.startswith("EAI_") and getattr(socket, n) == error.errno]
            return names[0] if names else "EAI %d" % error.errno
        except TimeoutError as error:
            return "ETIMEDOUT"
        except OSError as error:
            return errno_name(error.errno or errno.EINVAL)  # of inet_aton and its like, Python gives no number
        except (ValueError, TypeError, OverflowError):
            return "misuse"
        return "ok" if result is None else str(result)

    # making and ending

    def do_socket(self, names, family, kind, *rest):
        protocol = number(rest[0]) if rest and rest[0] != "on" else 0
        with world.on_host("b" if "on" in rest else "a"):
            self.keep(names, socket.socket(number(family), number(kind), protocol))

    def do_socketpair(self, names, family, kind, protocol="0"):
        left, right = socket.socketpair(number(family), number(kind), number(protocol))
        self.keep(names[:1], left)
        self.keep(names[1:], right)

    def do_close(self, _, s):
        self.thing(s).close()

    def do_dup(self, names, s):
        self.keep(names, self.thing(s).dup())

    def do_dup2(self, _, s, t):
        os.dup2(self.fd(s), self.fd(t))

    def do_detach(self, _, s):
        self.kept.append(socket.socket(fileno=self.thing(s).detach()))

    def do_shutdown(self, _, s, how):
        self.sock(s).shutdown(number(how))

    def do_unlink(self, _, word):
        os.unlink(self.address(word))

    def do_exists(self, _, word):
        return "yes" if os.path.exists(self.address(word)) else "no"

    def do_sleep(self, _, millis):
        time.sleep(int(millis) / 1000)

    def do_cut(self, _):
        world.cut()

    def do_drop(self, _, capability):
        world.drop(number(capability))

    def do_limit(self, _, descriptors):
        world.limit(int(descriptors))

    # addresses and connections

    def do_bind(self, _, s, word):
        raw = self.raw_address(word)
        if raw is not None:
            self.call(LIBC.bind(self.fd(s), raw, len(raw)))
        else:
            self.sock(s).bind(self.address(word))

    def do_listen(self, _, s, backlog):
        self.sock(s).listen(int(backlog))

    def do_accept(self, names, s):
        connection, peer = self.sock(s).accept()
        self.keep(names, connection)
        return self.show_address(peer)

    def do_accept4(self, names, s, flags):
        fd = self.call(LIBC.accept4(self.fd(s), None, None, number(flags)))
        self.keep(names, socket.socket(fileno=fd))

    def do_connect(self, _, s, word):
        raw = self.raw_address(word)
        if raw is not None:
            self.call(LIBC.connect(self.fd(s), raw, len(raw)))
        else:
            self.sock(s).connect(self.address(word))

    def do_connect_ex(self, _, s, word):
        result = self.sock(s).connect_ex(self.address(word))
        return errno_name(result) if result else "0"

    def do_getsockname(self, _, s):
        return self.show_address(self.sock(s).getsockname())

    def do_getpeername(self, _, s):
        return self.show_address(self.sock(s).getpeername())

    def do_create_connection(self, names, word):
        self.keep(names, socket.create_connection(self.address(word)))

    def do_create_server(self, names, word):
        self.keep(names, socket.create_server(self.address(word)))

    # data

    def do_send(self, _, s, data, flags="0"):
        return self.sock(s).send(self.data(data), number(flags))

    def do_sendall(self, _, s, data, flags="0"):
        self.sock(s).sendall(self.data(data), number(flags))

    def do_fill(self, _, s):
        """Sends until nothing more is taken, not even after a while."""
        taken = 1
        while taken:
            taken = 0
            try:
                while True:
                    taken += self.sock(s).send(b"x" * 65536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                time.sleep(0.06)  # longer than an acknowledgement is put off
        return "full"

    def do_drain(self, _, s):
        """Receives whatever there is, and says no more than that."""
        try:
            while self.sock(s).recv(65536, socket.MSG_DONTWAIT):
                time.sleep(0.001)
            return "end"
        except BlockingIOError:
            return "empty"

    def do_sendto(self, _, s, data, word, flags="0"):
        raw = self.raw_address(word)
        if word == "none" or raw is not None:
            data = self.data(data)
            length = len(raw) if raw else 0
            return self.call(LIBC.sendto(self.fd(s), data, len(data), number(flags), raw, length))
        return self.sock(s).sendto(self.data(data), number(flags), self.address(word))

    def do_recv(self, _, s, size, flags="0"):
        return show(self.sock(s).recv(int(size), number(flags)))

    def do_recv_length(self, _, s, size, flags="0"):
        """The number that recv returns: with MSG_TRUNC it may be more than the buffer holds."""
        buffer = ctypes.create_string_buffer(max(int(size), 1))
        return self.call(LIBC.recv(self.fd(s), buffer, int(size), number(flags)))

    def do_recv_into(self, _, s, size, count="0", flags="0"):
        buffer = bytearray(int(size))
        got = self.sock(s).recv_into(buffer, int(count), number(flags))
        return "%d %s" % (got, show(bytes(buffer)))

    def do_recvfrom(self, _, s, size, flags="0"):
        data, peer = self.sock(s).recvfrom(int(size), number(flags))
        return "%s from %s" % (show(data), self.show_address(peer))

    def do_recvfrom_length(self, _, s, size, flags="0"):
        data, peer = self.sock(s).recvfrom(int(size), number(flags))
        return "%d from %s" % (len(data), self.show_address(peer))

    def do_recvfrom_into(self, _, s, size):
        buffer = bytearray(int(size))
        got, peer = self.sock(s).recvfrom_into(buffer)
        return "%d %s from %s" % (got, show(bytes(buffer)), self.show_address(peer))

    def do_read(self, _, s, size):
        return show(os.read(self.fd(s), int(size)))

    def do_write(self, _, s, data):
        return os.write(self.fd(s), self.data(data))

    def do_readv(self, _, s, *sizes):
        buffers = [bytearray(int(size)) for size in sizes]
        return "%d %s" % (os.readv(self.fd(s), buffers), " ".join(show(bytes(b)) for b in buffers))

    def do_writev(self, _, s, *data):
        return os.writev(self.fd(s), [self.data(each) for each in data])

    def options(self, words, keys):
        """What stands before the first keyword, and the words after each."""
        found = {"": []}
        key = ""
        for word in words:
            if isinstance(word, str) and word in keys:
                key = word
                found[key] = []
            else:
                found[key].append(word)
        return found

    def do_sendmsg(self, _, s, *words):
        parts = self.options(words, ("to", "control", "flags"))
        control = [self.control(word) for word in parts.get("control", [])]
        flags = number(parts["flags"][0]) if "flags" in parts else 0
        where = self.address(parts["to"][0]) if "to" in parts else None
        buffers = [self.data(word) for word in parts[""]]
        return self.sock(s).sendmsg(buffers, control, flags, *([where] if where is not None else []))

    def control(self, word):
        name, value = word.split("=")
        if name == "SCM_RIGHTS":
            return (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [self.fd(n) for n in value.split(",")]))
        if name == "IP_PKTINFO":
            source, interface = (value.split(",") + ["0"])[:2]
            index = 0 if interface == "0" else socket.if_nametoindex(interface)
            return (socket.SOL_IP, number(name), struct.pack("=I4s4x", index, socket.inet_aton(HOSTS.get(source, source))))
        return (socket.SOL_IP, number(name), struct.pack("=i", int(value)))

    def do_recvmsg(self, names, s, size, *words):
        parts = self.options(words, ("control", "flags"))
        room = int(parts["control"][0]) if "control" in parts else 0
        flags = number(parts["flags"][0]) if "flags" in parts else 0
        data, control, got, peer = self.sock(s).recvmsg(int(size), room, flags)
        shown = [self.show_control(names, *item) for item in control]
        got &= ~number("MSG_CMSG_CLOEXEC")
        text = "%s flags %s from %s" % (show(data), message_flags(got), self.show_address(peer or None))
        return " ".join([text] + shown)

    def show_control(self, names, level, kind, data):
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors = array.array("i")
            descriptors.frombytes(data[: len(data) - len(data) % 4])
            for index, fd in enumerate(descriptors):
                self.keep(names[index:index + 1], socket.socket(fileno=fd))
            return "SCM_RIGHTS=%d" % len(descriptors)
        if level == socket.SOL_SOCKET and kind == number("SCM_CREDENTIALS"):
            pid, uid, gid = struct.unpack("=iii", data)
            return "SCM_CREDENTIALS=%s" % ("me" if pid == os.getpid() else "other")
        if level == socket.SOL_SOCKET and kind == number("SO_TIMESTAMP"):
            return "SO_TIMESTAMP=%d bytes" % len(data)
        if level == socket.SOL_IP and kind == number("IP_PKTINFO"):
            index, local, header = struct.unpack("=I4s4s", data)
            name = socket.if_indextoname(index) if index else "none"
            return "IP_PKTINFO=%s,%s,%s" % (name, socket.inet_ntoa(local), socket.inet_ntoa(header))
        if level == socket.SOL_IP and kind == number("IP_RECVERR"):
            code, origin, icmp, icmp_code, info, _ = struct.unpack("=IBBBxII", data[:16])
            family, _, offender = struct.unpack("=HH4s", data[16:24])
            by = socket.inet_ntoa(offender) if family else "none"
            return "IP_RECVERR=%s,%d,%d,%d,%d,%s" % (errno_name(code), origin, icmp, icmp_code, info, by)
        if level == socket.SOL_IP and kind == number("IP_TTL"):
            return "IP_TTL=%d" % struct.unpack("=i", data)
        if level == socket.SOL_IP and kind == number("IP_TOS"):
            return "IP_TOS=%d" % data[0]
        if level == socket.IPPROTO_TCP and kind == number("TCP_INQ"):
            return "TCP_INQ=%d" % struct.unpack("=i", data)
        return "%d:%d=%s" % (level, kind, data.hex())

    def do_recvfrom_hardware(self, _, s, size, flags="0"):
        """Of AF_PACKET: what the frame is on, too."""
        data, peer = self.sock(s).recvfrom(int(size), number(flags))
        return "%s from %s %d,%s" % (show(data), self.show_address(peer), peer[3], peer[4].hex())

    def do_ping(self, _, s, word, identifier, sequence, data, header="none"):
        """An ICMP echo request, its checksum right; with an IP header of ours after `from ADDRESS`."""
        body = struct.pack("!BBHHH", 8, 0, 0, int(identifier), int(sequence)) + self.data(data)
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        where = self.address(word)
        if header != "none":
            source = socket.inet_aton(HOSTS.get(header, header))
            target = socket.inet_aton(HOSTS["b"] if word.startswith("packet:") else where[0])
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 7, 0, 33, 1, 0, source, target)
            body = head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body
        return self.sock(s).sendto(body, where)

    def do_recv_raw(self, _, s, flags="0"):
        """An ICMP message with the IP header that raw sockets see."""
        data, peer = self.sock(s).recvfrom(4096, number(flags))
        return "%s from %s" % (show_packet(data), self.show_address(peer))

    # waiting

    def do_poll(self, _, s, events="POLLIN|POLLPRI|POLLOUT|POLLRDHUP", timeout="0"):
        poller = select.poll()
        poller.register(self.fd(s), number(events))
        found = poller.poll(int(timeout))
        return poll_mask(found[0][1]) if found else "0"

    def do_wait(self, names, s, events, timeout="200"):
        return self.do_poll(names, s, events, timeout)

    def do_select(self, _, *words):
        parts = self.options(words, ("read", "write", "except", "timeout"))
        sets = [[self.fd(name) for name in parts.get(key, [])] for key in ("read", "write", "except")]
        found = select.select(*sets, int(parts.get("timeout", ["0"])[0]) / 1000)
        shown = []
        for key, descriptors in zip(("read", "write", "except"), found):
            names = [name for name in parts.get(key, []) if self.fd(name) in descriptors]
            shown.append("%s(%s)" % (key, " ".join(names)))
        return " ".join(shown)

    def do_epoll(self, names, flags="0"):
        if number(flags) & ~select.EPOLL_CLOEXEC:
            self.call(LIBC.epoll_create1(number(flags)))  # Python does not let it through
        self.keep(names, select.epoll(flags=number(flags)))

    def do_epoll_ctl(self, _, e, op, s, events="0"):
        poller = self.thing(e)
        if op == "EPOLL_CTL_ADD":
            poller.register(self.fd(s), number(events))
        elif op == "EPOLL_CTL_MOD":
            poller.modify(self.fd(s), number(events))
        else:
            poller.unregister(self.fd(s))

    def do_epoll_wait(self, _, e, most="16", timeout="0"):
        found = self.thing(e).poll(int(timeout) / 1000, int(most))
        names = {fd: name for name, fd in self.descriptors.items()}
        return " ".join(sorted("%s:%s" % (names[fd], poll_mask(events, "EPOLL")) for fd, events in found)) or "none"

    # options

    def option(self, word):
        if ":" in word:
            level, name = word.split(":")
            return number(level), number(name), name
        levels = {"SO": socket.SOL_SOCKET, "TC": socket.IPPROTO_TCP, "IP": socket.SOL_IP, "PA": number("SOL_PACKET")}
        return levels[word[:2]], number(word), word

    def do_getsockopt(self, _, s, word):
        level, option, name = self.option(word)
        get = self.sock(s).getsockopt
        if name == "SO_LINGER":
            return "%d/%d" % struct.unpack("=ii", get(level, option, 8))
        if name in ("SO_RCVTIMEO", "SO_SNDTIMEO"):
            seconds, micros = struct.unpack("=qq", get(level, option, 16))
            return seconds * 1000 + micros // 1000
        if name in ("TCP_CONGESTION", "SO_BINDTODEVICE"):
            return json.dumps(get(level, option, 16).split(b"\0")[0].decode())
        if name == "SO_PEERCRED":
            pid, _, _ = struct.unpack("=iII", get(level, option, 12))
            return "me" if pid == os.getpid() else "nobody" if pid == 0 else "other"
        if name == "IP_OPTIONS":
            return get(level, option, 40).hex() or "none"
        if name == "IP_MULTICAST_IF":
            return socket.inet_ntoa(get(level, option, 4))
        if name == "TCP_INFO":
            info = get(level, option, 104)
            return "state=%d ca_state=%d retransmits=%d probes=%d backoff=%d" % struct.unpack("=5B", info[:5])
        if name == "SO_ERROR":
            code = get(level, option)
            return errno_name(code) if code else "0"
        return get(level, option)

    def do_setsockopt(self, _, s, word, value):
        level, option, name = self.option(word)
        put = self.sock(s).setsockopt
        if isinstance(value, dict):
            put(level, option, self.data(value))
        elif name == "SO_LINGER":
            put(level, option, struct.pack("=ii", *map(int, value.split("/"))))
        elif name in ("SO_RCVTIMEO", "SO_SNDTIMEO"):
            millis = int(value)
            put(level, option, struct.pack("=qq", millis // 1000, millis % 1000 * 1000))
        elif name in ("IP_ADD_MEMBERSHIP", "IP_DROP_MEMBERSHIP"):
            put(level, option, b"".join(socket.inet_aton(HOSTS.get(each, each)) for each in value.split("/")))
        elif name == "IP_MULTICAST_IF":
            put(level, option, socket.inet_aton(HOSTS.get(value, value)))
        elif name == "IP_UNICAST_IF":
            put(level, option, struct.pack("!I", 0 if value == "0" else socket.if_nametoindex(value)))
        else:
            put(level, option, number(value))

    def do_fcntl(self, names, s, command, argument="0"):
        result = fcntl.fcntl(self.fd(s), number(command), number(argument))
        if command == "F_GETFL":
            return mask(result & ~os.O_LARGEFILE, "O_", "RDWR NONBLOCK ASYNC")
        if command in ("F_DUPFD", "F_DUPFD_CLOEXEC"):
            self.keep(names, socket.socket(fileno=result))
            return "at least %s" % argument if result >= int(argument) else "below %s" % argument
        return result

    def do_ioctl(self, _, s, request, argument="0"):
        code = {"SIOCINQ": termios.FIONREAD, "SIOCOUTQ": termios.TIOCOUTQ}.get(request)
        if request.startswith("SIOCGIF"):
            return world.interface_ioctl(self.fd(s), request, argument)
        buffer = array.array("i", [int(argument)])
        fcntl.ioctl(self.fd(s), code if code is not None else number(request), buffer)
        return 0 if request == "FIONBIO" else buffer[0]

    # what Python's object does by itself

    def do_setblocking(self, _, s, flag):
        self.thing(s).setblocking(flag == "1")

    def do_getblocking(self, _, s):
        return self.thing(s).getblocking()

    def do_settimeout(self, _, s, millis):
        self.thing(s).settimeout(None if millis == "none" else int(millis) / 1000)

    def do_gettimeout(self, _, s):
        timeout = self.thing(s).gettimeout()
        return "none" if timeout is None else round(timeout * 1000)

    def do_makefile(self, names, s, mode, *words):
        parts = self.options(words, ("buffering", "newline"))
        keywords = {"buffering": int(parts["buffering"][0])} if "buffering" in parts else {}
        if "newline" in parts:
            keywords["newline"] = self.data(parts["newline"][0]).decode()
        self.things[names[0]] = self.thing(s).makefile(mode, **keywords)
        self.descriptors[names[0]] = -1

    def show_file(self, value):
        return "none" if value is None else show(value.encode() if isinstance(value, str) else value)

    def do_fread(self, _, f, size="-1"):
        return self.show_file(self.thing(f).read(int(size)))

    def do_freadline(self, _, f):
        return self.show_file(self.thing(f).readline())

    def do_freadlines(self, _, f):
        return " ".join(self.show_file(line) for line in self.thing(f)) or "none"

    def do_fwrite(self, _, f, data):
        stream, data = self.thing(f), self.data(data)
        return stream.write(data if "b" in getattr(stream, "mode", "b") and not hasattr(stream, "encoding") else data.decode())

    def do_fflush(self, _, f):
        self.thing(f).flush()

    def do_fclose(self, _, f):
        self.thing(f).close()

    # names and numbers

    def text(self, word):
        return word["data"] if isinstance(word, dict) else word

    def do_inet_aton(self, _, text):
        return socket.inet_aton(self.text(text)).hex()

    def do_inet_ntoa(self, _, data):
        if len(self.data(data)) != 4:
            raise ValueError  # as which Python should count it
        return socket.inet_ntoa(self.data(data))

    def do_inet_addr(self, _, text):
        LIBC.inet_addr.restype = ctypes.c_uint32
        return LIBC.inet_addr(self.text(text).encode())

    def do_inet_pton(self, _, family, text):
        return socket.inet_pton(number(family), self.text(text)).hex()

    def do_inet_ntop(self, _, family, data):
        return socket.inet_ntop(number(family), self.data(data))

    def do_htons(self, _, value):
        return socket.htons(int(value, 0))

    def do_htonl(self, _, value):
        return socket.htonl(int(value, 0))

    def do_ntohs(self, _, value):
        return socket.ntohs(int(value, 0))

    def do_ntohl(self, _, value):
        return socket.ntohl(int(value, 0))

    def do_strerror(self, _, value):
        return json.dumps(os.strerror(int(value)))

    def do_getservbyname(self, _, name, *protocol):
        return socket.getservbyname(name, *protocol)

    def do_getservbyport(self, _, port, *protocol):
        return socket.getservbyport(int(port), *protocol)

    def do_getprotobyname(self, _, name):
        return socket.getprotobyname(name)

    def do_gethostbyname(self, _, name):
        return socket.gethostbyname(self.text(name))

    def do_has_dualstack_ipv6(self, _):
        return socket.has_dualstack_ipv6()

    def do_getaddrinfo(self, _, host, service, *words):
        given = dict(word.split("=") for word in words)
        found = socket.getaddrinfo(
            None if host == "none" else self.text(host), None if service == "none" else self.text(service),
            number(given.get("family", "0")), number(given.get("type", "0")),
            number(given.get("proto", "0")), number(given.get("flags", "0")))
        rows = ["%d/%d/%d %s:%s%s" % (f, t, p, a[0], a[1], " " + c if c else "") for f, t, p, c, a in found]
        return ", ".join(rows)

    def do_getnameinfo(self, _, word, flags="0"):
        return "%s %s" % socket.getnameinfo(self.address(word), number(flags))


def checksum(data):
    total = sum(struct.unpack("!%dH" % ((len(data) + 1) // 2), data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def show_packet(data):
    size = (data[0] & 15) * 4
    length, ttl, protocol = struct.unpack("!H", data[2:4])[0], data[8], data[9]
    source, target = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
    head = "ip(%s>%s ttl=%d len=%d proto=%d)" % (source, target, ttl, length, protocol)
    if protocol != 1:
        return "%s %s" % (head, show(data[size:]))
    kind, code, check, identifier, sequence = struct.unpack("!BBHHH", data[size:size + 8])
    state = "good" if checksum(data[size:length]) == 0 else "bad"
    return "%s icmp(%d/%d id=%d seq=%d %s) %s" % (head, kind, code, identifier, sequence, state, show(data[size + 8:]))


def child(program, namespaces, pipe):
    with tempfile.TemporaryDirectory(prefix="parity") as directory:
        try:
            world.make(program, namespaces)
            answer = {"name": program["name"], "results": Driver(program, directory).run()}
        except world.Impossible as reason:
            answer = {"name": program["name"], "skipped": str(reason)}
        except BaseException as error:  # a fault of this driver or of the program's text: say which
            answer = {"name": program["name"], "failed": "%s: %s" % (type(error).__name__, error)}
        world.unmake()
        os.write(pipe, json.dumps(answer).encode() + b"\n")


def start(program, namespaces):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            child(program, namespaces, writing)
        finally:
            os._exit(0)
    os.close(writing)
    return reading, pid


def main():
    request = json.load(sys.stdin)
    namespaces = world.possible()
    jobs = request["jobs"] if namespaces != "none" else 1
    waiting = list(request["programs"])
    running = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            program = waiting.pop(0)
            reading, pid = start(program, namespaces)
            running[reading] = (pid, program["name"], time.monotonic() + 20)
        ready, _, _ = select.select(list(running), [], [], 0.5)
        for reading in list(running):
            pid, name, until = running[reading]
            if reading not in ready and time.monotonic() < until:
                continue
            text = b""
            if reading in ready:
                while chunk := os.read(reading, 65536):
                    text += chunk
            else:
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(reading)
            del running[reading]
            print(text.decode().strip() or json.dumps({"name": name, "failed": "it did not end"}), flush=True)


if __name__ == "__main__":
    main()
