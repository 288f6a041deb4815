import { closeSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openTun, TunError } from "../../../src/node/index.ts";
import { openFile } from "../../../src/node/tun/device.ts";
import {
  attachError,
  configureError,
  noHelper,
  openError,
  transferError,
} from "../../../src/node/tun/errors.ts";
import { processHelper, takeSteps } from "../../../src/node/tun/helper.ts";

const folder = mkdtempSync(join(tmpdir(), "netwright-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("what goes wrong says what to do", () => {
  const module = "load the tun module; in a container pass `--device /dev/net/tun`";
  test.each([
    [openError(-2), "ENOENT", `/dev/net/tun does not exist: ${module}`],
    [openError(-19), "ENODEV", `/dev/net/tun has no driver: ${module}`],
    [openError(-1), "EPERM", `/dev/net/tun may not be opened here: ${module}`],
    [
      openError(-13, { mode: 0o20600, uid: 0, gid: 5 }),
      "EACCES",
      "no permission on /dev/net/tun (mode 0600, owner 0:5): run as root or give the user access",
    ],
    [
      attachError(1, "nw%d"),
      "EPERM",
      "no right to make a device: needs CAP_NET_ADMIN, or a device prepared with `ip tuntap add dev nw0 mode tun user USER`, or `unshare -Urn`",
    ],
    [
      attachError(16, "nw3"),
      "EBUSY",
      "nw3 is already attached by another process: end it or choose another name",
    ],
    [
      attachError(22, "lo"),
      "EINVAL",
      "lo is no TUN device, or the name is invalid, or its multi-queue setting differs",
    ],
    [
      noHelper(),
      "ENOENT",
      "neither perl nor python3 nor koffi was found: install one of them: `apt-get install perl-base`, or `npm install koffi`",
    ],
    [
      configureError(1, "SIOCSIFMTU", "nw0", "ip link set nw0 mtu 9000"),
      "EPERM",
      "cannot set up nw0 (SIOCSIFMTU: EPERM): needs CAP_NET_ADMIN; leave it out here and have root do it: `ip link set nw0 mtu 9000`",
    ],
    [transferError(-5, "write", "nw0"), "EIO", "the interface is down: `ip link set nw0 up`"],
    [transferError(-77, "read", "nw0"), "EBADFD", "nw0 has been deleted: close the link and open a new one"],
    [transferError(-12, "read", "nw0"), "ENOMEM", "read on nw0 failed (ENOMEM)"],
  ])("%s", (error, code, message) => {
    expect(error).toBeInstanceOf(TunError);
    expect({ code: error.code, message: error.message }).toEqual({ code, message });
    expect(error.errno).toBeLessThan(0);
    expect(error.message).toBe(error.advice === "" ? error.reason : `${error.reason}: ${error.advice}`);
  });

  test("a file that is not there, and one that is no device", () => {
    expect(() => openFile(join(folder, "none"))).toThrow("/dev/net/tun does not exist");
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(() => openFile(file)).toThrow("/dev/net/tun is no character device: make it: mknod");
    closeSync(openFile("/dev/null"));
  });
});

describe("helpers", () => {
  test("that are not installed are passed over", async () => {
    const none = processHelper("netwright-has-no-such-program", []);
    expect(await takeSteps(0, [], [none])).toBeUndefined();
    const forbidden = processHelper("/dev/null", []); // EACCES, as from a PATH that leads where one may not look
    expect(await takeSteps(0, [], [none, forbidden, () => []])).toEqual([]);
  });

  test("that fail say why", () => {
    const broken = processHelper("sh", ["-c", "echo broken >&2; exit 3"]);
    expect(() => broken(0, [])).toThrow("sh could not set up the TUN device: broken");
  });
});

describe("options that make no sense", () => {
  const name = `openTun: name is 1 to 15 bytes without "/", ":", spaces and "%" (but one "%d"), not`;
  test.each([
    [{ name: "" }, `${name} ""`],
    [{ name: "a23456789012345x" }, `${name} "a23456789012345x"`],
    [{ name: "ääääääää" }, `${name} "ääääääää"`],
    [{ name: "a b" }, `${name} "a b"`],
    [{ name: "a/b" }, `${name} "a/b"`],
    [{ name: "a:b" }, `${name} "a:b"`],
    [{ name: "." }, `${name} "."`],
    [{ name: "%d%d" }, `${name} "%d%d"`],
    [{ name: "%s" }, `${name} "%s"`],
    [{ name: 5 }, "openTun: name is a string, not 5"],
    [{ mtu: 67 }, "openTun: mtu is 68 to 65535 bytes, not 67"],
    [{ mtu: 65_536 }, "openTun: mtu is 68 to 65535 bytes, not 65536"],
    [{ mtu: 1.5 }, "openTun: mtu is an integer, not 1.5"],
    [{ offload: 1 }, "openTun: offload is true or false, not 1"],
    [{ persist: "no" }, 'openTun: persist is true or false, not "no"'],
    [{ waker: "poll" }, 'openTun: waker is "pipe" or "select", not "poll"'],
    [{ onError: 1 }, "openTun: onError is a function, not 1"],
    [{ peer: "10.0.0.1" }, "openTun: peer needs address, the kernel's own"],
    [
      { address: "10.0.0.1/24", peer: "x" },
      'an IPv4 address is four numbers from 0 to 255, such as "10.0.0.1", not "x"',
    ],
    [
      { adress: "10.0.0.1/24" },
      "openTun has no option adress; there are: name, address, peer, mtu, offload, persist, waker, onError",
    ],
    [null, "openTun takes an object of options, not null"],
  ])("%j", async (options, message) => {
    await expect(openTun(options as object)).rejects.toThrow(message);
  });
});
