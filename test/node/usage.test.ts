import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { netwright } from "./terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "netwright-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("what makes no sense: one line, exit 2", () => {
  test.each([
    [[], "no command given; see netwright --help"],
    [["dmeo"], "unknown command dmeo: is demo meant? See netwright --help"],
    [["constructor"], "unknown command constructor; see netwright --help"],
    [["--seed", "1"], "unknown option --seed; see netwright --help"],
    [
      ["tun", "--address", "10.9.0.1/24"],
      "netwright tun needs the two ends of its device: --address 10.9.0.1/24 (the kernel's) and --peer 10.9.0.2 (its own)",
    ],
    [["tun", "--echo", "0"], "--echo is a port, a whole number from 1 to 65535; got 0"],
    [["tun", "--discard", "65536"], "--discard is a port, a whole number from 1 to 65535; got 65536"],
    [["tun", "--chargen", "http"], "--chargen is a port, a whole number from 1 to 65535; got http"],
    [["tun", "--echo", "7", "--discard", "7"], "--echo and --discard cannot both have port 7"],
    [["tun", "--serve", ".", "--echo", "80"], "--serve and --echo cannot both have port 80"],
    [["tun", "--upload", "--chargen", "80"], "--upload and --chargen cannot both have port 80"],
    [["tun", "--serve", ""], "--serve is a path; got nothing"],
    [["tun", "--address", "10.9.0.1/24", "--peer", "10.9.0.2", "--pcap="], "--pcap is a path; got nothing"],
    [["netstat", "x"], "a PID is a whole number; got x"],
    [["netstat", "1", "2"], "unexpected argument 2; see netwright netstat --help"],
    [["dump", "--watch", "a", "b"], "unexpected argument b; see netwright dump --help"],
    [["drill", "x.pkt"], "drill is not in this version of netwright"],
    [["demo", "--los", "0.1"], "unknown option --los: is --loss meant? See netwright demo --help"],
    [["demo", "--toString"], "unknown option --toString; see netwright demo --help"],
    [["demo", "-v"], "unknown option -v; see netwright demo --help"],
    [["demo", "fast"], "unexpected argument fast; see netwright demo --help"],
    [["demo", "--loss"], "--loss needs a value: --loss P"],
    [["demo", "--loss", "--json"], "--loss needs a value: --loss P"],
    [["demo", "--json=yes"], "--json takes no value; got yes"],
    [["demo", "--loss", "2"], "--loss is a probability between 0 and 1; got 2"],
    [["demo", "--loss", "-0.1"], "--loss is a probability between 0 and 1; got -0.1"],
    [["demo", "--loss", "2%"], "--loss is a probability between 0 and 1; got 2%"],
    [["demo", "--loss="], "--loss is a probability between 0 and 1; got nothing"],
    [["demo", "--latency", "-1"], "--latency is a number of milliseconds between 0 and 1e9; got -1"],
    [["demo", "--latency", "20ms"], "--latency is a number of milliseconds between 0 and 1e9; got 20ms"],
    [["demo", "--bandwidth", "0"], "--bandwidth is a number of bits per second above 0; got 0"],
    [["demo", "--seed", "1.5"], "--seed is a whole number; got 1.5"],
    [["demo", "--seed", "x"], "--seed is a whole number; got x"],
    [["demo", "--size", "-1"], "--size is a whole number of bytes from 0 to 10e9; got -1"],
    [["demo", "--size", "10k"], "--size is a whole number of bytes from 0 to 10e9; got 10k"],
    [["demo", "--size", "10000000001"], "--size is a whole number of bytes from 0 to 10e9; got 10000000001"],
    [["demo", "--size", "1e300"], "--size is a whole number of bytes from 0 to 10e9; got 1e300"],
    [["demo", "--file", ""], "--file is a path; got nothing"],
    [["demo", "--pcap="], "--pcap is a path; got nothing"],
    [["dump", ""], "dump needs a file: netwright dump FILE.pcapng"],
    [["demo", "--size", "1", "--file", "x"], "give --file or --size, not both"],
    [["dump"], "dump needs a file: netwright dump FILE.pcapng"],
    [["dump", "a", "b"], "unexpected argument b; see netwright dump --help"],
  ])("%j", async (argv, message) => {
    expect(await netwright(...argv)).toEqual({ code: 2, out: "", err: `${message}\n` });
  });
});

describe("what does not work: one line, exit 1", () => {
  const noCapture = join(folder, "text");
  writeFileSync(noCapture, "this is a text\n");
  const empty = join(folder, "empty");
  writeFileSync(empty, "");
  const classic = join(folder, "classic.pcap");
  writeFileSync(classic, Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0));

  test.each([
    [
      ["demo", "--file", join(folder, "none")],
      `cannot read ${join(folder, "none")}: no such file or directory`,
    ],
    [["demo", "--file", folder], `cannot read ${folder}: it is a directory`],
    [["demo", "--file", "/dev/null"], "cannot read /dev/null: it is no regular file"],
    [
      ["demo", "--pcap", join(folder, "no/where")],
      `cannot write ${join(folder, "no/where")}: no such file or directory`,
    ],
    [["demo", "--pcap", folder], `cannot write ${folder}: it is a directory`],
    [["dump", join(folder, "none")], `cannot read ${join(folder, "none")}: no such file or directory`],
    [["dump", folder], `cannot read ${folder}: it is a directory`],
    [["dump", empty], `${empty}: not a readable pcapng file: it is empty`],
    [["dump", classic], `${classic}: a classic pcap file; convert it with \`tshark -r … -w … -F pcapng\``],
    [
      ["tun", "--serve", join(folder, "none")],
      `cannot serve ${join(folder, "none")}: no such file or directory`,
    ],
    [["tun", "--serve", noCapture], `cannot serve ${noCapture}: it is no directory`],
    [
      ["tun", "--address", "10.9.0.1/24", "--peer", "10.9.0.2", "--pcap", join(folder, "no/where")],
      `cannot write ${join(folder, "no/where")}: no such file or directory`,
    ],
    [
      ["dump", "--watch", join(folder, "none")],
      `cannot read ${join(folder, "none")}: no such file or directory`,
    ],
    [["dump", "--watch", noCapture], `${noCapture}: not a readable pcapng file: it does not begin as one`],
    [["dump", noCapture], `${noCapture}: not a readable pcapng file: it does not begin as one`],
  ])("%j", async (argv, message) => {
    expect(await netwright(...argv)).toEqual({ code: 1, out: "", err: `${message}\n` });
  });
});

describe("help", () => {
  test.each([["--help"], ["-h"], ["help"]])("%s lists the commands", async (argument) => {
    const { code, out, err } = await netwright(argument);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^ {2}demo .*\n {2}dump /m);
    expect(out).toMatch(/^ {2}tun /m);
    expect(out).toMatch(/^ {2}Not in this version: .*\bdrill\.$/m);
  });

  test("of demo names every option that it takes", async () => {
    const { code, out } = await netwright("demo", "--help");
    expect(code).toBe(0);
    for (const option of ["file", "size", "loss", "latency", "bandwidth", "seed", "pcap", "json"]) {
      expect(out).toMatch(new RegExp(`^ {2}--${option} `, "m"));
    }
  });

  test("of tun names every option that it takes", async () => {
    const { code, out } = await netwright("tun", "--help");
    expect(code).toBe(0);
    for (const option of [
      "address",
      "peer",
      "name",
      "serve",
      "upload",
      "echo",
      "discard",
      "chargen",
      "pcap",
    ]) {
      expect(out).toMatch(new RegExp(`^ {2}--${option} `, "m"));
    }
  });

  test("of dump says what it reads", async () => {
    const { code, out, err } = await netwright("dump", "--help");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("pcapng files of Ethernet or raw IPv4 (link types 1, 101 and 228)");
  });

  test.each(["demo", "dump", "netstat", "tun"])("of %s has a short form", async (command) => {
    expect(await netwright(command, "-h")).toEqual(await netwright(command, "--help"));
  });

  test("and the version is that of package.json", async () => {
    expect((await netwright("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
