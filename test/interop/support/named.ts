/**
 * A stack on a TAP device that asks for an address by DHCP and for names by DNS; prints what it was told, one line of JSON, and ends. Its
 * argument says what to do: { names, addresses, renew, tap }.
 */
import {
  DhcpClient,
  EthernetLink,
  GaiError,
  Host,
  Random,
  RealClock,
  StubResolver,
} from "../../../src/index.ts";
import { dnsWire, openTap } from "../../../src/node/index.ts";
import { packetPool } from "../../../src/packet/pool.ts";

interface Wishes {
  /** The kernel's side. */
  address: string;
  names: string[];
  addresses: string[];
  /** Milliseconds to stay, for renewals. */
  stay?: number;
  /** Whether to probe for the address (RFC 5227). */
  probe?: boolean;
  release?: boolean;
}

const {
  address,
  names,
  addresses,
  stay = 0,
  probe = false,
  release = true,
} = JSON.parse(process.argv[2]!) as Wishes;

const clock = new RealClock();
const host = new Host({ name: "stack", clock });
const port = await openTap({ address, name: "nw0", hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 7) });
host.attach(new EthernetLink({ clock, random: new Random(7), port }, { probe }), {});
const client = new DhcpClient(host, "eth0");
console.log("asking");
const lease = await client.configure({ timeout: 30_000 });
const resolver = new StubResolver(host, {
  servers: lease.nameServers,
  search: lease.search,
  codec: dnsWire,
  timeout: 1000,
});
host.useResolver(resolver);

async function told(ask: Promise<unknown>): Promise<unknown> {
  return ask.catch((error) => {
    if (error instanceof GaiError) return error.code;
    throw error;
  });
}

const found: Record<string, unknown> = {};
for (const name of names)
  found[name] = await told(
    resolver
      .byName(name)
      .then((entry) => entry && { ...entry, addresses: entry.addresses.map((each) => each >>> 0) }),
  );
for (const each of addresses) found[each] = await told(resolver.reverse(each));
if (stay > 0) await new Promise((resolve) => setTimeout(resolve, stay));
const state = client.state;
const counters = { dhcp: { ...client.counters }, dns: { ...resolver.counters } };
resolver.close();
if (release) {
  await client.close();
  await new Promise((resolve) => setTimeout(resolve, 300)); // the device ends with us, and what is on its way there too
}
host.close();
clock.close();
console.log(JSON.stringify({ lease, found, state, counters, packets: packetPool.outstanding }));
