/**
 * Ping: an ICMP echo request made by hand and sent by a raw socket (RFC 792). What comes back begins with the IPv4
 * header. The C way: raw-ping-c.ts.
 *
 *     npx tsx examples/raw-ping.ts
 */
import { AF_INET, type Host, IPPROTO_ICMP, Network, SOCK_RAW, SocketError } from "../src/index.ts"; // yours: from "netwright"

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
  const socket = host.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  socket.settimeout(1000);
  const address = await host.gethostbyname(target);
  console.log(`PING ${target} (${address}) 56 data bytes`);
  for (let sequence = 1; sequence <= count; sequence++) {
    const sentAt = net.now;
    await socket.sendto(echoRequest(sequence), { address, port: 0 });
    try {
      for (;;) {
        const [datagram, from] = await socket.recvfrom(2048);
        const reply = parseReply(datagram, sequence);
        if (reply === undefined) continue;
        const { length, ttl } = reply;
        console.log(
          `${length} bytes from ${from.address}: icmp_seq=${sequence} ttl=${ttl} time=${net.now - sentAt} ms`,
        );
        break;
      }
    } catch (error) {
      if (!(error instanceof SocketError) || error.code !== "ETIMEDOUT") throw error;
      console.log(`no answer to icmp_seq=${sequence}`);
    }
  }
  await socket.close();
}

const net = new Network({ seed: 1 });
const a = net.host("a");
const b = net.host("b");
net.link(a, b, { latency: 10, loss: 0.2 });
await net.run(() => ping(a, "b", 5));
await net.idle();
