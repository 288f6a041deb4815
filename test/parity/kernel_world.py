"""The namespaces in which a program runs, mirrored by world.ts: host a with lo and eth0 (10.0.0.1/24), host b
(10.0.0.2/24) at the other end of the wire, 10.0.0.3 which takes everything and never answers, 10.0.0.4 which is not
there, and routes that are unreachable, prohibited and black holes. They are made for one program and end with it."""
import array
import contextlib
import ctypes
import fcntl
import os
import resource
import shutil
import socket
import struct
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFCONF, SIOCGIFADDR = 0x8913, 0x8914, 0x8912, 0x8915
REQUESTS = {
    "SIOCGIFADDR": 0x8915, "SIOCGIFNETMASK": 0x891B, "SIOCGIFBRDADDR": 0x8919, "SIOCGIFMTU": 0x8921,
    "SIOCGIFFLAGS": 0x8913, "SIOCGIFINDEX": 0x8933, "SIOCGIFHWADDR": 0x8927, "SIOCGIFNAME": 0x8910,
}
# What programs rely on; Linux's defaults where a distribution may have changed them.
SETTINGS = {
    "ipv4/ip_local_port_range": "32768 60999", "ipv4/tcp_rmem": "4096 131072 6291456",
    "ipv4/tcp_wmem": "4096 16384 4194304", "ipv4/icmp_ratelimit": "0", "ipv4/tcp_congestion_control": "reno", "ipv4/tcp_keepalive_time": "7200",
    "ipv4/tcp_keepalive_intvl": "75", "ipv4/tcp_keepalive_probes": "9", "ipv4/tcp_syn_retries": "6",
    "ipv4/ip_default_ttl": "64", "unix/max_dgram_qlen": "10", "ipv4/ip_unprivileged_port_start": "1024", "ipv4/tcp_ecn": "2",
    "ipv4/ping_group_range": "0 2147483647 or 0 0", "ipv4/tcp_fin_timeout": "60", "core/somaxconn": "4096",
    "ipv4/tcp_notsent_lowat": "4294967295", "ipv4/conf/all/rp_filter": "0", "ipv4/conf/default/rp_filter": "0",
    "ipv6/conf/all/disable_ipv6": "1", "ipv6/conf/default/disable_ipv6": "1", "ipv4/ip_nonlocal_bind": "0",
    "ipv4/neigh/default/retrans_time_ms": "40", "ipv4/igmp_max_memberships": "20", "ipv4/tcp_abort_on_overflow": "0",
}


class Impossible(Exception):
    """The program cannot run here, and why."""


class State:
    """Of this process, which runs one program."""
    here = None
    there = None
    keeper = None


def possible():
    """"root", "user" (namespaces inside a user namespace) or "none"."""
    for name, flags in (("root", CLONE_NEWNET), ("user", CLONE_NEWUSER | CLONE_NEWNET)):
        pid = os.fork()
        if pid == 0:
            os._exit(0 if LIBC.unshare(flags) == 0 else 1)
        if os.waitpid(pid, 0)[1] == 0:
            return name
    return "none"


def make(program, namespaces):
    if namespaces == "none":
        if program["needsNamespace"]:
            raise Impossible("it needs a network namespace, which is not allowed here")
        return
    if namespaces == "user" and program["needsRoot"]:
        raise Impossible("it needs root's own rights")
    if program["wide"] and shutil.which("ip") is None:
        raise Impossible("it needs a second host, and there is no `ip` command to make one")
    unshare(CLONE_NEWNET | (CLONE_NEWUSER if namespaces == "user" else 0), namespaces == "user")
    loopback_up()
    settings()
    if program["wide"]:
        second_host()


def unshare(flags, map_root):
    uid, gid = os.getuid(), os.getgid()
    if LIBC.unshare(flags) != 0:
        raise Impossible("unshare: " + os.strerror(ctypes.get_errno()))
    if map_root:
        for file, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % uid), ("gid_map", "0 %d 1" % gid)):
            with open("/proc/self/" + file, "w") as out:
                out.write(text)


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = bytearray(struct.pack("=16sH22x", b"lo", 0))
        fcntl.ioctl(s, SIOCGIFFLAGS, request)
        flags = struct.unpack("=H", request[16:18])[0] | 1
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("=16sH22x", b"lo", flags))


def settings():
    for name, values in SETTINGS.items():
        for value in values.split(" or "):
            with contextlib.suppress(OSError), open("/proc/sys/net/" + name, "w") as out:
                out.write(value)
                out.flush()
                break


def ip(*lines):
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, capture_output=True)
    if done.returncode != 0:
        raise Impossible("ip: " + done.stderr.strip())


def second_host():
    State.here = os.open("/proc/self/ns/net", os.O_RDONLY)
    if LIBC.unshare(CLONE_NEWNET) != 0:
        raise Impossible("unshare: " + os.strerror(ctypes.get_errno()))
    State.there = os.open("/proc/self/ns/net", os.O_RDONLY)
    State.keeper = subprocess.Popen(["sleep", "30"])
    loopback_up()
    settings()
    LIBC.setns(State.here, CLONE_NEWNET)
    ip("link add eth0 address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:02 netns %d" % State.keeper.pid)
    LIBC.setns(State.there, CLONE_NEWNET)
    ip("addr add 10.0.0.2/24 brd + dev eth0", "link set eth0 up", "neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent")
    LIBC.setns(State.here, CLONE_NEWNET)
    ip("addr add 10.0.0.1/24 brd + dev eth0", "link set eth0 up",
       "neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev eth0 nud permanent",
       "neigh add 10.0.0.3 lladdr 02:00:00:00:00:02 dev eth0 nud permanent",
       "route add 255.255.255.255/32 dev eth0", "route add unreachable 10.67.0.0/16", "route add prohibit 10.68.0.0/16", "route add blackhole 10.66.0.0/16")
    wait_for_carrier()
    LIBC.setns(State.there, CLONE_NEWNET)
    wait_for_carrier()
    LIBC.setns(State.here, CLONE_NEWNET)


def cut():
    """From now on nothing that is sent to b arrives: it has lost its address."""
    LIBC.setns(State.there, CLONE_NEWNET)
    ip("addr del 10.0.0.2/24 dev eth0")
    LIBC.setns(State.here, CLONE_NEWNET)


def wait_for_carrier():
    """Until then a link drops what is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            answer = fcntl.ioctl(s, SIOCGIFFLAGS, struct.pack("=16s24x", b"eth0"))
            if struct.unpack("=H", answer[16:18])[0] & 0x40:  # IFF_RUNNING
                return
            time.sleep(0.002)
    raise Impossible("the wire does not come up")


def unmake():
    if State.keeper is not None:
        State.keeper.kill()
        State.keeper.wait()


@contextlib.contextmanager
def on_host(name):
    if name == "b":
        LIBC.setns(State.there, CLONE_NEWNET)
    try:
        yield
    finally:
        if name == "b":
            LIBC.setns(State.here, CLONE_NEWNET)


def drop(capability):
    """Takes a capability from this process's effective set."""
    header = struct.pack("=Ii", 0x20080522, 0)
    data = ctypes.create_string_buffer(24)
    LIBC.capget(header, data)
    words = list(struct.unpack("=6I", data.raw))
    words[3 * (capability // 32)] &= ~(1 << capability % 32)
    if LIBC.capset(header, struct.pack("=6I", *words)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def limit(descriptors):
    """Room for so many descriptors more than are open now."""
    used = set()
    for fd in range(256):
        with contextlib.suppress(OSError):
            os.fstat(fd)
            used.add(fd)
    free, highest = 0, 0
    while free < descriptors:
        free += highest not in used
        highest += 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def interface_ioctl(fd, request, name):
    if request == "SIOCGIFCONF":
        room = array.array("B", bytes(400))
        buffer = struct.pack("iP", len(room), room.buffer_info()[0])
        size = struct.unpack("iP", fcntl.ioctl(fd, SIOCGIFCONF, buffer))[0]
        rows = [room.tobytes()[at:at + 40] for at in range(0, size, 40)]
        return " ".join("%s=%s" % (row[:16].split(b"\0")[0].decode(), socket.inet_ntoa(row[20:24])) for row in rows)
    answer = fcntl.ioctl(fd, REQUESTS[request], struct.pack("=16s24x", name.encode()))
    if request == "SIOCGIFMTU":
        return struct.unpack("=i", answer[16:20])[0]
    if request == "SIOCGIFFLAGS":
        return "up" if struct.unpack("=H", answer[16:18])[0] & 1 else "down"
    return socket.inet_ntoa(answer[20:24])
