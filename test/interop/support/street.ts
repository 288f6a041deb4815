/**
 * Where the programs of a test stand. A plain street has one namespace: the kernel at one end of a TUN device, the stack at the other.
 *
 *     kernel 10.9.0.1 ── nw0 ── 10.9.0.2 stack
 *
 * A long one has a router between them, and a wire that one can make worse: a veth pair, with netem on both ends where the kernel has
 * it, or where it has not, two TUN devices and wire.py between them.
 *
 *     kernel 10.9.1.2 ── wire ── 10.9.1.1 router 10.9.0.1 ── nw0 ── 10.9.0.2 stack
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Namespace, Outcome, Running } from "./namespace.ts";
import { Namespaces } from "./namespaces.ts";
import { netemArguments, type Wire, type WireCounts } from "./wire.ts";

const WIRE_PROGRAM = fileURLToPath(new URL("wire.py", import.meta.url));

export const STACK = "10.9.0.2";
export const ROUTER = "10.9.0.1";
/** The kernel's address on a long street. */
export const FAR = "10.9.1.2";

export class Street {
  private readonly namespaces = new Namespaces();
  /** Where the clients and servers of the kernel's side run. */
  readonly kernel: Namespace;
  /** Where the stack's TUN device is: on a plain street, the same. */
  readonly near: Namespace;
  /** The kernel's address, as the stack sees it. */
  readonly kernelAddress: string;
  /** For captures and other files of the test. */
  readonly folder = mkdtempSync(
    join(process.env["NETWRIGHT_INTEROP_FOLDER"] ?? tmpdir(), "netwright-interop-"),
  );
  /** How the wire was made, for who wants to see a failure again. */
  setting = "no wire between";
  private wire: Running | undefined;
  private readonly started: Running[] = [];

  private constructor(isLong: boolean) {
    this.kernel = this.namespaces.create("kernel");
    this.near = isLong ? this.namespaces.create("router") : this.kernel;
    this.kernelAddress = isLong ? FAR : ROUTER;
  }

  static plain(): Street {
    return new Street(false);
  }

  /** A street with a router, and a wire as `wire` says. */
  static async long(wire: Wire = {}): Promise<Street> {
    const street = new Street(true);
    try {
      await street.lay(wire);
    } catch (error) {
      await street.close();
      throw error;
    }
    return street;
  }

  /**
   * Makes room in front of the stack, which is there now: what a router forwards nobody holds back, and it forwards segment by segment
   * what a socket of the same machine hands over in one.
   */
  async widen(): Promise<void> {
    if (this.near !== this.kernel) await this.near.run("ip link set nw0 txqueuelen 10000");
  }

  /** A program that is ended with the street. */
  start(place: Namespace, command: readonly string[], seconds?: number): Running {
    const running = place.start(command, seconds === undefined ? {} : { seconds });
    this.started.push(running);
    return running;
  }

  /** Ends everything. The files stay where `keepsFiles`; returns what became of the packets on a wire of wire.py. */
  async close(keepsFiles = false): Promise<WireCounts | undefined> {
    const counts = await this.cut();
    for (const running of this.started.reverse()) await running.stop("SIGKILL");
    await this.namespaces.close();
    if (!keepsFiles) rmSync(this.folder, { recursive: true, force: true });
    return counts;
  }

  private async cut(): Promise<WireCounts | undefined> {
    if (this.wire === undefined) return undefined;
    const { out } = (await this.wire.stop()) as Outcome;
    const last = out.trim().split("\n").at(-1) ?? "";
    return last.startsWith("{") ? (JSON.parse(last) as WireCounts) : undefined;
  }

  private async lay(wire: Wire): Promise<void> {
    const { kernel, near } = this;
    if (wire.by === "wire.py") await this.layTuns(wire);
    else await this.layVeth(wire);
    await kernel.run(
      `ip addr add ${FAR}/24 dev wire && ip link set wire up && ip route add default via 10.9.1.1`,
    );
    await near.run("ip addr add 10.9.1.1/24 dev wire && ip link set wire up");
    await near.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0");
  }

  private async layVeth(wire: Wire): Promise<void> {
    const { kernel, near } = this;
    await near.run(`ip link add wire type veth peer name wire netns ${kernel.name}`);
    for (const end of [near, kernel]) {
      // packets that both processors put into a veth pair overtake each other, unless one alone takes them out
      await end.run("echo 1 > /sys/class/net/wire/queues/rx-0/rps_cpus", { mayFail: true });
      if (wire.superpackets !== true) await end.run("ethtool -K wire tx off tso off gso off gro off");
    }
    if (wire.mtu !== undefined) await near.run(`ip link set wire mtu ${wire.mtu}`);
    if (wire.by !== "netem") return;
    // netem delays and loses what leaves: each end does it to its direction
    const [toStack, toKernel] = [netemArguments(wire.toStack), netemArguments(wire.toKernel)];
    await kernel.run(`tc qdisc add dev wire root netem ${toStack}`);
    await near.run(`tc qdisc add dev wire root netem ${toKernel}`);
    this.setting = `netem to the stack: ${toStack}; to the kernel: ${toKernel}`;
  }

  private async layTuns(wire: Wire): Promise<void> {
    const { kernel, near } = this;
    const { seed = 1, superpackets = false, toStack = {}, toKernel = {} } = wire;
    const settings = JSON.stringify({
      left: "far",
      right: "wire",
      seed,
      superpackets,
      toRight: toStack,
      toLeft: toKernel,
    });
    this.wire = near.start(["python3", "-B", WIRE_PROGRAM, settings], { seconds: 7200 });
    await this.wire.says("ready");
    // a TUN device stays with its opener wherever it moves to
    await near.run(`ip link set far netns ${kernel.name} && ip link set wire txqueuelen 10000`);
    await kernel.run("ip link set far name wire txqueuelen 10000");
    this.setting = `wire.py '${settings}'`;
  }
}
