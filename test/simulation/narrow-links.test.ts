import { describe, expect, it } from "vitest";
import { network, pattern } from "../support/world.ts";

describe("the narrowest links", () => {
  it.each([68, 80, 96])(
    "MTU %i: both directions at once with losses, SACK blocks give way to text",
    async (mtu) => {
      const size = 20_000;
      const net = network({ seed: 5 });
      const [a, b] = [net.host("a"), net.host("b")];
      net.link(a, b, { latency: 10, mtu, loss: 0.05 });
      const received = [0, 0];
      const into = new Uint8Array(4096);
      const drive = (stream: ReturnType<typeof a.stream>, which: number) => {
        let left = size;
        stream.onReadiness = () => {
          for (let count = stream.receive(into); count > 0; count = stream.receive(into))
            received[which]! += count;
          while (left > 0) {
            const taken = stream.send(pattern(Math.min(left, 4096)));
            if (taken <= 0) return;
            left -= taken;
          }
        };
      };
      const listener = b.stream();
      listener.bind({ address: "", port: 80 });
      listener.listen(1);
      const ends = [a.stream()];
      listener.onReadiness = () => {
        const server = listener.accept();
        if (typeof server === "number") return;
        ends.push(server as (typeof ends)[0]);
        drive(ends[1]!, 1);
      };
      drive(ends[0]!, 0);
      ends[0]!.connect({ address: "10.0.0.2", port: 80 });
      await net.advance(600_000);
      expect(received).toEqual([size, size]);
      for (const end of [...ends, listener]) end.close();
      expect(a.ipv4.counters.sendTooBig + b.ipv4.counters.sendTooBig).toBe(0);
    },
  );
});
