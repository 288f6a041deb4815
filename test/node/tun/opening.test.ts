/** Who may open which TUN device, with whose help, and what everybody else is told: each in a namespace of its own. */
import { closeSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type AttachOptions, openDevice } from "../../../src/node/tun/device.ts";
import type { Helper } from "../../../src/node/tun/helper.ts";
import { type Outcome, TUNSETOFFLOAD, TUNSETVNETHDRSZ } from "../../../src/node/tun/ioctl.ts";
import { skip } from "../../support/namespace.ts";
import { inNamespace, perform, type Refusal, type Stage, useProgram } from "./namespace.ts";

const folder = useProgram();

/** A device file like the real one, for nobody else to see. */
const makeDevice = (mode: string) => `mount -t tmpfs tmpfs /dev/net; mknod -m ${mode} /dev/net/tun c 10 200`;
/** A device that belongs to an ordinary user, up and with the kernel's address. */
const PREPARED = `${makeDevice("666")}
ip tuntap add dev nw3 mode tun user 65534
ip address add 10.9.0.1/24 dev nw3
ip link set nw3 up`;
/** What is said of addresses that root has set already. */
const AS_IT_IS = { name: "nw3", address: null, peer: null };
const SAME = { same: true, bytes: 10_000_000 };

describe.concurrent("an ordinary user", () => {
  test("opens a device that was made for him", async (context) => {
    const stage = { before: PREPARED, asNobody: true, remains: true };
    const { name, result } = await inNamespace(context, "tcp-server", AS_IT_IS, stage);
    expect({ name, result }).toEqual({ name: "nw3", result: SAME });
  });

  test("may ask for what is so already", async (context) => {
    const stage = { before: PREPARED, asNobody: true, remains: true };
    const { name, result } = await inNamespace(
      context,
      "tcp-server",
      { name: "nw3", mtu: 1500, peer: null },
      stage,
    );
    expect({ name, result }).toEqual({ name: "nw3", result: SAME });
  });

  test("opens any in a namespace of his own", async (context) => {
    const stage = { before: makeDevice("666"), asNobody: true, ownNamespace: true };
    const { result } = await inNamespace(context, "tcp-server", {}, stage);
    expect(result).toEqual(SAME);
  });
});

const EPERM =
  "needs CAP_NET_ADMIN, or a device prepared with `ip tuntap add dev nw0 mode tun user USER`, or `unshare -Urn`";
const LOAD = "load the tun module; in a container pass `--device /dev/net/tun`";
const NO_SUCH = "is no TUN device, or the name is invalid, or its multi-queue setting differs";

const REFUSALS: readonly (readonly [what: string, code: string, message: string, Stage, object])[] = [
  [
    "no right to make a device",
    "EPERM",
    `no right to make a device: ${EPERM}`,
    { before: makeDevice("666"), asNobody: true },
    {},
  ],
  [
    "another user's device",
    "EPERM",
    `no right to attach to nw0: ${EPERM}`,
    { before: `${makeDevice("666")}\nip tuntap add dev nw0 mode tun user 1`, asNobody: true },
    { name: "nw0" },
  ],
  [
    "no right to set the device up",
    "EPERM",
    "cannot set up nw3 (SIOCSIFMTU: EPERM): needs CAP_NET_ADMIN; leave it out here and have root do it: `ip link set nw3 mtu 9000`",
    { before: PREPARED, asNobody: true },
    { ...AS_IT_IS, mtu: 9000 },
  ],
  [
    "no right on the file",
    "EACCES",
    "no permission on /dev/net/tun (mode 0600, owner 0:0): run as root or give the user access",
    { before: makeDevice("600"), asNobody: true },
    {},
  ],
  [
    "no file",
    "ENOENT",
    `/dev/net/tun does not exist: ${LOAD}`,
    { before: "mount -t tmpfs tmpfs /dev/net" },
    {},
  ],
  [
    "a device without a driver",
    "ENODEV",
    `/dev/net/tun has no driver: ${LOAD}`,
    { before: "mount -t tmpfs tmpfs /dev/net; mknod /dev/net/tun c 10 254" },
    {},
  ],
  [
    "a file that is no device",
    "ENODEV",
    "/dev/net/tun is no character device: make it: mknod /dev/net/tun c 10 200",
    { before: "mount -t tmpfs tmpfs /dev/net; : >/dev/net/tun" },
    {},
  ],
  ["a device of another kind", "EINVAL", `lo ${NO_SUCH}`, {}, { name: "lo" }],
  [
    "a TAP device",
    "EINVAL",
    `tap0 ${NO_SUCH}`,
    { before: "ip tuntap add dev tap0 mode tap" },
    { name: "tap0" },
  ],
  [
    "a device with several queues",
    "EINVAL",
    `many0 ${NO_SUCH}`,
    { before: "ip tuntap add dev many0 mode tun multi_queue" },
    { name: "many0" },
  ],
  [
    "nobody to help",
    "ENOENT",
    "neither perl nor python3 nor koffi was found: install one of them: `apt-get install perl-base`, or `npm install koffi`",
    { programs: ["ip"] },
    {},
  ],
];

describe.concurrent("is refused, and told what to do", () => {
  test.for(REFUSALS)("%s", async ([, code, message, stage, options], context) => {
    const report = await perform(context, "nothing", options, stage);
    const { code: got, refused } = report as Refusal;
    if (stage.before === undefined && got === "EACCES") skip(context, refused); // this machine's file is not for everybody
    expect(report).toEqual({ refused: message, code });
  });
});

/** What koffi offers as far as it is used, done by perl: `ioctl` on descriptors of this process. */
const KOFFI = `
import { spawnSync } from "node:child_process";
const PERL = 'open(my $f, "+<&=", 3) or die; socket(my $s, 2, 2, 0) or die; ' +
  'my ($on, $request, $kind, $value) = @ARGV; my $a = $kind eq "b" ? pack("H*", $value) : int($value); ' +
  'my $r = ioctl($on eq "f" ? $f : $s, $request, $a); print $r ? 0 : $! + 0, " ", $kind eq "b" ? unpack("H*", $a) : "";';
const SOCKET = 1000;
let last = 0;
function ioctl(file, request, argument) {
  const bytes = typeof argument === "number" ? undefined : Buffer.from(argument);
  const args = [file === SOCKET ? "s" : "f", String(request), bytes ? "b" : "n", bytes ? bytes.toString("hex") : String(argument)];
  const device = file === SOCKET ? "ignore" : file;
  const stdio = ["ignore", "pipe", "inherit", device === "ignore" ? 0 : device];
  const [errno, hex] = spawnSync("/usr/bin/perl", ["-e", PERL, ...args], { stdio, encoding: "utf8" }).stdout.split(" ");
  last = Number(errno);
  if (bytes) argument.set(Buffer.from(hex, "hex").subarray(0, argument.length));
  return last === 0 ? 0 : -1;
}
const FUNCTIONS = {
  "int ioctl(int file, unsigned long request, _Inout_ uint8_t *argument)": ioctl,
  "int ioctl(int file, unsigned long request, long argument)": ioctl,
  "int socket(int domain, int type, int protocol)": (...how) => (String(how) === "2,2,0" ? SOCKET : -1),
  "int close(int file)": (file) => (file === SOCKET ? 0 : -1),
};
export default { load: (path) => ({ func: (text) => (path === null ? FUNCTIONS[text] : undefined) }), errno: () => last };
`;

describe.concurrent("who calls ioctl for us is", () => {
  test("perl where it is installed, or else python3", async (context) => {
    for (const programs of [
      ["ip", "perl"],
      ["ip", "python3"],
    ]) {
      const { result } = await inNamespace(context, "udp", {}, { programs });
      expect(result["same"]).toHaveLength(12);
    }
  });

  test("python3 for waiting, too", async (context) => {
    const { result } = await inNamespace(
      context,
      "waiter",
      { waker: "select" },
      { programs: ["python3", "ip"] },
    );
    expect(result).toMatchObject({ waits: true, answered: [56] });
  });
});

test("koffi is used where it is installed, and nobody else is needed then", async (context) => {
  const koffi = join(folder(), "node_modules/koffi");
  mkdirSync(koffi, { recursive: true });
  writeFileSync(join(koffi, "package.json"), '{ "type": "module", "main": "index.js" }');
  writeFileSync(join(koffi, "index.js"), KOFFI);
  const stage = { programs: ["ip", "true"] };
  const { name, mtu, result } = await inNamespace(context, "taken", { mtu: 9000 }, stage);
  expect({ name, mtu, result }).toEqual({
    name: "nw0",
    mtu: 9000,
    result: {
      code: "EBUSY",
      message: "nw0 is already attached by another process: end it or choose another name",
    },
  });
});

test("a name may have fifteen bytes", async (context) => {
  expect((await inNamespace(context, "waiter", { name: "a23456789012345" })).name).toBe("a23456789012345");
});

/** Takes all steps but those of `request` that ask for something in `refused`. */
function kernelWithout(request: number, refused: number): Helper {
  return (_file, steps) =>
    steps.map(({ request: asked, argument }): Outcome => {
      const isRefused = asked === request && (typeof argument !== "number" || (argument & refused) !== 0);
      const bytes = typeof argument === "number" ? new Uint8Array() : argument;
      return { errno: isRefused ? 22 : 0, bytes };
    });
}

describe("a kernel", () => {
  const [CSUM, TSO4, USO4] = [0x01, 0x02, 0x20];
  test.for([
    ["that knows everything", 0, 0, { headerLength: 12, segmentation: true }],
    ["without USO", TUNSETOFFLOAD, USO4, { headerLength: 12, segmentation: true }],
    ["without TSO", TUNSETOFFLOAD, TSO4, { headerLength: 12, segmentation: false }],
    ["without any offload", TUNSETOFFLOAD, CSUM, { headerLength: 12, segmentation: false }],
    ["with the one size of header", TUNSETVNETHDRSZ, 0, { headerLength: 10, segmentation: true }],
  ] as const)("%s is asked for no more than it has", async ([, request, refused, expected]) => {
    const options: AttachOptions = { name: "nw0", offload: true, persist: undefined };
    const device = await openDevice(options, [kernelWithout(request, refused)], "/dev/null");
    closeSync(device.file);
    expect(device).toMatchObject({ name: "nw0", ...expected });
    const plain = await openDevice({ ...options, offload: false }, [kernelWithout(0, 0)], "/dev/null");
    closeSync(plain.file);
    expect(plain).toMatchObject({ headerLength: 0, segmentation: false });
  });
});
