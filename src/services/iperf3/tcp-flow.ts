/** Streams over TCP. */
import { EAGAIN } from "../../base/errno.ts";
import type { Host } from "../../host/host.ts";
import { IPPROTO_TCP, TCP_INFO } from "../../sockets/constants.ts";
import type { SocketCore } from "../../sockets/core.ts";
import { type OptionValueOf, readOption } from "../../sockets/options/index.ts";
import { type Budget, Flow, Sender } from "./flow.ts";

/** Sends as fast as the connection takes it. */
export class TcpSender extends Sender {
  private retransmitsBefore = 0;

  override get retransmits(): number {
    return infoOf(this.core).total_retrans - this.retransmitsBefore;
  }

  override get congestionWindow(): number {
    const { snd_cwnd, snd_mss } = infoOf(this.core);
    return snd_cwnd * snd_mss;
  }

  override reset(): void {
    super.reset();
    this.retransmitsBefore = infoOf(this.core).total_retrans;
  }
}

/** Empties the connection into a buffer, as a program that wants the bytes does. */
export class TcpReceiver extends Flow {
  private readonly buffer: Uint8Array;

  private readonly blockLength: number;

  /** `blockLength`: what `budget` counts as a block. */
  constructor(
    host: Host,
    core: SocketCore,
    id: number,
    budget: Budget,
    buffer: Uint8Array,
    blockLength: number,
  ) {
    super(host, core, id, false, budget);
    this.buffer = buffer;
    this.blockLength = blockLength;
  }

  protected override turn(): void {
    const { core, buffer, count, budget, blockLength } = this;
    for (;;) {
      const length = core.receive(buffer);
      if (length === -EAGAIN) return;
      if (length <= 0) {
        this.fail(length);
        return;
      }
      count.bytes += length;
      budget.take(length, blockLength);
    }
  }
}

/** What Linux tells of a connection. */
function infoOf(core: SocketCore): OptionValueOf<typeof IPPROTO_TCP, typeof TCP_INFO> {
  return readOption(core, IPPROTO_TCP, TCP_INFO) as OptionValueOf<typeof IPPROTO_TCP, typeof TCP_INFO>;
}
