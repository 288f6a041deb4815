/**
 * A stack on the TAP device nw0, which somebody has prepared. Each line on its standard input, "join GROUP", "leave GROUP" or "tell", is answered by
 * one line: of "tell" IGMP's counters; at its end it ends.
 */
import { createInterface } from "node:readline";
import { EthernetLink, Host, Random, RealClock } from "../../../src/index.ts";
import { openTap } from "../../../src/node/index.ts";

const clock = new RealClock();
const host = new Host({ clock });
const port = await openTap({ name: "nw0", hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 7) });
host.attach(new EthernetLink({ clock, random: new Random(7), port }), { address: "10.9.0.2/24" });
const socket = host.datagram();
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [what, group = ""] = line.split(" ");
  const number = group.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0);
  clock.sample();
  if (what === "join") console.log(`joined ${socket.memberships.join(number, -1)}`);
  else if (what === "leave") console.log(`left ${socket.memberships.leave(number, -1)}`);
  else console.log(JSON.stringify(host.netstat().counters["igmp"]));
}
host.close();
clock.close();
