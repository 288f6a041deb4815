import { describe, expect, it } from "vitest";
import { network } from "../support/world.ts";

const EADDRNOTAVAIL = -99;
const EINPROGRESS = -115;

/** A server that closes when its client has; `connect` opens a connection to it from port 5000 of `a`. */
function stage(timestamps: boolean) {
  const net = network({ seed: 3 });
  const a = net.host("a", { tcp: { timestamps } });
  const b = net.host("b");
  net.link(a, b, { latency: 1 });
  const listener = b.stream();
  listener.bind({ address: "", port: 80 });
  listener.listen(5);
  const accepted: ReturnType<typeof listener.accept>[] = [];
  listener.onReadiness = () => {
    const server = listener.accept();
    accepted.push(server);
    if (typeof server === "number") return;
    server.onReadiness = () => server.receive(new Uint8Array(10)) === 0 && server.close();
  };
  const connect = () => {
    const stream = a.stream();
    stream.settings.reuseAddress = true;
    expect(stream.bind({ address: "", port: 5000 })).toBe(0);
    return { stream, result: stream.connect({ address: "10.0.0.2", port: 80 }) };
  };
  return { net, a, b, listener, accepted, connect };
}

describe("a new connection in the place of one in TIME-WAIT", () => {
  it("takes it over once its timestamps are a second old, beyond its sequence numbers", async () => {
    const { net, a, listener, accepted, connect } = stage(true);
    const first = connect();
    expect(first.result).toBe(EINPROGRESS);
    await net.advance(10);
    first.stream.close();
    await net.advance(1100);
    const [old] = [...a.tcp.connections()];
    expect(old?.stateName).toBe("TIME-WAIT");
    const lastUsed = old!.snd.nxt;
    const second = connect();
    expect(second.result).toBe(EINPROGRESS);
    await net.advance(10);
    const live = [...a.tcp.connections()];
    expect(live.map((tcb) => tcb.stateName)).toEqual(["ESTABLISHED"]);
    expect((live[0]!.snd.iss - lastUsed) | 0).toBeGreaterThan(65_535);
    expect(accepted.filter((server) => typeof server !== "number")).toHaveLength(2);
    second.stream.close();
    listener.close();
    await net.advance(10); // the other side hears of it and closes too
  });

  it("is refused before that, and without timestamps", async () => {
    for (const [wait, timestamps] of [
      [500, true],
      [5000, false],
    ] as const) {
      const { net, listener, connect } = stage(timestamps);
      const first = connect();
      await net.advance(10);
      first.stream.close();
      await net.advance(wait);
      const second = connect();
      expect(second.result).toBe(EADDRNOTAVAIL);
      second.stream.close();
      listener.close();
    }
  });
});
