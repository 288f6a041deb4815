/** IP_MTU_DISCOVER of UDP and raw endpoints. The table is Linux 6.18's, on a TUN device with a route of MTU 1000. */
import { describe, expect, test } from "vitest";
import { EMSGSIZE } from "../../src/base/errno.ts";
import { MSG_ERRQUEUE } from "../../src/base/message-flags.ts";
import { ReceivedInfo } from "../../src/ip/received.ts";
import { DatagramInfo } from "../../src/udp/endpoint.ts";
import { IpHost, leaveNothingBehind } from "../support/ip-host.ts";
import { icmp, ip, parseIpv4, pattern, udp } from "../support/wire.ts";

leaveNothingBehind();

const PEER = "10.0.0.2";
const HEADER = 20;
const PATH_MTU = 1000;

/** What becomes of datagrams of 900, 1400 and 1501 bytes in each mode: what is sent, or the MTU that an error tells of. */
const TABLE: readonly [name: string, string, string, string][] = [
  ["DONT", "900", "996 424", "996 525"],
  ["WANT", "900 DF", "996 424", "996 525"],
  ["DO", "900 DF", "EMSGSIZE 1000", "EMSGSIZE 1000"],
  ["PROBE", "900 DF", "1400 DF", "EMSGSIZE 1500"],
  ["INTERFACE", "900", "1400", "EMSGSIZE 1500"],
  ["OMIT", "900", "1400", "1500 21"],
];

const none = new Uint8Array(0);

/** A UDP endpoint, or a raw one, of a host that knows the path's MTU: the length that its own header has, and its calls. */
function sender(host: IpHost, kind: string, mode: number) {
  const to = ip(PEER);
  const settings = { pathMtuDiscovery: mode, receiveErrors: true };
  if (kind === "UDP") {
    const endpoint = host.udp.create();
    Object.assign(endpoint.settings, settings);
    const info = new DatagramInfo();
    const readError = () => endpoint.receive(none, 0, 0, MSG_ERRQUEUE, info);
    return {
      endpoint,
      info,
      readError,
      header: 8,
      send: (data: Uint8Array) => endpoint.send(data, 0, data.length, to, 9),
    };
  }
  const endpoint = host.ip.raw.create(200);
  Object.assign(endpoint.settings, settings);
  const info = new ReceivedInfo();
  const readError = () => endpoint.receive(none, 0, 0, MSG_ERRQUEUE, info);
  return {
    endpoint,
    info,
    readError,
    header: 0,
    send: (data: Uint8Array) => endpoint.sendTo(data, 0, data.length, to, undefined),
  };
}

describe.each(["UDP", "raw"])("of a %s endpoint", (kind) => {
  test.each(TABLE.map((row, mode) => [row[0], mode] as const))("IP_PMTUDISC_%s", (_, mode) => {
    const host = new IpHost();
    host.ip.learnPathMtu(ip(PEER), PATH_MTU);
    const { endpoint, info, readError, header, send } = sender(host, kind, mode);
    const told = [900, 1400, 1501].map((total) => {
      const result = send(pattern(total - HEADER - header));
      if (result < 0) {
        expect(result).toBe(-EMSGSIZE);
        expect(readError()).toBe(0);
        return `EMSGSIZE ${info.error?.info}`;
      }
      const pieces = host.link.take().map(parseIpv4);
      return pieces.map((each) => `${each.totalLength}${each.dontFragment ? " DF" : ""}`).join(" ");
    });
    expect(told).toEqual(TABLE[mode]!.slice(1));
    endpoint.close();
  });
});

test("INTERFACE and OMIT learn no path MTU, though the error is told; DONT is not told either", () => {
  const host = new IpHost();
  const answers = TABLE.map((_, mode) => {
    const { endpoint, send } = sender(host, "UDP", mode);
    const to = `10.0.0.${10 + mode}`;
    expect(send(none)).toBe(0);
    host.link.take();
    const payload = udp(
      { sourcePort: "localPort" in endpoint ? endpoint.localPort : 0 },
      { source: "10.0.0.1", destination: to },
    );
    host.receive(icmp({ type: 3, code: 4, rest: 1300, payload }));
    const answer = [endpoint.takeError(), host.path(to).mtu];
    endpoint.close();
    return answer;
  });
  expect(answers).toEqual([
    [0, 1500],
    ...Array(3).fill([EMSGSIZE, 1300]),
    ...Array(2).fill([EMSGSIZE, 1500]),
  ]);
});
