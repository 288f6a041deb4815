/** Whom a host asks for names that it does not know, and what becomes of what he cannot tell. */
import { describe, expect, it } from "vitest";
import { keyedHash } from "../../src/base/hash.ts";
import {
  EAI_AGAIN,
  EAI_FAIL,
  EAI_NODATA,
  GaiError,
  Host,
  type HostError,
  type HostOptions,
  NI_NAMEREQD,
  VirtualClock,
} from "../../src/index.ts";
import { ip } from "../support/wire.ts";

function withResolver(options: HostOptions = {}) {
  const host = new Host({ clock: new VirtualClock(), seed: 1, name: "me", ...options });
  const asked: string[] = [];
  host.useResolver({
    byName(name) {
      asked.push(name);
      const errno = { later: EAI_AGAIN, empty: EAI_NODATA, broken: EAI_FAIL }[name];
      if (errno !== undefined) return Promise.reject(new GaiError(errno, "getaddrinfo", name));
      if (!name.startsWith("known")) return undefined;
      return { name: "canonical.example", aliases: [name], addresses: [ip("10.1.0.1"), ip("10.1.0.2")] };
    },
    async byAddress(address) {
      asked.push(String(address >>> 0));
      if (address === ip("10.0.0.99")) throw new GaiError(EAI_AGAIN, "getnameinfo");
      return address === ip("10.1.0.1")
        ? { name: "canonical.example", aliases: [], addresses: [address] }
        : undefined;
    },
  });
  return { host, asked };
}

async function failure(promise: Promise<unknown>): Promise<[string, string]> {
  const error = await promise.then(
    () => new Error("it succeeded"),
    (reason) => reason as HostError,
  );
  return [error.name, (error as HostError).code];
}

describe("useResolver", () => {
  it("is asked for names", async () => {
    const { host } = withResolver();
    expect(await host.gethostbyname("known")).toBe("10.1.0.1");
    expect(await host.gethostbyname_ex("known")).toEqual([
      "canonical.example",
      ["known"],
      ["10.1.0.1", "10.1.0.2"],
    ]);
    expect((await host.getaddrinfo("known", 80, 0, 1)).map(([, , , , { address }]) => address)).toEqual([
      "10.1.0.1",
      "10.1.0.2",
    ]);
    expect(await host.getfqdn("known")).toBe("canonical.example");
    expect(await host.gethostbyaddr("10.1.0.1")).toEqual(["canonical.example", [], ["10.1.0.1"]]);
    expect(await host.getnameinfo({ address: "10.1.0.1", port: 80 })).toEqual(["canonical.example", "http"]);
    host.close();
  });

  it("comes last: after the host's own table, its options and its own name; not for what is no name", async () => {
    const { host, asked } = withResolver({
      resolve: (name) => (name === "known1" ? "10.9.9.9" : undefined),
      reverse: (address) => (address === "10.1.0.1" ? "other" : undefined),
    });
    host.hosts.add("10.8.8.8", "known2");
    expect(await host.gethostbyname("known1")).toBe("10.9.9.9");
    expect(await host.gethostbyname("known2")).toBe("10.8.8.8");
    expect(await host.gethostbyname("ME")).toBe("127.0.0.1");
    expect((await host.gethostbyaddr("10.1.0.1"))[0]).toBe("other");
    expect((await host.gethostbyaddr("127.0.0.1"))[0]).toBe("localhost");
    expect(await failure(host.gethostbyname("known 3"))).toEqual(["GaiError", "EAI_NONAME"]);
    expect(asked).toEqual([]);
    expect(await host.gethostbyname("known3")).toBe("10.1.0.1");
    host.close();
  });

  // errors compared with glibc 2.36's, against a name server that is not there, and one that has a name without address
  it("has its errors told as glibc tells them", async () => {
    const { host } = withResolver();
    expect(await failure(host.gethostbyname("later"))).toEqual(["GaiError", "EAI_AGAIN"]);
    expect(await failure(host.getaddrinfo("later", 80))).toEqual(["GaiError", "EAI_AGAIN"]);
    expect(await failure(host.gethostbyname_ex("empty"))).toEqual(["GaiError", "EAI_NODATA"]);
    expect(await failure(host.getaddrinfo("nobody", 80))).toEqual(["GaiError", "EAI_NONAME"]);
    expect(await failure(host.posix.gethostbyname("later"))).toEqual(["HostError", "TRY_AGAIN"]);
    expect(await failure(host.posix.gethostbyname("empty"))).toEqual(["HostError", "NO_DATA"]);
    expect(await failure(host.posix.gethostbyname("broken"))).toEqual(["HostError", "NO_RECOVERY"]);
    expect(await failure(host.posix.gethostbyname("nobody"))).toEqual(["HostError", "HOST_NOT_FOUND"]);
    expect(await failure(host.gethostbyaddr("10.0.0.99"))).toEqual(["HostError", "TRY_AGAIN"]);
    expect(await failure(host.gethostbyaddr("10.0.0.98"))).toEqual(["HostError", "HOST_NOT_FOUND"]);
    const named = (address: string, flags: number) => host.getnameinfo({ address, port: 80 }, flags);
    expect(await failure(named("10.0.0.99", 0))).toEqual(["GaiError", "EAI_AGAIN"]);
    expect(await failure(named("10.0.0.98", NI_NAMEREQD))).toEqual(["GaiError", "EAI_NONAME"]);
    expect(await named("10.0.0.98", 0)).toEqual(["10.0.0.98", "http"]);
    host.close();
  });

  it("can be changed and taken back; what is none is refused", async () => {
    const { host } = withResolver();
    host.useResolver({
      byName: (name) => ({ name, aliases: [], addresses: [ip("10.2.2.2")] }),
      byAddress: () => undefined,
    });
    expect(await host.gethostbyname("known")).toBe("10.2.2.2");
    host.useResolver(undefined);
    expect(await failure(host.gethostbyname("known"))).toEqual(["GaiError", "EAI_NONAME"]);
    expect(() => Reflect.apply(host.useResolver, host, [{}])).toThrow(TypeError);
    expect(() => Reflect.apply(host.useResolver, host, [null])).toThrow(TypeError);
    host.close();
  });
});

describe("chance and secrets for programs", () => {
  const made = (seed: number, what: (host: Host) => number) => {
    const host = new Host({ clock: new VirtualClock(), seed });
    const result = what(host);
    host.close();
    return result;
  };

  it("come from the host's seed", () => {
    const drawn = (host: Host) => host.random.uint32();
    expect(made(1, drawn)).toBe(made(1, drawn));
    expect(made(1, drawn)).not.toBe(made(2, drawn));
    const hashed = (label: string) => (host: Host) => keyedHash(host.secret(label), 1, 2, 3);
    expect(made(1, hashed("a"))).toBe(made(1, hashed("a")));
    expect(new Set([made(1, hashed("a")), made(1, hashed("b")), made(2, hashed("a"))]).size).toBe(3);
  });
});
