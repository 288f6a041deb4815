/** Where a command's network is, and who the stack is there. */
import { describe, expect, test } from "vitest";
import { describeOptions, parseCommandLine, UsageError } from "../../src/node/arguments.ts";
import { LINK_OPTIONS, linkChoice } from "../../src/node/station/link-options.ts";

const choose = (...argv: string[]) =>
  linkChoice("netwright ping", parseCommandLine("netwright ping", LINK_OPTIONS, argv, ["HOST"]));

/** The message of a UsageError. */
function complaint(...argv: string[]): string {
  try {
    choose(...argv);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "no complaint";
}

const NOBODY = {
  peer: undefined,
  prefixLength: undefined,
  gateway: undefined,
  dns: [],
  hardwareAddress: undefined,
  mtu: undefined,
};

describe("the options of the link", () => {
  test("name a device of the kernel", () => {
    const device = { address: "10.9.0.1/24", name: undefined, offload: true };
    expect(choose("--address", "10.9.0.1/24", "--peer", "10.9.0.2")).toEqual({
      ...NOBODY,
      place: { kind: "tun", ...device },
      peer: "10.9.0.2",
    });
    expect(choose("--tap", "--address", "10.9.0.1/24", "--dhcp", "--no-offload", "--name", "x")).toEqual({
      ...NOBODY,
      place: { kind: "tap", ...device, offload: false, name: "x" },
    });
    expect(choose("--peer", "10.9.0.2", "--mtu", "9000").place).toMatchObject({ address: undefined });
  });

  test("name passt, with a socket only where the next word is a path", () => {
    const passt = (socket?: string, forward: string[] = []) => ({ kind: "passt", socket, forward });
    expect(choose("--passt").place).toEqual(passt());
    expect(choose("--passt", "example.org").place).toEqual(passt());
    expect(choose("--passt", "http://example.org/x").place).toEqual(passt());
    expect(choose("--passt", "example.org/x").place).toEqual(passt());
    expect(choose("--passt", "--dhcp").place).toEqual(passt());
    expect(choose("--passt", "/run/passt").place).toEqual(passt("/run/passt"));
    expect(choose("--passt", "./passt").place).toEqual(passt("./passt"));
    expect(choose("--passt", "../passt").place).toEqual(passt("../passt"));
    expect(choose("--passt=passt", "example.org").place).toEqual(passt("passt"));
    const ports = ["--forward", "8080:80,9000-9010", "--forward", "7"];
    expect(choose("--passt", ...ports).place).toEqual(passt(undefined, ["8080:80", "9000-9010", "7"]));
  });

  test("name a stream of frames by a path or a port", () => {
    expect(choose("--frames", "vm.sock").place).toEqual({ kind: "frames", at: { path: "vm.sock" } });
    expect(choose("--frames", "/run/vm:1").place).toEqual({ kind: "frames", at: { path: "/run/vm:1" } });
    expect(choose("--frames", ":9000").place).toEqual({ kind: "frames", at: { port: 9000 } });
    expect(choose("--frames-listen", "10.0.0.1:9000").place).toEqual({
      kind: "frames-listen",
      at: { port: 9000, host: "10.0.0.1" },
    });
  });

  test("say who the stack is", () => {
    const frames = ["--frames", "s", "--peer", "10.0.2.15/24", "--gateway", "10.0.2.2"];
    const more = ["--dns", "10.0.2.3,9.9.9.9", "--dns", "1.1.1.1", "--hardware-address", "02:00:00:00:00:0f"];
    expect(choose(...frames, ...more)).toMatchObject({
      peer: "10.0.2.15",
      prefixLength: 24,
      gateway: "10.0.2.2",
      dns: ["10.0.2.3", "9.9.9.9", "1.1.1.1"],
      hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 15),
    });
  });

  test.each([
    [
      ["--address", "10.9.0.1/24"],
      "netwright ping needs the two ends of its device: --address 10.9.0.1/24 (the",
    ],
    [
      ["--address", "10.9.0.1/24", "--peer", "10.9.0.1"],
      "--address and --peer are two hosts: the kernel has 10.9.0.1 already",
    ],
    [["--peer", "224.0.0.1/24"], "--peer is the address of one host, such as 10.9.0.1; got 224.0.0.1"],
    [["--peer", "127.0.0.5"], "--peer is the address of one host, such as 10.9.0.1; got 127.0.0.5"],
    [["--peer", "10.9.0.2", "--address", "0.0.0.0/0"], "--address is the address of one host"],
    [["--peer", "10.9.0.2", "--gateway", "224.0.0.1"], "--gateway is the address of one host"],
    [["--peer", "10.9.0.2", "--gateway", "10.9.0.2"], "--gateway is another host than --peer"],
    [["--peer", "10.9.0.2", "--dns", "0.0.0.0"], "--dns is the address of one host"],
    [["--peer", "10.9.0.2", "--name", "averylongnameindeed"], "--name is 1 to 15 bytes without"],
    [["--peer", "10.9.0.2", "--name", "a/b"], "--name is 1 to 15 bytes without"],
    [["--peer", "10.9.0.2", "--name", ""], "--name is 1 to 15 bytes without"],
    [["--tap"], "netwright ping needs the two ends of its device"],
    [["--dhcp"], "--dhcp needs an Ethernet: --tap, --passt or --frames"],
    [["--tap", "--passt"], "--tap and --passt are different networks: choose one"],
    [["--passt", "--frames", "x"], "--passt and --frames are different networks: choose one"],
    [
      ["--passt", "--address", "10.9.0.1/24"],
      "--address is for a device of the kernel, and --passt has none",
    ],
    [["--frames", "x", "--name", "nw0"], "--name is for a device of the kernel, and --frames has none"],
    [["--frames", "x", "--no-offload"], "--no-offload is for a device of the kernel, and --frames has none"],
    [["--frames", "x", "--forward", "80"], "--forward is for --passt alone"],
    [
      ["--passt", "/x", "--forward", "80"],
      "--forward is for a passt started here; give the one at /x its -t and -u",
    ],
    [["--passt", "--forward", "all"], "--forward is ports such as 8080, 8080:80 or 8000-8009; got all"],
    [["--passt", "--peer", "10.0.2.15"], "--peer needs the length of its network there: --peer 10.0.2.15/24"],
    [
      ["--passt", "--peer", "10.0.2.15/24", "--dhcp"],
      "--peer and --dhcp: only one can say the stack's address",
    ],
    [["--passt", "--gateway", "10.0.2.2"], "--gateway needs --peer: without it DHCP says both"],
    [["--frames"], "--frames needs a value: --frames SOCKET"],
    [["--frames="], "--frames is a UNIX socket or HOST:PORT; got nothing"],
    [["--frames", "a:70000"], "--frames: a port is 1 to 65535; got 70000"],
    [["--peer", "10.9.0"], "--peer: an IPv4 address is four numbers"],
    [["--passt", "--dns", "x"], "--dns: an IPv4 address is four numbers"],
    [["--tap", "--address", "10.9.0.1", "--dhcp"], "--address: a prefix is an IPv4 address"],
    [
      ["--peer", "10.9.0.2", "--hardware-address", "02:00:00:00:00:01"],
      "--hardware-address needs an Ethernet",
    ],
    [
      ["--passt", "--hardware-address", "01:00:00:00:00:01"],
      "--hardware-address: 01:00:00:00:00:01 names no station",
    ],
    [["--passt", "--hardware-address", "2"], "--hardware-address: a hardware address is written as"],
    [["--passt", "--mtu", "67"], "--mtu is a whole number of bytes from 68 to 65535; got 67"],
  ])("%j make no sense", (argv, message) => {
    const said = complaint(...argv);
    expect(said).toContain(message);
    expect(said).not.toContain("\n");
  });

  test("stand in the help in groups, those of the command first", () => {
    const help = describeOptions({ ...LINK_OPTIONS, help: { short: "h", help: "prints this" } });
    const blocks = help.split("\n\n");
    expect(blocks[0]).toMatch(/^ {2}--help, -h /);
    expect(blocks.slice(1).map((block) => block.split("\n")[0])).toContain(
      "Or a stream of Ethernet frames, which needs no root:",
    );
    expect(help).toContain("--passt [SOCKET]");
  });
});
