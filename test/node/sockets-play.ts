/**
 * What raw, ping and packet sockets see on one link, whatever that is: a play for a host and a neighbour that answers pings and has
 * nobody at UDP port 9. What it returns must be the same on all links, but for `frame`.
 */
import {
  AF_INET,
  AF_PACKET,
  ETH_P_ALL,
  type Host,
  htons,
  IP_HDRINCL,
  IPPROTO_ICMP,
  IPPROTO_IP,
  inet_aton,
  SOCK_DGRAM,
  SOCK_RAW,
} from "../../src/index.ts";
import type { InetAddress } from "../../src/sockets/address.ts";

export interface Played {
  /** A ping by SOCK_RAW: the answer's type, the length of its datagram, who sent it, and whether its data came back. */
  raw: unknown[];
  /** The same by a ping socket, which sees no header. */
  ping: unknown[];
  /** The same by SOCK_RAW with a header of our own. */
  ownHeader: unknown[];
  /** What connect and recv say of a port where nobody is. */
  refused: string | undefined;
  /** What a packet socket has seen of the first ping: types of packets and of messages. */
  seen: string[];
  /** Bytes in front of the datagram that SOCK_RAW sees. */
  frame: number;
}

const PATIENCE = 5000;
const DATA = Uint8Array.from({ length: 32 }, (_, index) => index * 7);

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum += at % 2 === 0 ? bytes[at]! << 8 : bytes[at]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function echoRequest(identifier: number): Uint8Array {
  const message = Uint8Array.of(8, 0, 0, 0, identifier >> 8, identifier & 255, 0, 1, ...DATA);
  const sum = checksum(message);
  message[2] = sum >> 8;
  message[3] = sum & 255;
  return message;
}

const endsWithData = (bytes: Uint8Array): boolean =>
  bytes.slice(-DATA.length).every((byte, index) => byte === DATA[index]);

export async function playSockets(host: Host, own: string, neighbor: string): Promise<Played> {
  const to = { address: neighbor, port: 0 };
  const sniffers = [SOCK_RAW, SOCK_DGRAM].map((type) => host.socket(AF_PACKET, type, htons(ETH_P_ALL)));

  const raw = host.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  raw.settimeout(PATIENCE);
  await raw.sendto(echoRequest(0x1234), to);
  const rawAnswer = await answer(raw);
  const [whole, cooked] = await Promise.all(
    sniffers.map(async (socket) => {
      socket.settimeout(PATIENCE);
      const packets: [Uint8Array, number][] = [];
      while (!packets.some(([bytes]) => isIcmp(bytes, 0))) {
        const [bytes, from] = await socket.recvfrom(2000);
        packets.push([bytes, (from as unknown as { packetType: number }).packetType]);
      }
      await socket.close();
      return packets;
    }),
  );
  const seen = cooked!.filter(([bytes]) => isIcmp(bytes, 8) || isIcmp(bytes, 0));
  const [request] = whole!.filter(([bytes]) => isIcmp(bytes, 8));

  const ping = host.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  ping.settimeout(PATIENCE);
  await ping.sendto(echoRequest(0), to);
  const [pong, from] = await ping.recvfrom(2000);
  await ping.close();

  raw.setsockopt(IPPROTO_IP, IP_HDRINCL, 1);
  const message = echoRequest(0x4321);
  const header = [0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, ...inet_aton(own), ...inet_aton(neighbor)];
  await raw.sendto(Uint8Array.of(...header, ...message), to);
  const ownAnswer = await answer(raw);
  await raw.close();

  const udp = host.socket(AF_INET, SOCK_DGRAM);
  udp.settimeout(PATIENCE);
  await udp.connect({ address: neighbor, port: 9 });
  await udp.send("nobody");
  const refused = await udp.recv(10).then(
    () => undefined,
    (error: { code: string }) => error.code,
  );
  await udp.close();
  return {
    raw: rawAnswer,
    ping: [pong[0], pong.length, (from as InetAddress).address, endsWithData(pong)],
    ownHeader: ownAnswer,
    refused,
    seen: seen.map(([bytes, type]) => `${type} ${bytes[20]}`),
    frame: request![0].length - 28 - DATA.length,
  };
}

/** The first echo reply. */
async function answer(raw: ReturnType<Host["socket"]>): Promise<unknown[]> {
  for (;;) {
    const [bytes, from] = await raw.recvfrom(2000);
    if (bytes[20] === 0) return [bytes[20], bytes.length, (from as InetAddress).address, endsWithData(bytes)];
  }
}

/** Whether a datagram, behind a header of Ethernet or not, is ICMP of `type`. */
function isIcmp(bytes: Uint8Array, type: number): boolean {
  return [0, 14].some((at) => bytes[at] === 0x45 && bytes[at + 9] === 1 && bytes[at + 20] === type);
}
