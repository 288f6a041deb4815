/** Whatever tree of routers, switches and hosts: everybody reaches everybody, by the shortest way, and equal seeds give equal runs. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  AF_INET,
  type Host,
  IP_RECVTTL,
  IPPROTO_IP,
  Network,
  SOCK_DGRAM,
  type Switch,
} from "../../src/index.ts";
import { packetPool } from "../../src/packet/pool.ts";

/** A tree: node n hangs on one of those before it; what it is. Hosts hang on a node each. */
interface Plan {
  readonly nodes: readonly { readonly parent: number; readonly isSwitch: boolean }[];
  readonly hosts: readonly { readonly node: number; readonly network: number }[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  nodes: fc.array(fc.record({ parent: fc.nat(100), isSwitch: fc.boolean() }), { minLength: 1, maxLength: 6 }),
  hosts: fc.array(fc.record({ node: fc.nat(100), network: fc.nat(2) }), { minLength: 2, maxLength: 5 }),
});

interface Built {
  readonly net: Network;
  readonly hosts: Host[];
  /** Routers between two hosts. */
  between(a: number, b: number): number;
}

function build({ nodes, hosts }: Plan, seed: number): Built {
  const net = new Network({ seed });
  const made: (Host | Switch)[] = [];
  nodes.forEach(({ parent, isSwitch }, number) => {
    const node = isSwitch ? net.switch(`n${number}`) : net.router(`n${number}`);
    if (number > 0) net.link(made[parent % number]!, node, { latency: 1, jitter: 0.5 });
    made.push(node);
  });
  const places = hosts.map(({ node }) => node % nodes.length);
  const stations = hosts.map(({ network }, number) => {
    const address = network === 0 ? {} : { address: `10.${network}.0.${number + 1}/24` };
    const host = net.host(`h${number}`, address);
    net.link(host, made[places[number]!]!);
    return host;
  });
  const upwards = (place: number): number[] =>
    place === 0 ? [0] : [place, ...upwards(nodes[place]!.parent % place)];
  const between = (a: number, b: number) => {
    const [fromA, fromB] = [upwards(places[a]!), upwards(places[b]!)];
    const top = fromA.find((node) => fromB.includes(node))!;
    const way = [...fromA.slice(0, fromA.indexOf(top) + 1), ...fromB.slice(0, fromB.indexOf(top))];
    return way.filter((node) => !nodes[node]!.isSwitch).length;
  };
  return { net, hosts: stations, between };
}

/** Every host sends to every other, by name; returns who heard whom, with how many hops to live left. */
async function visit({ net, hosts }: Built): Promise<string[]> {
  const heard: string[] = [];
  const sockets = hosts.map((host) => {
    const socket = host.socket(AF_INET, SOCK_DGRAM);
    socket.setsockopt(IPPROTO_IP, IP_RECVTTL, 1);
    socket.bind({ address: "", port: 9 });
    void (async () => {
      for (;;) {
        const [data, ancillary] = await socket.recvmsg(100, 100);
        heard.push(`${new TextDecoder().decode(data)}>${host.name} ${ancillary[0]?.[2]}`);
      }
    })().catch(() => {});
    return socket;
  });
  await net.run(async () => {
    for (const [from, socket] of sockets.entries()) {
      for (const to of hosts) {
        if (to !== hosts[from]) await socket.sendto(`h${from}`, { address: to.name, port: 9 });
      }
    }
    await net.sleep(1000);
  });
  await Promise.all(sockets.map((socket) => socket.close()));
  return heard;
}

test("in any tree everybody hears everybody, over as many routers as there are between them", async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (given) => {
      const hashes: string[] = [];
      for (let run = 0; run < 2; run++) {
        const built = build(given, 3);
        const heard = await visit(built);
        await built.net.idle();
        hashes.push(built.net.hash());
        expect(built.net.leaks()).toEqual([]);
        built.net.close();
        expect(packetPool.outstanding).toBe(0);
        const wanted = built.hosts.flatMap((from, a) =>
          built.hosts.flatMap((to, b) =>
            a === b ? [] : [`${from.name}>${to.name} ${64 - built.between(a, b)}`],
          ),
        );
        expect(heard.sort()).toEqual(wanted.sort());
      }
      expect(hashes[0]).toBe(hashes[1]);
    }),
    { numRuns: 40 },
  );
});
