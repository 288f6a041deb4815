/** The kernel's end: two network namespaces with a veth pair between them, and peer.py in both. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const PEER = fileURLToPath(new URL("peer.py", import.meta.url));

/** Where the kernel of the other namespace is found over the veth pair. */
export const VETH_ADDRESS = "10.9.0.2";

/** A process of peer.py that is told what to do line by line, and answers each in a line. */
class Peer {
  private readonly child: ChildProcess;
  private text = "";
  private answered: (line: string) => void = () => {};
  private failed: (error: Error) => void = () => {};

  constructor(command: readonly [string, ...string[]]) {
    const [program, ...args] = command;
    this.child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.child.stdout!.on("data", (data) => {
      this.text += data;
      const end = this.text.indexOf("\n");
      if (end < 0) return;
      const line = this.text.slice(0, end);
      this.text = this.text.slice(end + 1);
      this.answered(line);
    });
    this.child.on("error", (error) => this.failed(error));
    this.child.on("exit", (code) => this.failed(new Error(`peer.py has ended with ${code}`)));
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The next line it says, after it was told `line`. */
  ask(line?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.answered = resolve;
      this.failed = reject;
      if (line !== undefined) this.child.stdin!.write(`${line}\n`);
    });
  }

  close(): void {
    this.failed = () => {};
    this.child.stdin!.end();
  }
}

export class Kernel {
  private readonly server: Peer;
  private readonly client: Peer;

  private constructor(server: Peer, client: Peer) {
    this.server = server;
    this.client = client;
  }

  /** Sets both ends up, in the namespace of this process and in a new one. */
  static async start(): Promise<Kernel> {
    const server = new Peer(["unshare", "-n", "python3", "-B", PEER, "serve"]);
    await server.ask();
    const inside = ["nsenter", "-t", String(server.pid), "-n"];
    run("ip", "link", "set", "lo", "up");
    run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", String(server.pid));
    run("ip", "address", "add", "10.9.0.1/24", "dev", "veth0");
    run("ip", "link", "set", "veth0", "up");
    run(...inside, "ip", "address", "add", `${VETH_ADDRESS}/24`, "dev", "veth1");
    run(...inside, "ip", "link", "set", "veth1", "up");
    return new Kernel(server, new Peer(["python3", "-B", PEER, "call"]));
  }

  /** Has the kernel of this namespace do `what` with whoever is at `address`; seconds. */
  async call(what: "up" | "down" | "udp", address: string, port: number, amount: number): Promise<number> {
    return Number(await this.client.ask(`${what} ${address} ${port} ${amount}`));
  }

  close(): void {
    this.client.close();
    this.server.close();
  }
}

function run(...command: string[]): void {
  const [program = "", ...args] = command;
  const { status, error, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command.join(" ")}: ${error?.message ?? stderr}`);
}

/** The median round trip of `count` pings to `address`, seconds; `flags` are those of ping. */
export function ping(address: string, count: number, ...flags: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("ping", [...flags, "-n", "-c", String(count), address], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.on("data", (data) => {
      text += data;
    });
    child.on("error", reject);
    child.on("close", () => {
      const times = Array.from(text.matchAll(/ time=([\d.]+) ms/g), ([, millis]) => Number(millis) / 1000);
      if (times.length < count)
        reject(new Error(`${times.length} of ${count} pings to ${address} came back`));
      else resolve(times.sort((a, b) => a - b)[times.length >> 1]!);
    });
  });
}
