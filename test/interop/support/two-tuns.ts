/**
 * A router of netwright's with two TUN devices, "left" and "right": `two-tuns.ts OPTIONS`, where OPTIONS are JSON, for `openTun`, by
 * device. Says "ready"; at the end prints what the links have counted, as JSON.
 */
import { Host, packetPool } from "../../../src/index.ts";
import { openTun, type TunOptions } from "../../../src/node/index.ts";

const { left, right } = JSON.parse(process.argv[2] ?? "{}") as { left?: TunOptions; right?: TunOptions };
const router = new Host({ name: "router", ip: { forwarding: true } });
const links = {
  left: await openTun({ ...left, name: "left" }),
  right: await openTun({ ...right, name: "right" }),
};
router.attach(links.left, { address: "10.9.1.1/24" });
router.attach(links.right, { address: "10.9.2.1/24" });
console.log("ready");
process.once("SIGTERM", () => {
  const { ip, icmp } = router.netstat().counters;
  router.close();
  const counters = { left: links.left.counters, right: links.right.counters, ip, icmp };
  console.log(JSON.stringify({ ...counters, packets: packetPool.outstanding }));
});
