/** A virtual machine as the peer: QEMU's -netdev stream at either end of the socket, with a Linux of Debian's in it. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type TestContext, test } from "vitest";
import { skip } from "./support/missing.ts";
import { onStreet } from "./support/places.ts";
import { netwright } from "./support/stack.ts";
import type { Street } from "./support/street.ts";
import { missingForVm, vmCommand } from "./support/vm.ts";

/** Emulated, with a processor that others use too. */
const PATIENCE = 60;
const SIZE = 20_000_000;
const ADDRESSES = "ip addr add 10.9.0.1/24 dev eth0";

function content(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >>> 8) * 7) & 255;
  return bytes;
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Runs `body` on a street where there is no device. */
async function withVm(context: TestContext, body: (street: Street) => Promise<void>): Promise<void> {
  const reason = missingForVm();
  if (reason !== undefined) skip(context, reason);
  await onStreet(context, { programs: [] }, body);
}

test("a machine that connects to the stack pings it, gets a file, sends one, and another may come after it", async (context) => {
  await withVm(context, async (street) => {
    const { kernel, folder } = street;
    const socket = join(folder, "cable");
    const bytes = content(SIZE);
    writeFileSync(join(folder, "file"), bytes);
    const options = ["--frames-listen", socket, "--peer", "10.9.0.2/24", "--serve", folder, "--echo", "7"];
    const stack = street.start(kernel, netwright("tun", ...options));
    await stack.says(/^ready/m);
    const script = [
      ADDRESSES,
      "ping -c 3 10.9.0.2",
      "ping -c 1 -s 20000 10.9.0.2",
      "wget -q -O - http://10.9.0.2/file | sha256sum",
      "head -c 3000000 /dev/urandom > /sent",
      "nc 10.9.0.2 7 < /sent > /back & sleep 5", // busybox's does not end its half of the connection
      "sha256sum < /sent; sha256sum < /back",
    ].join("\n");
    const { out } = await street.start(kernel, vmCommand(folder, script, socket, false), PATIENCE).ended;
    expect(out).toMatch(/3 packets transmitted, 3 packets received/);
    expect(out).toMatch(/1 packets transmitted, 1 packets received/);
    const [got, sent, back] = [...out.matchAll(/([\da-f]{64}) {2}-/g)].map((match) => match[1]);
    expect(got).toBe(digest(bytes));
    expect(back).toBe(sent);
    const again = `${ADDRESSES}\nping -c 1 10.9.0.2`;
    const second = await street.start(kernel, vmCommand(folder, again, socket, false), PATIENCE).ended;
    expect(second.out).toMatch(/1 packets received/);
    expect((await stack.stop("SIGINT")).code).toBe(0);
  });
}, 180_000);

test("a machine at which the stack knocks answers its pings and gives its file", async (context) => {
  await withVm(context, async (street) => {
    const { kernel, folder } = street;
    const socket = join(folder, "cable");
    const script = [
      ADDRESSES,
      `for i in $(seq 100); do echo "line $i of the file in the machine"; done > /index.html`,
      "httpd -h / -p 80",
      "echo machine ready",
      "sleep 30",
    ].join("\n");
    const vm = street.start(kernel, vmCommand(folder, script, socket, true), PATIENCE);
    await vm.says("machine ready", PATIENCE);
    const link = `--frames ${socket} --peer 10.9.0.2/24`;
    const pinged = await kernel.run(`${netwright("ping").join(" ")} ${link} -c 3 -i 0.2 10.9.0.1`);
    expect(pinged.out).toContain("3 packets transmitted, 3 received, 0% packet loss");
    await vm.stop("SIGKILL");
    const gone = await kernel.run(`${netwright("ping").join(" ")} ${link} -c 1 10.9.0.1`, { mayFail: true });
    expect(gone.code).toBe(1);
    expect(gone.err).toMatch(/nobody listens at .*cable|there is no socket/);
  });
}, 120_000);
