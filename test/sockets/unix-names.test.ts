import { describe, expect, it } from "vitest";
import { AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "../../src/sockets/constants.ts";
import { CONNECTIONS, named, TYPES, unixHost, unixListener, unixPair, unixSocket } from "../support/unix.ts";
import { thrown } from "../support/world.ts";

describe.each(TYPES)("names of %s in AF_UNIX", (_name, type) => {
  it("has none at first, and keeps the one it is given", () => {
    const host = unixHost();
    const core = unixSocket(host, type);
    expect(core.localName).toEqual({ family: AF_UNIX, path: "" });
    expect(core.remoteName).toBeUndefined();
    expect(core.bind({ path: "/run/x" })).toBe(0);
    expect(core.localName).toEqual({ family: AF_UNIX, path: "/run/x" });
    expect(named(core.bind("/run/y"))).toBe("EINVAL");
    expect(named(core.bind("/run/x"))).toBe("EADDRINUSE");
    expect(named(core.bind("\0y"))).toBe("EINVAL");
    expect(host.unix.names.names()).toEqual(["/run/x"]);
  });

  it("keeps a path in use until it is unlinked, also when its socket is closed", () => {
    const host = unixHost();
    const first = unixSocket(host, type, "x");
    const second = unixSocket(host, type);
    expect(named(second.bind("x"))).toBe("EADDRINUSE");
    first.close();
    expect(named(second.bind("x"))).toBe("EADDRINUSE");
    expect(named(second.connect("x"))).toBe("ECONNREFUSED");
    host.unlink("x");
    expect(named(second.connect("x"))).toBe("ENOENT");
    expect(second.bind("x")).toBe(0);
    expect(thrown(() => host.unlink("y")).message).toBe("unlink ENOENT y");
    expect(() => host.unlink(7 as never)).toThrow("unlink: path is a string, not 7");
  });

  it("lets a socket live whose path is gone, and does not take the next one's away with it", () => {
    const host = unixHost();
    const first = unixSocket(host, type, "x");
    host.unlink("x");
    expect(first.localName.path).toBe("x");
    const second = unixSocket(host, type, "x");
    first.close();
    expect(host.unix.names.names()).toEqual(["x"]);
    const result = unixSocket(host, type).connect("x");
    expect(named(result)).toBe(type === SOCK_DGRAM ? 0 : "ECONNREFUSED"); // it does not listen
    second.close();
  });

  it("ends an abstract name with its socket, and has one for each type", () => {
    const host = unixHost();
    const core = unixSocket(host, type, "\0name");
    expect(named(unixSocket(host, type).bind("\0name"))).toBe("EADDRINUSE");
    const other = type === SOCK_STREAM ? SOCK_DGRAM : SOCK_STREAM;
    const namesake = unixSocket(host, other, "\0name");
    core.close();
    expect(host.unix.names.names()).toEqual(["\0name"]);
    expect(named(unixSocket(host, type).connect("\0name"))).toBe("ECONNREFUSED");
    expect(() => host.unlink("\0name")).toThrow("ENOENT");
    namesake.close();
    expect(host.unix.names.names()).toEqual([]);
  });

  it("binds to no path by finding an abstract name of five hexadecimal digits", () => {
    const host = unixHost();
    const cores = [1, 2, 3].map(() => unixSocket(host, type));
    for (const core of cores) {
      expect(core.bind("")).toBe(0);
      expect(core.localName.path).toMatch(/^\0[0-9a-f]{5}$/);
      expect(core.bind("")).toBe(0);
    }
    expect(new Set(cores.map((core) => core.localName.path)).size).toBe(3);
  });

  it("takes paths of up to 107 bytes and abstract names of up to 108; a path ends where C ends it", () => {
    const host = unixHost();
    const bind = (path: string) => named(unixSocket(host, type).bind(path));
    expect(bind("x".repeat(107))).toBe(0);
    expect(bind("x".repeat(108))).toBe("EINVAL");
    expect(bind("ä".repeat(53))).toBe(0);
    expect(bind("ä".repeat(54))).toBe("EINVAL");
    expect(bind(`\0${"x".repeat(107)}`)).toBe(0);
    expect(bind(`\0${"x".repeat(108)}`)).toBe("EINVAL");
    expect(bind("ab\0cd")).toBe(0);
    expect(bind("ab")).toBe("EADDRINUSE");
    expect(bind("\0ab\0cd")).toBe(0);
    expect(bind("\0ab")).toBe(0);
  });

  it("refuses to connect where there is nobody, or somebody of another type", () => {
    const host = unixHost();
    const core = unixSocket(host, type);
    expect(named(core.connect(""))).toBe("EINVAL");
    expect(named(core.connect("nobody"))).toBe("ENOENT");
    expect(named(core.connect("\0nobody"))).toBe("ECONNREFUSED");
    expect(named(core.connect("x".repeat(108)))).toBe("EINVAL");
    for (const [, other] of TYPES) {
      if (other === type) continue;
      unixSocket(host, other, `of type ${other}`);
      expect(named(core.connect(`of type ${other}`))).toBe("EPROTOTYPE");
    }
  });

  it("takes a path as place, and says so", () => {
    const core = unixSocket(unixHost(), type);
    expect(() => core.bind(0x7f00_0001, 80)).toThrow(
      "bind: a place in AF_UNIX is a path, a string or { path }, not 2130706433",
    );
    expect(() => core.connect({ address: "10.0.0.1", port: 80 })).toThrow(TypeError);
  });

  it("ends with its host", () => {
    const host = unixHost();
    unixSocket(host, type, "x");
    unixPair(host, type);
    host.close();
    expect(host.leaks()).toEqual([]);
    expect(named(host.makeSocket(AF_UNIX, type, 0) as number)).toBe("ENETDOWN");
    expect(named(host.makePair(AF_UNIX, type, 0) as number)).toBe("ENETDOWN");
  });
});

describe("making sockets in AF_UNIX", () => {
  it("knows three types, and takes SOCK_RAW for SOCK_DGRAM", () => {
    const host = unixHost();
    const make = (type: number, protocol = 0) => host.makeSocket(AF_UNIX, type, protocol);
    const typeOf = (type: number) => (make(type) as { type: number }).type;
    expect([SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET].map(typeOf)).toEqual([1, 2, 5]);
    expect(typeOf(3)).toBe(SOCK_DGRAM);
    expect(named(make(4) as number)).toBe("ESOCKTNOSUPPORT");
    expect(named(host.makePair(AF_UNIX, 4, 0) as number)).toBe("ESOCKTNOSUPPORT");
    expect(named(make(SOCK_STREAM, 6) as number)).toBe("EPROTONOSUPPORT");
    expect((make(SOCK_STREAM, AF_UNIX) as { protocol: number }).protocol).toBe(0);
  });

  it("finds the same names from the same seed", () => {
    const names = [1, 2].map(() => {
      const core = unixSocket(unixHost(), SOCK_STREAM);
      core.bind("");
      return core.localName.path;
    });
    expect(names[0]).toBe(names[1]);
  });

  it.each(CONNECTIONS)("shows %s in netstat, and describes it", (_name, type) => {
    const host = unixHost();
    const listening = unixListener(host, type, "/run/x", 3);
    const client = unixSocket(host, type, "\0client");
    client.connect("/run/x");
    client.send(new Uint8Array(5));
    const rows = host.netstat().sockets.filter(({ protocol }) => protocol === "unix");
    expect(rows).toEqual([
      { protocol: "unix", state: "LISTEN", local: "/run/x", remote: "", recvQueue: 1, sendQueue: 3 },
      {
        protocol: "unix",
        state: "ESTABLISHED",
        local: "@client",
        remote: "/run/x",
        recvQueue: 0,
        sendQueue: 768,
      },
      {
        protocol: "unix",
        state: "ESTABLISHED",
        local: "/run/x",
        remote: "@client",
        recvQueue: 5,
        sendQueue: 0,
      },
    ]);
    const kind = type === SOCK_STREAM ? "stream" : "seqpacket";
    expect(client.describe()).toBe(`unix ${kind} @client ↔ /run/x (ESTABLISHED)`);
    expect(listening.describe()).toBe(`unix ${kind} /run/x (LISTEN)`);
    expect(unixSocket(host, type).describe()).toBe(`unix ${kind} (no name) (UNCONN)`);
  });
});
