/**
 * Ping, the C way: an ICMP echo request made by hand and sent by a raw socket (RFC 792). What comes back begins with
 * the IPv4 header. The Python way: raw-ping.ts.
 *
 *     npx tsx examples/raw-ping-c.ts
 */
import {
  AF_INET,
  type Host,
  IPPROTO_ICMP,
  Network,
  SO_RCVTIMEO,
  SOCK_RAW,
  SOL_SOCKET,
  SocketError,
} from "../src/index.ts"; // yours: from "netwright"

const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
const IDENTIFIER = 4711;

/** The Internet checksum (RFC 1071). */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff);
  return ~sum & 0xffff;
}

function echoRequest(sequence: number): Uint8Array {
  const message = new Uint8Array(64); // 8 of header, 56 of data
  const view = new DataView(message.buffer);
  view.setUint8(0, ECHO_REQUEST);
  view.setUint16(4, IDENTIFIER);
  view.setUint16(6, sequence);
  for (let i = 8; i < 64; i++) message[i] = i;
  view.setUint16(2, checksum(message));
  return message;
}

/** The answer to `sequence` in a datagram that a raw socket received, or undefined when it is something else. */
function parseReply(datagram: Uint8Array, sequence: number): { length: number; ttl: number } | undefined {
  const headerLength = (datagram[0]! & 15) * 4;
  const icmp = new DataView(
    datagram.buffer,
    datagram.byteOffset + headerLength,
    datagram.length - headerLength,
  );
  if (icmp.getUint8(0) !== ECHO_REPLY) return undefined;
  if (icmp.getUint16(4) !== IDENTIFIER || icmp.getUint16(6) !== sequence) return undefined;
  return { length: icmp.byteLength, ttl: datagram[8]! };
}

async function ping(host: Host, target: string, count: number): Promise<void> {
  const { socket, sendto, recvfrom, setsockopt, close } = host.posix;
  const fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, 1000);
  const address = await host.gethostbyname(target);
  console.log(`PING ${target} (${address}) 56 data bytes`);
  const buffer = new Uint8Array(2048);
  for (let sequence = 1; sequence <= count; sequence++) {
    const sentAt = net.now;
    await sendto(fd, echoRequest(sequence), 0, { family: AF_INET, port: 0, address });
    try {
      for (;;) {
        const { n, address: from } = await recvfrom(fd, buffer, 0);
        const reply = parseReply(buffer.subarray(0, n), sequence);
        if (reply === undefined) continue;
        const { length, ttl } = reply;
        console.log(
          `${length} bytes from ${from.address}: icmp_seq=${sequence} ttl=${ttl} time=${net.now - sentAt} ms`,
        );
        break;
      }
    } catch (error) {
      if (!(error instanceof SocketError) || error.code !== "EWOULDBLOCK") throw error;
      console.log(`no answer to icmp_seq=${sequence}`);
    }
  }
  await close(fd);
}

const net = new Network({ seed: 1 });
const a = net.host("a");
const b = net.host("b");
net.link(a, b, { latency: 10, loss: 0.2 });
await net.run(() => ping(a, "b", 5));
await net.idle();
