/** Plays packets and states to a recorder, without a network. */
import type { Packet } from "../../src/packet/packet.ts";
import { packetPool } from "../../src/packet/pool.ts";
import type { Tcb, TcpObserver } from "../../src/tcp/index.ts";
import { type DropReason, Recorder, type RecorderOptions, type WireObserver } from "../../src/trace/index.ts";
import { tcp } from "./packets.ts";

const LEFT = { wire: "a-b", from: "a", to: "b" };
const RIGHT = { wire: "a-b", from: "b", to: "a" };

export class Stage {
  readonly recorder: Recorder;
  private readonly observers: WireObserver[];
  private readonly clock = { now: 0 };
  private readonly hosts: Record<"a" | "b", { observer: TcpObserver | undefined }> = {
    a: { observer: undefined },
    b: { observer: undefined },
  };

  constructor(options: RecorderOptions = {}, ...others: WireObserver[]) {
    this.recorder = new Recorder(options);
    this.observers = [this.recorder, ...others];
    for (const name of ["a", "b"] as const) {
      this.recorder.watch({ name, clock: this.clock, tcp: this.hosts[name] });
    }
  }

  /** Host `from` sends at `time` ms. What is returned arrives, is lost, … */
  send(from: "a" | "b", time: number, bytes: Uint8Array, isCorrupted = false) {
    const packet = packetPool.from(bytes);
    const way = from === "a" ? LEFT : RIGHT;
    for (const observer of this.observers) observer.sent(way, packet, time * 1000);
    if (isCorrupted) for (const observer of this.observers) observer.corrupted(way, packet, time * 1000);
    return {
      arrives: (at: number) => this.end(packet, (observer) => observer.delivered(way, packet, at * 1000)),
      lost: (reason: DropReason = "loss") =>
        this.end(packet, (observer) => observer.dropped(way, packet, reason, time * 1000)),
      copied: () => {
        const copy = packetPool.from(bytes);
        for (const observer of this.observers) observer.duplicated(way, packet, copy, time * 1000);
        return (at: number) => this.end(copy, (observer) => observer.delivered(way, copy, at * 1000));
      },
    };
  }

  state(
    host: "a" | "b",
    time: number,
    from: string,
    to: string,
    ports: [number, number] = [49_152, 80],
  ): void {
    this.clock.now = time * 1000;
    const [client, server] = ports;
    const [localPort, remotePort] = host === "a" ? [client, server] : [server, client];
    this.hosts[host].observer?.stateChanged({ localPort, remotePort } as Tcb, from, to);
  }

  private end(packet: Packet, tell: (observer: WireObserver) => void): void {
    for (const observer of this.observers) tell(observer);
    packet.release();
  }
}

export const forth = (flags: string, seq: number, ack: number, rest: object = {}): Uint8Array =>
  tcp({ from: "10.0.0.1:49152", to: "10.0.0.2:80", flags, seq: 7000 + seq, ack: 100 + ack, ...rest });
export const back = (flags: string, seq: number, ack: number, rest: object = {}): Uint8Array =>
  tcp({ from: "10.0.0.2:80", to: "10.0.0.1:49152", flags, seq: 100 + seq, ack: 7000 + ack, ...rest });
