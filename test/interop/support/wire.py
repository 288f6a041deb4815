"""
A bad wire between two TUN devices, for kernels that have no netem: what is read from one is written to the other, after what the
settings say has become of it. `wire.py SETTINGS`, JSON: names `left` and `right`, `seed`, `superpackets`, and `toRight` and `toLeft`
with
  delay, jitter  milliseconds one way; jitter is uniform plus or minus, and never changes the order
  loss, duplicate, corrupt (one bit, anywhere), reorder (goes at once, ahead of those that are delayed)   probabilities
  mtu            longer packets vanish without a word
  limit          packets that may be under way; more are lost. Default 10000
With `superpackets` the devices have the virtio-net header, and what is lost or delayed is what the kernel hands over: segments of up
to 64 KiB. Prints "ready"; on SIGTERM ends with one line of JSON, what became of how many.
"""
import errno, fcntl, heapq, json, os, random, select, signal, struct, sys, time

TUNSETIFF, TUNSETOFFLOAD, TUNSETVNETHDRSZ = 0x400454CA, 0x400454D0, 0x400454D8
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 1, 0x1000, 0x4000
TUN_F_CSUM, TUN_F_TSO4 = 1, 2
HEADER = 12
BATCH = 64


def open_device(name, superpackets):
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    flags = IFF_TUN | IFF_NO_PI | (IFF_VNET_HDR if superpackets else 0)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
    if superpackets:
        fcntl.ioctl(file, TUNSETVNETHDRSZ, struct.pack("i", HEADER))
        fcntl.ioctl(file, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4)
    return file


class Direction:
    def __init__(self, source, target, header, random_numbers, settings):
        self.source, self.target, self.header, self.random = source, target, header, random_numbers
        self.delay = settings.get("delay", 0) / 1000
        self.jitter = settings.get("jitter", 0) / 1000
        self.loss = settings.get("loss", 0)
        self.duplicate = settings.get("duplicate", 0)
        self.corrupt = settings.get("corrupt", 0)
        self.reorder = settings.get("reorder", 0)
        self.mtu = settings.get("mtu", 65535)
        self.limit = settings.get("limit", 10000)
        self.waiting = []
        self.number = 0
        self.latest = 0.0
        self.counts = dict(passed=0, lost=0, duplicated=0, corrupted=0, reordered=0, tooLong=0, overflowed=0, refused=0)

    def read(self):
        for _ in range(BATCH):
            try:
                packet = os.read(self.source, 70000)
            except BlockingIOError:
                return
            self.take(packet)

    def take(self, packet):
        if len(packet) - self.header > self.mtu:
            self.counts["tooLong"] += 1
            return
        chance = self.random.random
        if self.loss and chance() < self.loss:
            self.counts["lost"] += 1
            return
        if self.corrupt and chance() < self.corrupt:
            self.counts["corrupted"] += 1
            bit = self.random.randrange(self.header * 8, len(packet) * 8)
            packet = bytearray(packet)
            packet[bit >> 3] ^= 1 << (bit & 7)
        if self.duplicate and chance() < self.duplicate:
            self.counts["duplicated"] += 1
            self.schedule(packet)
        self.schedule(packet)

    def schedule(self, packet):
        if not (self.delay or self.jitter):
            return self.write(packet)
        if len(self.waiting) >= self.limit:
            self.counts["overflowed"] += 1
            return
        now = time.monotonic()
        if self.reorder and self.random.random() < self.reorder:
            self.counts["reordered"] += 1
            due = now
        else:
            due = max(self.latest, now + max(0, self.delay + self.random.uniform(-self.jitter, self.jitter)))
            self.latest = due
        self.number += 1
        heapq.heappush(self.waiting, (due, self.number, packet))

    def release(self, now):
        while self.waiting and self.waiting[0][0] <= now:
            self.write(heapq.heappop(self.waiting)[2])

    def write(self, packet):
        try:
            os.write(self.target, packet)
            self.counts["passed"] += 1
        except OSError as error:
            # what has been corrupted in its first byte is no packet for a TUN device; a device that is down takes none
            if error.errno not in (errno.EINVAL, errno.EIO):
                raise
            self.counts["refused"] += 1


def main():
    settings = json.loads(sys.argv[1])
    superpackets = settings.get("superpackets", False)
    header = HEADER if superpackets else 0
    left, right = (open_device(settings[side], superpackets) for side in ("left", "right"))
    seed = settings.get("seed", 1)
    to_right = Direction(left, right, header, random.Random(seed), settings.get("toRight", {}))
    to_left = Direction(right, left, header, random.Random(seed + 1), settings.get("toLeft", {}))
    both = (to_right, to_left)

    def end(*_):
        print(json.dumps({"toRight": to_right.counts, "toLeft": to_left.counts}), flush=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        dues = [direction.waiting[0][0] for direction in both if direction.waiting]
        wait = max(0, min(dues) - now) if dues else None
        readable, _, _ = select.select([left, right], [], [], wait)
        for direction in both:
            if direction.source in readable:
                direction.read()
            direction.release(time.monotonic())


main()
