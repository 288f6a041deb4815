/** What the client commands say to those who mistype: one line, exit 2, before any link is opened. */
import { describe, expect, test } from "vitest";
import { netwright } from "../terminal.ts";

const PORT = "PORT is a whole number from 1 to 65535; got";

describe("what makes no sense: one line, exit 2", () => {
  test.each([
    [["ping"], "netwright ping HOST: HOST is missing"],
    [["ping", ""], "netwright ping HOST: HOST is missing"],
    [["ping", "a", "b"], "unexpected argument b; see netwright ping --help"],
    [["ping", "a", "-c", "0"], "--count is a whole number from 1 to 1e15; got 0"],
    [["ping", "a", "-c", "x"], "--count is a whole number from 1 to 1e15; got x"],
    [["ping", "a", "-i", "-1"], "--interval is a number of seconds from 0 to 1e6; got -1"],
    [["ping", "a", "-s", "65508"], "--size is a whole number of bytes from 0 to 65507; got 65508"],
    [["ping", "a", "-t", "0"], "--ttl is a whole number from 1 to 255; got 0"],
    [["ping", "a", "-M", "maybe"], "--pmtudisc is do, want or dont; got maybe"],
    [["ping", "a", "-p", "xyz"], "--pattern is 1 to 16 bytes in hexadecimal digits; got xyz"],
    [["ping", "a", "-W", "x"], "--timeout is a number of seconds from 0 to 1e6; got x"],
    [["traceroute"], "netwright traceroute HOST [LENGTH]: HOST is missing"],
    [["traceroute", "a", "27"], "LENGTH is a whole number of bytes from 28 to 65000; got 27"],
    [["traceroute", "a", "100", "-T"], "LENGTH is 60 with --tcp; got 100"],
    [["traceroute", "a", "-I", "-T"], "give --icmp or --tcp, not both"],
    [["traceroute", "a", "-m", "0"], "--max-hops is a whole number from 1 to 255; got 0"],
    [["traceroute", "a", "-f", "31"], "--first is not above --max-hops, 30; got 31"],
    [["traceroute", "a", "-q", "11"], "--queries is a whole number from 1 to 10; got 11"],
    [["traceroute", "a", "-w", "0"], "--wait is a number of seconds above 0, or MAX,HERE,NEAR; got 0"],
    [
      ["traceroute", "a", "-w", "1,2,3,4"],
      "--wait is a number of seconds above 0, or MAX,HERE,NEAR; got 1,2,3,4",
    ],
    [["traceroute", "a", "-p", "0"], `${PORT} 0`],
    [["nc"], "netwright nc HOST PORT: HOST is missing"],
    [["nc", "a"], "netwright nc HOST PORT: PORT is missing"],
    [["nc", "a", "0"], `${PORT} 0`],
    [["nc", "a", "99999"], `${PORT} 99999`],
    [["nc", "a", "htp"], "PORT is a whole number from 1 to 65535 or the name of a service; got htp"],
    [["nc", "-l"], "netwright nc -l PORT: PORT is missing"],
    [["nc", "-l", "99999"], `${PORT} 99999`],
    [["nc", "-k", "a", "1"], "-k needs -l"],
    [["nc", "-z", "-l", "1"], "give -z or -l, not both"],
    [["nc", "-n", "a", "1"], "with -n HOST is an address such as 10.9.0.1; got a"],
    [["nc", "a", "1", "-w", "x"], "--wait is a number of seconds from 0 to 1e6; got x"],
    [["get"], "netwright get URL: URL is missing"],
    [["get", "https://a/"], "there is no TLS here, so no https://: give an http:// URL"],
    [["get", "ftp://a/"], "only http:// can be fetched, not ftp://"],
    [["get", "http://[::1]/"], "there is no IPv6 here: [::1] cannot be reached"],
    [["get", "http://a:99999/"], "URL is such as http://10.9.0.1/file; got http://a:99999/"],
    [["get", "http://a:0/"], "the port in URL is a whole number from 1 to 65535; got 0"],
    [["get", "a", "-O"], "http://a/ ends with no name: give -o FILE"],
    [["get", "a/%ff", "-O"], "http://a/%ff ends with no name: give -o FILE"],
    [["get", "a/b%00", "-O"], "http://a/b%00 ends with no name: give -o FILE"],
    [["get", "a", "-o", "x", "-O"], "give -o or -O, not both"],
    [["get", "a", "-c"], "--continue needs a file: give -o or -O"],
    [["get", "a", "-r", "x"], "--range is FROM-TO, FROM- or -LAST in bytes; got x"],
    [["get", "a", "-H", "x"], "--header is 'NAME: VALUE'; got x"],
    [["throughput"], "netwright throughput HOST: HOST is missing"],
    [["throughput", "--server", "a"], "give --server or HOST, not both"],
    [["throughput", "a", "-t", "0"], "--time is a number of seconds above 0; got 0"],
    [["throughput", "a", "-P", "0"], "--parallel is a whole number from 1 to 128; got 0"],
    [["throughput", "a", "-R", "--bidir"], "give --reverse or --bidir, not both"],
    [["throughput", "a", "-t", "1", "-n", "1"], "give --time or --bytes, not both"],
    [
      ["throughput", "a", "-b", "fast"],
      "--bitrate is a number from 0 to 1000000000000000, such as 100K or 2M; got fast",
    ],
    [
      ["throughput", "a", "-u", "-l", "70000"],
      "--length is a number from 16 to 65507, such as 100K or 2M; got 70000",
    ],
    [["throughput", "a", "-p", "99999"], `${PORT} 99999`],
    [["throughput", "a", "-i", "0.01"], "--interval is 0 or a number of seconds from 0.1 to 60; got 0.01"],
    [
      ["iperf3", "-c", "a"],
      "iperf3 is a server here: netwright iperf3 --server; to measure: netwright throughput HOST",
    ],
    [
      ["ping", "a", "--adress", "x"],
      "unknown option --adress: is --address meant? See netwright ping --help",
    ],
    [["iperf3"], "iperf3 is a server here: netwright iperf3 --server; to measure: netwright throughput HOST"],
    [["iperf3", "--server", "-p", "0"], `${PORT} 0`],
  ])("%j", async (argv, message) => {
    expect(await netwright(...argv)).toEqual({ code: 2, out: "", err: `${message}\n` });
  });
});

describe("help", () => {
  const COMMANDS = ["ping", "traceroute", "nc", "get", "throughput", "iperf3"];

  test("lists the commands", async () => {
    const { out } = await netwright("--help");
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^ {2}${command} `, "m"));
  });

  test.each(COMMANDS)("of %s has an example", async (command) => {
    const { code, out, err } = await netwright(command, "--help");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(new RegExp(`^ {2}sudo npx netwright ${command} .*--address`, "m"));
    expect(out).toMatch(/^ {2}--address CIDR /m);
    expect(await netwright(command, "-h")).toEqual({ code, out, err });
  });
});
