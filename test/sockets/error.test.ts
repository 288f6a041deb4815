import { describe, expect, it } from "vitest";
import { errno, errorName, perror, SocketError, strerror } from "../../src/index.ts";

describe("SocketError", () => {
  it("says what a Node programmer looks for", () => {
    const error = new SocketError(errno.ECONNREFUSED, "connect", "10.0.0.2", 80);
    expect(error).toBeInstanceOf(Error);
    expect({ ...error }).toEqual({
      name: "SocketError",
      code: "ECONNREFUSED",
      errno: -111,
      syscall: "connect",
      address: "10.0.0.2",
      port: 80,
    });
    expect(error.message).toBe("connect ECONNREFUSED 10.0.0.2:80");
  });

  it("has no address and no port where the call had none", () => {
    const error = new SocketError(-errno.ECONNRESET, "recv");
    expect(error.errno).toBe(-104);
    expect(error.message).toBe("recv ECONNRESET");
    expect("address" in error).toBe(false);
    expect("port" in error).toBe(false);
  });

  it("names port 0, and an address alone", () => {
    expect(new SocketError(errno.EADDRINUSE, "bind", "0.0.0.0", 0).message).toBe("bind EADDRINUSE 0.0.0.0:0");
    expect(new SocketError(errno.EINVAL, "inet_aton", "10.0.0.x").message).toBe("inet_aton EINVAL 10.0.0.x");
  });
});

describe("strerror", () => {
  // as glibc prints them
  it.each([
    [0, "Success"],
    [1, "Operation not permitted"],
    [9, "Bad file descriptor"],
    [11, "Resource temporarily unavailable"],
    [22, "Invalid argument"],
    [32, "Broken pipe"],
    [88, "Socket operation on non-socket"],
    [90, "Message too long"],
    [92, "Protocol not available"],
    [98, "Address already in use"],
    [101, "Network is unreachable"],
    [104, "Connection reset by peer"],
    [107, "Transport endpoint is not connected"],
    [110, "Connection timed out"],
    [111, "Connection refused"],
    [113, "No route to host"],
    [115, "Operation now in progress"],
    [133, "Memory page has hardware error"],
    [41, "Unknown error 41"],
    [999, "Unknown error 999"],
  ])("%i is %s", (number, text) => {
    expect(strerror(number)).toBe(text);
    expect(strerror(-number)).toBe(text);
  });

  it("is of a number", () => {
    for (const wrong of ["ECONNREFUSED", Number.NaN, undefined, null]) {
      expect(() => strerror(wrong as never)).toThrow(TypeError);
    }
    expect(() => strerror("ECONNREFUSED" as never)).toThrow(
      'strerror: errno is an integer, not "ECONNREFUSED"',
    );
  });

  it("every number of the stack has the name of its constant", () => {
    for (const [name, number] of Object.entries(errno)) {
      expect(errorName(number)).toBe(name === "EAGAIN" ? "EWOULDBLOCK" : name);
      expect(strerror(number)).not.toMatch(/^Unknown/);
    }
  });
});

describe("perror", () => {
  it("puts the call's text in front", () => {
    expect(perror("connect", new SocketError(111, "connect"))).toBe("connect: Connection refused");
    expect(perror("", new SocketError(111, "connect"))).toBe("Connection refused");
    expect(perror("main", new TypeError("not that"))).toBe("main: not that");
    expect(perror("main", null)).toBe("main: null");
  });

  it("takes a number, as SO_ERROR gives it", () => {
    expect(perror("connect error", 111)).toBe("connect error: Connection refused");
    expect(perror("connect error", -111)).toBe("connect error: Connection refused");
  });

  it("wants to be told of what", () => {
    expect(() => (perror as (prefix: string) => string)("x")).toThrow(
      new TypeError(
        "perror: there is no errno: the second argument is the error that was caught, or a number",
      ),
    );
  });
});
