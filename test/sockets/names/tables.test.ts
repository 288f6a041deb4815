/** The tables of a host, and what lies beyond glibc's answers. */
import { describe, expect, it } from "vitest";
import {
  AF_INET6,
  AI_ADDRCONFIG,
  AI_V4MAPPED,
  EAI_AGAIN,
  GaiError,
  gai_strerror,
  Host,
  HostError,
  hstrerror,
  perror,
  SOCK_STREAM,
  SocketError,
  VirtualClock,
} from "../../../src/index.ts";
import { host } from "../../../src/vitest/index.ts";
import { failure, thrown } from "../../support/world.ts";

const box = () => host({ name: "box", clock: new VirtualClock(), seed: 1 });

describe("errors", () => {
  it("of lookups are SocketErrors with glibc's number and text", async () => {
    const error = await failure(box().getaddrinfo("nosuchhost", 80));
    expect(error).toBeInstanceOf(GaiError);
    expect(error).toMatchObject({
      name: "GaiError",
      code: "EAI_NONAME",
      errno: -2,
      syscall: "getaddrinfo",
      message: "getaddrinfo EAI_NONAME nosuchhost",
      strerror: "Name or service not known",
    });
    expect(perror("lookup", error)).toBe("lookup: Name or service not known");
  });

  it("name the service that is unknown", async () => {
    const error = await failure(box().getaddrinfo("localhost", "nosuch"));
    expect(error.message).toBe("getaddrinfo EAI_SERVICE nosuch");
  });

  it("of addresses without a name have an h_errno", async () => {
    const error = await failure(box().gethostbyaddr("10.1.2.3"));
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject({ code: "HOST_NOT_FOUND", errno: -1, strerror: "Unknown host" });
    expect(error.message).toBe("gethostbyaddr HOST_NOT_FOUND 10.1.2.3");
    expect(new SocketError(111, "connect").strerror).toBe("Connection refused");
  });

  it.each([
    [-1, "EAI_BADFLAGS", "Bad value for ai_flags"],
    [-3, "EAI_AGAIN", "Temporary failure in name resolution"],
    [-4, "EAI_FAIL", "Non-recoverable failure in name resolution"],
    [-5, "EAI_NODATA", "No address associated with hostname"],
    [-10, "EAI_MEMORY", "Memory allocation failure"],
    [-11, "EAI_SYSTEM", "System error"],
    [-105, "EAI_IDN_ENCODE", "Parameter string not correctly encoded"],
    [-77, "EAI_77", "Unknown error"],
  ])("%i is %s", (errno, code, text) => {
    expect(gai_strerror(errno)).toBe(text);
    expect(new GaiError(errno).code).toBe(code);
  });

  it("hstrerror has glibc's texts", () => {
    expect([0, 1, 2, 3, 4, 5].map(hstrerror)).toEqual([
      "Resolver Error 0 (no error)",
      "Unknown host",
      "Host name lookup failure",
      "Unknown server error",
      "No address associated with name",
      "Unknown resolver error",
    ]);
  });

  it("of a resolver come through: EAI_AGAIN", async () => {
    const resolve = async () => {
      throw new GaiError(EAI_AGAIN, "getaddrinfo", "slow");
    };
    const on = host({ clock: new VirtualClock(), seed: 1, resolve });
    expect((await failure(on.gethostbyname("slow"))).code).toBe("EAI_AGAIN");
    const socket = on.socket();
    expect(() => socket.bind({ address: "slow", port: 1 })).toThrow(RangeError);
    await socket.close();
  });
});

describe("the table of hosts", () => {
  it("is asked before the network, and can be changed", async () => {
    const on = host({ clock: new VirtualClock(), seed: 1, resolve: () => "10.0.0.1", reverse: () => "far" });
    on.hosts.add("10.0.0.9", "printer", "lp");
    expect(await on.gethostbyname("LP")).toBe("10.0.0.9");
    expect([...on.hosts]).toEqual([
      { address: "127.0.0.1", names: ["localhost"] },
      { address: "10.0.0.9", names: ["printer", "lp"] },
    ]);
    expect(await on.gethostbyaddr("10.0.0.1")).toEqual(["far", [], ["10.0.0.1"]]);
    expect(on.hosts.remove("lp")).toBe(1);
    expect(await on.gethostbyname("lp")).toBe("10.0.0.1");
    expect(on.hosts.remove("127.0.0.1")).toBe(1);
    expect(on.hosts.remove("127.0.0.1")).toBe(0);
  });

  it("takes addresses and names only", () => {
    const { hosts } = box();
    expect(() => hosts.add("10.0.0", "x")).toThrow(RangeError);
    expect(() => hosts.add("::1", "x")).toThrow(RangeError);
    expect(() => hosts.add("10.0.0.1", "a b")).toThrow(TypeError);
    expect(() => hosts.add("10.0.0.1", "a", "#")).toThrow("a string without white space and #");
  });

  it("serves connect and bind at once", async () => {
    const on = box();
    on.hosts.add("127.0.0.2", "second");
    const socket = on.socket();
    socket.bind({ address: "second", port: 80 });
    expect(socket.getsockname().address).toBe("127.0.0.2");
    await socket.close();
  });
});

describe("services and protocols", () => {
  it("can be added and removed, on one host alone", async () => {
    const on = box();
    on.services.add("cites", 1717, "udp", "qotd2");
    expect(on.getservbyname("qotd2")).toBe(1717);
    expect(on.getservbyport(1717, "udp")).toBe("cites");
    expect(await on.getaddrinfo("127.0.0.1", "cites")).toHaveLength(1);
    expect(thrown(() => box().getservbyname("cites", "udp")).message).toBe("getservbyname ENOENT cites/udp");
    expect(on.services.remove("echo", "tcp")).toBe(1);
    expect(thrown(() => on.getservbyname("echo", "tcp")).code).toBe("ENOENT");
    expect(on.getservbyname("echo", "udp")).toBe(7);
    on.protocols.add("swift", 253);
    expect(on.getprotobyname("swift")).toBe(253);
    expect(thrown(() => on.getprotobyname("nosuch")).message).toBe("getprotobyname ENOENT nosuch");
  });

  it("are at least those of a textbook", () => {
    const { services, protocols } = box();
    expect(new Set([...services].map(({ name }) => name)).size).toBeGreaterThan(100);
    for (const name of [
      "echo",
      "ftp",
      "ssh",
      "telnet",
      "smtp",
      "domain",
      "http",
      "pop3",
      "ntp",
      "imap2",
      "https",
    ]) {
      expect(services.byName(name)).toBeDefined();
    }
    expect([...protocols].length).toBeGreaterThan(50);
  });

  it("refuse what is none", () => {
    const { services } = box();
    expect(() => services.add("a b", 1, "tcp")).toThrow(TypeError);
    expect(() => services.add("a", 65_536, "tcp")).toThrow(RangeError);
    expect(() => box().getservbyport(-1)).toThrow(RangeError);
    expect(() => box().getservbyname("http", 6 as never)).toThrow(
      'protocol is "tcp", "udp" or left out, not 6',
    );
  });
});

describe("the host's own name", () => {
  it("can be changed by who may, up to 64 bytes", async () => {
    const on = new Host({ name: "old", clock: new VirtualClock(), seed: 1 });
    on.sethostname("new");
    expect(on.gethostname()).toBe("new");
    expect(await on.gethostbyname("new")).toBe("127.0.0.1");
    expect((await failure(on.gethostbyname("old"))).code).toBe("EAI_NONAME");
    on.sethostname("x".repeat(64));
    expect(thrown(() => on.sethostname("x".repeat(65))).message).toBe("sethostname EINVAL");
    expect(thrown(() => on.sethostname("é".repeat(33))).code).toBe("EINVAL");
    on.capabilities.delete("CAP_SYS_ADMIN");
    // Linux looks at the right before it looks at the length
    expect(thrown(() => on.sethostname("x".repeat(65))).message).toBe("sethostname EPERM");
    expect(() => on.sethostname(5 as never)).toThrow(TypeError);
    on.close();
  });
});

describe("IPv6", () => {
  it("has no addresses here: what glibc would answer with one fails", async () => {
    const on = box();
    const code = async (name: string | null, family: number, flags = 0) =>
      (await failure(on.getaddrinfo(name, 80, family, SOCK_STREAM, 0, flags))).code;
    expect(await code(null, AF_INET6)).toBe("EAI_FAMILY");
    expect(await code("::1", AF_INET6)).toBe("EAI_FAMILY");
    expect(await code("::1", 0)).toBe("EAI_ADDRFAMILY");
    expect(await code("fe80::1%eth0", 0)).toBe("EAI_ADDRFAMILY");
    expect(await code("10.0.0.1", AF_INET6, AI_V4MAPPED)).toBe("EAI_FAMILY");
    expect(await code("localhost", AF_INET6, AI_V4MAPPED)).toBe("EAI_FAMILY");
    expect(await code("10.0.0.1", AF_INET6, AI_ADDRCONFIG)).toBe("EAI_NONAME");
    expect((await failure(on.gethostbyaddr("::1"))).code).toBe("HOST_NOT_FOUND");
  });
});

describe("misuse", () => {
  it("is a TypeError that says what is allowed", async () => {
    const on = box();
    await expect(on.getaddrinfo(5 as never, 80)).rejects.toThrow("getaddrinfo: the host is a string, not 5");
    await expect(on.getaddrinfo("x", 1.5)).rejects.toThrow(
      "the port is an integer, a service's name or null",
    );
    await expect(on.getaddrinfo("x", 80, "2" as never)).rejects.toThrow('family is an integer, not "2"');
    await expect(on.gethostbyname(null as never)).rejects.toThrow(TypeError);
    await expect(on.getnameinfo("10.0.0.1" as never)).rejects.toThrow("an object { address, port }");
    await expect(on.getnameinfo({ address: "10.0.0.1", port: 70_000 })).rejects.toThrow(RangeError);
  });
});
