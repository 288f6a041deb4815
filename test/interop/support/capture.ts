/** What tcpdump has seen on a device of a street. */
import { join } from "node:path";
import type { Namespace, Running } from "./namespace.ts";
import type { Street } from "./street.ts";

let number = 0;

export class Capture {
  readonly file: string;
  private readonly running: Running;

  private constructor(file: string, running: Running) {
    this.file = file;
    this.running = running;
  }

  /** Listens on `device`, by default the kernel's end of the stack's own. Packets are there whole. */
  static async start(street: Street, place: Namespace = street.near, device = "nw0"): Promise<Capture> {
    // no tail loss probes (RFC 8985 §7), which come after two milliseconds here: whenever this machine is busy
    await street.kernel.run("sysctl -qw net.ipv4.tcp_early_retrans=0", { mayFail: true });
    const file = join(street.folder, `${++number}-${device}.pcap`);
    const command = ["tcpdump", "-i", device, "-w", file, "-s", "0", "-B", "65536", "-Z", "root", "-n"];
    const running = street.start(place, command);
    await running.says("listening on");
    return new Capture(file, running);
  }

  /** Ends it; returns the file. Throws when the kernel had to drop packets: then it says nothing. */
  async stop(): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, 1200)); // tcpdump takes them in blocks, which may wait for a second
    const { err } = await this.running.stop("SIGINT");
    if (/^0 packets captured/m.test(err)) throw new Error(`tcpdump has seen nothing: ${err}`); // in which nobody finds a fault
    const dropped = Number(/(\d+) packets dropped by kernel/.exec(err)?.[1]);
    if (dropped !== 0) throw new Error(`tcpdump has not seen all: ${err}`);
    return this.file;
  }
}
