#!/usr/bin/env python3
"""Asks glibc, through Python's socket module, what its name calls answer, and writes recorded.jsonl beside this file.

    python3 test/sockets/names/record.py        as root: it mounts its own hosts file in a namespace of its own

The first line of recorded.jsonl is that hosts file, each other line one call: [name, arguments, result] or [name, arguments, {"error": kind, "errno": number}].
Addresses of IPv6 are left out of results, because netwright's hosts have none.
"""
import json
import os
import random
import socket
import subprocess
import sys
import tempfile

HOSTS = """\
127.0.0.1 localhost
127.0.1.1 box.example.org box
10.0.0.9 name alias other.alias
10.0.0.10 multi
10.0.0.11 multi m2
10.0.0.9 second
10.0.0.12 dup dup
10.0.0.13 Case.Example.ORG CaSe
10.0.0.14 swap pair
10.0.0.15 pair swap
10.0.0.16 plain
10.0.0.17 near.example.org
10.0.0.18 example.org.far.net
10.0.0.10 multi
"""
NSSWITCH = "hosts: files\nservices: files\nprotocols: files\nnetworks: files\n"

NAMES = [
    "localhost", "LocalHost", "name", "alias", "NAME", "multi", "m2", "second", "dup", "box", "box.example.org", "case",
    "swap", "pair", "plain", "nope", "localhost.", "a b", "-x", "under_score", "127.1", "0x7f.1", "0x7f000001", "010.1",
    "10.0.0.9", "10.0.0.77", "10.0.0.9 ", " 10.0.0.9", "10.0.0.9.", "255.255.255.255", "<broadcast>", "<any>", "256.1.1.1",
    "1.2.3.4.5", "0", "1", "4294967295", "4294967296", "0.0.0.0", "a.b.c.d", "1.2.3.0x4", "*", "1.2.3",
]

S, D, R, Q = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET
I4, I6 = socket.AF_INET, socket.AF_INET6
CANON, PASSIVE = socket.AI_CANONNAME, socket.AI_PASSIVE
NUMHOST, NUMSERV = socket.AI_NUMERICHOST, socket.AI_NUMERICSERV

GETADDRINFO = (
    [(name, 80) for name in NAMES]
    + [(name, None, I4, S, 0, CANON) for name in NAMES]
    + [(name, None, 0, S, 0, NUMHOST) for name in NAMES]
    + [("10.0.0.9", service, I4) for service in [
        None, "", 0, 80, 65535, 65536, 65537, -1, 70000, 2**31, "80", " 80", "80 ", "080", "0x50", "+80", "-80", "8 0",
        "http", "www", "HTTP", "domain", "tftp", "ssh", "nosuch", "ht tp", "*", "echo", "snmp", "4294967376"]]
    + [("10.0.0.9", service, 0, kind) for service in ["http", "domain", "tftp", "80", None]
       for kind in [S, D, R, Q, 4, 6, 77, S | socket.SOCK_NONBLOCK]]
    + [("10.0.0.9", service, 0, 0, protocol) for service in ["http", "domain", "80", None]
       for protocol in [1, 6, 17, 33, 132, 136, 255, 99]]
    + [("10.0.0.9", service, 0, kind, protocol) for service in ["80", None]
       for kind in [S, D, R, Q] for protocol in [1, 6, 17, 132, 136, 255]]
    + [(None, 80), (None, None), (None, "http"), (None, 80, I4, S), (None, 80, I4, S, 0, PASSIVE), ("", 80), ("", None),
       (None, 80, I4, D, 0, PASSIVE), (None, 80, I4, S, 0, CANON), (None, 80, I4, S, 0, PASSIVE | CANON),
       (None, 80, I4, S, 0, NUMHOST), ("name", "http", I4, S, 0, NUMSERV), ("name", "80", I4, S, 0, NUMSERV),
       ("nope", "nosuch", I4, S), ("nope", "http", I4, R), ("name", 80, I4, S, 0, PASSIVE | CANON),
       ("multi", 80, I4, 0, 0, CANON), ("multi", "domain", I4, 0, 0, CANON), ("multi", "domain"), (None, "*"), ("*", None),
       ("name", 80, 1), ("name", 80, 17), ("name", 80, 99), ("name", 80, -1), ("10.0.0.9", 80, I6), ("name", 80, I6),
       ("nope", 80, I6), ("::1", 80, I4), ("fe80::1", None, I4, S), ("name", 80, I4, S, 0, 0x800),
       ("name", 80, I4, S, 0, 0x10000), ("name", 80, I4, S, 0, 0x08), ("name", 80, I4, S, 0, 0x10),
       ("name", 80, I4, S, 0, 0x18), ("name", 80, I4, S, 0, 0x40), ("name", 80, I4, S, 0, 0xC0), ("name", 80, I4, S, 0, -1),
       ("10.0.0.9", 80, I6, S, 0, 0x1000), ("name", None), ("name", 80, I4, S, 6, 0), ("multi", 80, I4, S, 6),
       ("name", "", I4, S), ("", "http", I4, S, 0, PASSIVE)]
)

HOSTS_ASKED = ["10.0.0.9", "10.0.0.11", "127.0.0.1", "127.0.1.1", "10.0.0.77", "0.0.0.0", "10.0.0.15", "10.0.0.17",
               "10.0.0.18", "10.0.0.13"]
GETNAMEINFO = (
    [(address, port, flags) for address in HOSTS_ASKED for port, flags in
     [(80, 0), (80, 1), (80, 2), (80, 3), (80, 4), (80, 8), (4, 0), (0, 0)]]
    + [("10.0.0.9", port, flags) for port in [53, 69, 512, 514] for flags in [0, 16, 2, 18]]
    + [("10.0.0.77", 80, 9), ("10.0.0.9", 80, 9), ("10.0.0.9", 80, 0x100), ("10.0.0.9", 80, 32), ("10.0.0.9", 80, 0xFFFF),
       ("10.0.0.9", 80, -1), ("name", 80, 0), ("nope", 80, 0), ("127.1", 80, 0), ("", 80, 0), ("10.0.0.9 ", 80, 0)]
)

SERVICES = ["http", "www", "echo", "domain", "tftp", "ssh", "nosuch", "HTTP", "", "ftp", "mail", "printer", "syslog", "shell"]
TEXTS = """0 00 000 01 08 09 0x 0X1 0xg 0x1g 1 1. .1 1.2 1.2. 1..2 1.2.3 1.2.3.4 1.2.3.4. 1.2.3.4.5 127.1 127.0.1 0x7f.1 0x7f.0.0.1
0177.0.0.01 0177.1 256.1 255.1 1.16777215 1.16777216 1.2.65535 1.2.65536 1.2.3.255 1.2.3.256 4294967295 4294967296
99999999999999999999 0xffffffff 0x100000000 037777777777 040000000000 0x0000000000000007f 1.2.3.0x4 1.2.3.04 1.2.3.08 0.0.0.0
255.255.255.255 -1 +1 1.-2 1.+2 a a.b 1a 1.a 0x.1 0b1 1e3 1_000 10.0.0.256 300.1.1.1 1.256.3.4 0256.1 00x1 ٣ 0x1.0x2.0x3.0x4""".split()
TEXTS += ["", " ", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4 x", "1.2.3.4\t", "1.2.3.4\n", "1.2.3.4\v.5", "1. 2.3.4", "1.2 .3", "127.1 ", "1.2.3.4é",
          "1.2.3.4\x1c", "1.2.3.4\xa0"]
SIX = """:: ::1 1:: 1::2 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1::8:: ::: 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1::2:3:4:5:6:7:8 :1
1: g:: 12345:: ::12345 ::ffff:1.2.3.4 ::1.2.3.4 1::1.2.3.4 1:2:3:4:5:6:1.2.3.4 1:2:3:4:5:6:7:1.2.3.4 ::1.2.3 ::1.2.3.4:5
::01.2.3.4 ::256.1.1.1 fe80::1%lo FE80::A 0:0:0:0:0:0:0:0 0000:0000::0001 ::ffff:0:0 1:0:0:2:0:0:0:3 1:0:2:0:0:3:0:0 64:ff9b::1.2.3.4
1.2.3.4 ::. ::1. ::.1 1:2:3:4:5:6:7:1. ::1::""".split() + ["", " ::1", "::1 "]


def strings():
    chance = random.Random(1)
    parts = ["0", "1", "9", "7", "8", "x", "X", "f", ".", ".", "255", "256", "0x", "65535", "16777216", " ", "-"]
    return ["".join(chance.choice(parts) for _ in range(chance.randint(1, 9))) for _ in range(700)]


def plain(value):
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, int) else value


def ask(name, arguments):
    call = getattr(socket, name)
    given = [bytes(item) if isinstance(item, list) else item for item in arguments]
    try:
        result = call((given[0], given[1]), given[2]) if name == "getnameinfo" else call(*given)
    except socket.herror as error:
        return {"error": "herror", "errno": error.errno}
    except socket.gaierror as error:
        return {"error": "gaierror", "errno": error.errno}
    except OSError as error:
        return {"error": "OSError", "errno": error.errno}
    except Exception as error:
        return {"error": type(error).__name__, "errno": None}
    if name == "getaddrinfo":
        result = [answer for answer in result if answer[0] == socket.AF_INET]
    return plain(result)


def calls():
    for name in NAMES:
        for call in ["gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getfqdn"]:
            yield call, [name]
    for address in HOSTS_ASKED:
        yield "gethostbyaddr", [address]
        yield "getfqdn", [address]
    yield "getfqdn", []
    yield "getfqdn", [""]
    yield "gethostbyname", [""]
    yield "gethostbyname_ex", [""]
    for arguments in GETADDRINFO:
        yield "getaddrinfo", list(arguments)
    for arguments in GETNAMEINFO:
        yield "getnameinfo", list(arguments)
    for name in SERVICES:
        yield "getservbyname", [name]
        for protocol in ["tcp", "udp", "TCP", "nosuch"]:
            yield "getservbyname", [name, protocol]
    for port in [0, 7, 20, 22, 53, 69, 80, 512, 513, 514, 4, 65535, 65536, -1]:
        yield "getservbyport", [port]
        for protocol in ["tcp", "udp"]:
            yield "getservbyport", [port, protocol]
    for name in ["ip", "IP", "icmp", "ICMP", "tcp", "TCP", "Tcp", "udp", "ipv6", "ipv6-icmp", "IPv6-ICMP", "nosuch", "", "6", "gre", "sctp"]:
        yield "getprotobyname", [name]
    for text in TEXTS + strings():
        yield "inet_aton", [text]
    for text in TEXTS:
        yield "inet_pton", [I4, text]
    for text in SIX:
        yield "inet_pton", [I6, text]
    yield "inet_pton", [1, "1.2.3.4"]
    for text in SIX:
        try:
            yield "inet_ntop", [I6, list(socket.inet_pton(I6, text))]
        except OSError:
            pass
    chance = random.Random(2)
    for _ in range(300):
        words = [chance.choice([0, 0, 0, 1, 0xFFFF, 0xABC]) for _ in range(8)]
        yield "inet_ntop", [I6, [byte for word in words for byte in (word >> 8, word & 255)]]
    for call in ["htons", "ntohs"]:
        for number in [0, 1, 80, 0x1234, 65535, 65536, -1]:
            yield call, [number]
    for call in ["htonl", "ntohl"]:
        for number in [0, 1, 0x7F000001, 0x12345678, 0x80, 2**31, 2**32 - 1, 2**32, -1]:
            yield call, [number]


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    if len(sys.argv) == 1:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in [("hosts", HOSTS), ("nsswitch.conf", NSSWITCH)]:
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text)
            script = f"mount --bind {folder}/hosts /etc/hosts && mount --bind {folder}/nsswitch.conf /etc/nsswitch.conf && "
            script += f"hostname box && exec {sys.executable} {os.path.abspath(__file__)} inside"
            subprocess.run(["unshare", "-m", "-u", "sh", "-c", script], check=True)
        return
    seen = set()
    lines = []
    for name, arguments in calls():
        line = [name, plain(arguments), ask(name, arguments)]
        key = json.dumps(line[:2])
        if key not in seen:
            seen.add(key)
            lines.append(json.dumps(line))
    hosts = json.dumps([line.split() for line in HOSTS.splitlines()])
    with open(os.path.join(here, "recorded.jsonl"), "w") as file:
        file.write("\n".join([hosts] + lines) + "\n")


main()
