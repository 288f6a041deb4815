/** A small world with every fault a wire has, for the test of determinism. As a program it prints what a seed makes of it. */
import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import { Network } from "../../src/sim/network.ts";
import { AF_INET, SOCK_DGRAM } from "../../src/sockets/constants.ts";

const PAYLOAD = Uint8Array.from({ length: 60_000 }, (_, index) => (index * 31) >> 3);

export interface Outcome {
  hash: string;
  /** SHA-256 of the capture. */
  capture: string;
  /** Virtual milliseconds. */
  end: number;
  leaks: string[];
}

/** Two hosts exchange a stream each way and some datagrams over a bad wire. */
export async function live(seed: number): Promise<Outcome> {
  const net = new Network({ seed });
  const a = net.host("a");
  const b = net.host("b");
  const faults = { loss: 0.03, duplicate: 0.02, reorder: 0.03, corrupt: 0.02 };
  net.link(a, b, { latency: 15, jitter: 4, bandwidth: 8e6, queue: 30, ...faults, b: { latency: 5 } });
  const capture = net.capture();
  const listener = b.socket();
  listener.bind({ address: "", port: 80 });
  listener.listen(2);
  await net.run(async () => {
    const serve = async () => {
      const [connection] = await listener.accept();
      const sent = connection.sendall(PAYLOAD).then(() => connection.shutdown(1));
      let length = 0;
      for await (const chunk of connection.chunks()) length += chunk.length;
      await sent;
      await connection.close();
      return length;
    };
    const use = async () => {
      const client = a.socket();
      await client.connect({ address: "b", port: 80 });
      const sent = client.sendall(PAYLOAD).then(() => client.shutdown(1));
      let length = 0;
      for await (const chunk of client.chunks()) length += chunk.length;
      await sent;
      await client.close();
      return length;
    };
    const chatter = async () => {
      const socket = a.socket(AF_INET, SOCK_DGRAM);
      for (let index = 0; index < 50; index++) {
        await socket.sendto(`message ${index}`, { address: "b", port: 9 }).catch(() => {});
        await net.sleep(7);
      }
      await socket.close();
    };
    const lengths = await Promise.all([serve(), use(), chatter()]);
    if (lengths[0] !== PAYLOAD.length || lengths[1] !== PAYLOAD.length) {
      throw new Error(`bytes were lost: ${lengths}`);
    }
  });
  await listener.close();
  await net.idle();
  const leaks = net.leaks();
  const outcome = {
    hash: net.hash(),
    capture: createHash("sha256").update(capture.pcapng()).digest("hex"),
    end: net.now,
    leaks,
  };
  net.close();
  return outcome;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  console.log(JSON.stringify(await live(Number(process.argv[2]))));
}
