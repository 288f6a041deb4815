/**
 * The situations in which a textbook's errors come about, each written once and run on both faces of the API: a small
 * socket with one spelling for both, a world of two hosts, and a check of all that an error says.
 */
import { expect, it } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  type errno,
  type Host,
  type Network,
  SOCK_STREAM,
  SocketError,
} from "../../src/index.ts";
import { ERRORS } from "./errors.ts";
import { pair } from "./world.ts";

/** An address in AF_INET has a port; one without is a path of AF_UNIX. */
export interface SpokenSocket {
  bind(address: string, port?: number): void;
  listen(backlog: number): void;
  accept(signal?: AbortSignal): Promise<SpokenSocket>;
  connect(address: string, port?: number, signal?: AbortSignal): Promise<void>;
  send(data: string | Uint8Array, flags?: number): Promise<number>;
  sendto(data: string | Uint8Array, address: string, port?: number): Promise<number>;
  recv(size: number, flags?: number, signal?: AbortSignal): Promise<string>;
  shutdown(how: number): void;
  getsockname(): unknown;
  getpeername(): unknown;
  get(level: number, option: number): unknown;
  set(level: number, option: number, value: never): void;
  nonBlocking(): void;
  dup(): SpokenSocket;
  close(): Promise<void>;
  readonly fd: number;
}

export interface Program {
  readonly host: Host;
  socket(type?: number, domain?: number, protocol?: number): SpokenSocket;
  socketpair(domain: number, type: number): [SpokenSocket, SpokenSocket];
  /** A TCP socket that listens to `port` of every address. */
  listener(port: number): SpokenSocket;
}

export interface Situation {
  net: Network;
  /** 10.0.0.1 and 10.0.0.2, on one wire. */
  a: Program;
  b: Program;
}

type Face = "Python" | "C";

/** A test for each face. `run` runs inside the network's time. */
export function situation(
  name: keyof typeof errno,
  title: string,
  run: (world: Situation) => Promise<void>,
  faces: readonly Face[] = ["Python", "C"],
): void {
  it.each(faces)(`${name}, in %s: ${title}`, async (face) => {
    const { net, a, b } = pair({ latency: 5 });
    await net.run(() => run({ net, a: programOf(a, face), b: programOf(b, face) }));
  });
}

/** Checks that `call` fails with what `message` says: "connect ECONNREFUSED 10.0.0.2:80". */
export async function fails(call: () => unknown, message: string): Promise<void> {
  const error = await caught(call);
  expect(error).toBeInstanceOf(SocketError);
  const failure = error as SocketError;
  expect(failure.message).toBe(message);
  const [syscall, code, place] = message.split(" ");
  const [, number, text] = ERRORS.find(([name]) => name === code)!;
  expect([failure.syscall, failure.code]).toEqual([syscall, code]);
  expect(failure.errno).toBe(-number);
  expect(failure.strerror).toBe(text);
  const [, address, port] = /^(.*?)(?::(\d+))?$/.exec(place ?? "")!;
  expect(failure.address).toBe(address === "" ? undefined : address);
  expect(failure.port).toBe(port === undefined ? undefined : Number(port));
}

/** What `call` throws or rejects with. */
export async function caught(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("it should have failed");
}

function programOf(host: Host, face: Face): Program {
  const speak = face === "C" ? (fd: number) => inC(host, fd) : (fd: number) => inPython(host, fd);
  const program: Program = {
    host,
    socket: (type = SOCK_STREAM, domain = AF_INET, protocol = 0) =>
      face === "C"
        ? inC(host, host.posix.socket(domain, type, protocol))
        : pythonic(host, host.socket(domain, type, protocol)),
    socketpair: (domain, type) => {
      if (face === "C") return host.posix.socketpair(domain, type).map(speak) as [SpokenSocket, SpokenSocket];
      return host.socketpair(domain, type).map((each) => pythonic(host, each)) as [
        SpokenSocket,
        SpokenSocket,
      ];
    },
    listener: (port) => {
      const socket = program.socket();
      socket.bind("0.0.0.0", port);
      socket.listen(5);
      return socket;
    },
  };
  return program;
}

function inC(host: Host, fd: number): SpokenSocket {
  const { posix } = host;
  const at = (address: string, port?: number) =>
    port === undefined ? { family: AF_UNIX, path: address } : { family: AF_INET, address, port };
  return {
    fd,
    bind: (address, port) => posix.bind(fd, at(address, port)),
    listen: (backlog) => posix.listen(fd, backlog),
    accept: async (signal) => inC(host, (await posix.accept(fd, { signal })).fd),
    connect: (address, port, signal) => posix.connect(fd, at(address, port), { signal }),
    send: (data, flags) => posix.send(fd, data, flags),
    sendto: (data, address, port) => posix.sendto(fd, data, 0, at(address, port)),
    recv: async (size, flags, signal) => {
      const buffer = new Uint8Array(size);
      return text(buffer.subarray(0, await posix.recv(fd, buffer, flags, { signal })));
    },
    shutdown: (how) => posix.shutdown(fd, how),
    getsockname: () => posix.getsockname(fd),
    getpeername: () => posix.getpeername(fd),
    get: (level, option) => posix.getsockopt(fd, level, option),
    set: (level, option, value) => posix.setsockopt(fd, level, option, value),
    nonBlocking: () => void posix.fcntl(fd, 4, 0o4000),
    dup: () => inC(host, posix.dup(fd)),
    close: () => posix.close(fd),
  };
}

function inPython(host: Host, fd: number): SpokenSocket {
  return pythonic(host, host.socket({ fileno: fd }));
}

type PythonSocket = ReturnType<typeof anySocket>;

function anySocket(host: Host) {
  return host.socket<never>({ fileno: 0 });
}

function pythonic(host: Host, given: unknown): SpokenSocket {
  const socket = given as PythonSocket;
  const at = (address: string, port?: number) => (port === undefined ? address : { address, port }) as never;
  return {
    get fd() {
      return socket.fileno();
    },
    bind: (address, port) => socket.bind(at(address, port)),
    listen: (backlog) => socket.listen(backlog),
    accept: async (signal) => pythonic(host, (await socket.accept({ signal }))[0]),
    connect: (address, port, signal) => socket.connect(at(address, port), { signal }),
    send: (data, flags) => socket.send(data, flags),
    sendto: (data, address, port) => socket.sendto(data, at(address, port)),
    recv: async (size, flags, signal) => text(await socket.recv(size, flags, { signal })),
    shutdown: (how) => socket.shutdown(how),
    getsockname: () => socket.getsockname(),
    getpeername: () => socket.getpeername(),
    get: (level, option) => socket.getsockopt(level, option),
    set: (level, option, value) => socket.setsockopt(level, option, value),
    nonBlocking: () => socket.setblocking(false),
    dup: () => pythonic(host, socket.dup()),
    close: () => socket.close(),
  };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
