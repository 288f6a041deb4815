/** A host at the other end of a frame stream, so that commands can run in this process: nothing of the kernel's is needed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { EthernetLink, type Host, Random } from "../../../src/index.ts";
import { listenForFrames } from "../../../src/node/frame-server.ts";
import { main } from "../../../src/node/main.ts";
import { realHost } from "../../support/world.ts";
import { TestTerminal } from "../terminal.ts";

export interface Cable {
  /** 10.9.0.1 */
  readonly peer: Host;
  readonly folder: string;
  /** Runs a command on a station that is 10.9.0.2, with `terminal`. */
  run(argv: readonly string[], terminal?: TestTerminal): Promise<{ code: number; out: string; err: string }>;
}

/** A cable for this test, whose other end is this test's too. `host`: default a new one. */
export async function cable(): Promise<Cable> {
  const folder = mkdtempSync(join(tmpdir(), "netwright-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const peer = realHost();
  const path = join(folder, "cable");
  const port = await listenForFrames(peer.clock, { path });
  peer.attach(new EthernetLink({ clock: peer.clock, random: new Random(1), port }), {
    address: "10.9.0.1/24",
  });
  // for a second nobody would believe that a hardware address has changed
  const link = ["--frames", path, "--peer", "10.9.0.2/24", "--hardware-address", "02:00:00:00:00:09"];
  return {
    peer,
    folder,
    async run(argv, terminal = new TestTerminal()) {
      while (port.isConnected) await new Promise((resolve) => setTimeout(resolve, 1)); // the last one has yet to go
      const code = await main([...argv, ...link], terminal);
      const written = new TextDecoder().decode(Buffer.concat(terminal.written));
      return { code, out: terminal.output + written, err: terminal.errors };
    },
  };
}
