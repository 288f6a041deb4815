/** Whether a device can work with what this machine's kernel has already. */
import { describe, expect, test } from "vitest";
import { Failure, UsageError } from "../../src/node/arguments.ts";
import { checkWish, kernelSideOf } from "../../src/node/station/kernel-side.ts";

const MACHINE = { lo: [{ address: "127.0.0.1" }], nw0: [{ address: "fe80::1" }, { address: "10.9.0.1" }] };
const WISH = { address: "10.9.0.1/24", peer: "10.9.0.2", name: undefined };

describe("before there is a device", () => {
  test.each([
    ["another network", { ...WISH, address: "10.9.1.1/24", peer: "10.9.1.2" }],
    ["the device that has the address", { ...WISH, name: "nw0" }],
    ["a device as it is", { ...WISH, address: undefined }],
    ["an address by DHCP", { ...WISH, address: undefined, peer: undefined }],
  ])("%s is all right", (_, wish) => {
    expect(() => checkWish(wish, MACHINE)).not.toThrow();
  });

  test("another device with the same address would get what is meant for this one", () => {
    expect(() => checkWish(WISH, MACHINE)).toThrow(
      new Failure("nw0 has the address 10.9.0.1 already: choose another network, or end who uses nw0"),
    );
  });

  test("an address of the kernel's is not the stack's", () => {
    expect(() => checkWish({ ...WISH, address: "10.9.1.1/24", peer: "10.9.0.1" }, MACHINE)).toThrow(
      new UsageError("--peer is the stack's own address: 10.9.0.1 is this machine's, on nw0"),
    );
  });
});

describe("a device as it is", () => {
  const DEVICE = { name: "nw5", kernelAddress: "10.9.0.1/16", wasUp: true };
  const AS_IT_IS = { ...WISH, address: undefined };

  test("says the kernel's side, unless that was said", () => {
    expect(kernelSideOf(DEVICE, AS_IT_IS, false)).toBe("10.9.0.1/16");
    expect(kernelSideOf(DEVICE, WISH, false)).toBe("10.9.0.1/24");
  });

  test("needs no address where the network is known, as on a bridge", () => {
    expect(kernelSideOf({ ...DEVICE, kernelAddress: undefined }, AS_IT_IS, true)).toBeUndefined();
  });

  test.each([
    [
      { kernelAddress: undefined },
      AS_IT_IS,
      "the kernel has no address on nw5: give --address 10.9.0.1/24, or have root do it: `ip address add 10.9.0.1/24 dev nw5` and `ip link set nw5 up`",
    ],
    [{ wasUp: false }, AS_IT_IS, "nw5 is down: give --address, or have root do it: `ip link set nw5 up`"],
    [
      {},
      { ...AS_IT_IS, peer: "10.9.0.1" },
      "--peer is the stack's own address: the kernel has 10.9.0.1 on nw5 already",
    ],
  ])("%j cannot work", (device, wish, message) => {
    expect(() => kernelSideOf({ ...DEVICE, ...device }, wish, false)).toThrow(message);
  });
});
