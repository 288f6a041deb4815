/** The C way: `host.posix`, whose calls take descriptors. */
import {
  AF_INET,
  AF_PACKET,
  AF_UNIX,
  AF_UNSPEC,
  type Host,
  type OptionValue,
  type ReceiveMessage,
} from "../../src/index.ts";
import { type Control, method, type Options, type Received, type SocketFace, type Thing } from "./face.ts";
import { type Place, placeOf } from "./places.ts";

export class CFace implements SocketFace {
  socket(host: Host, family: number, type: number, protocol: number): Thing {
    return this.adopt(host, host.posix.socket(family, type, protocol));
  }

  socketpair(host: Host, family: number, type: number, protocol: number): [Thing, Thing] {
    const [left, right] = method(host.posix, "socketpair")(family, type, protocol);
    return [this.adopt(host, left), this.adopt(host, right)];
  }

  adopt(host: Host, fd: number): Thing {
    return { host, fd };
  }

  bind({ host, fd }: Thing, place: Place): unknown {
    return host.posix.bind(fd, sockaddr(place) as never);
  }

  listen({ host, fd }: Thing, backlog: number): unknown {
    return host.posix.listen(fd, backlog);
  }

  async accept({ host, fd }: Thing): Promise<[Thing, Place]> {
    const accepted = await host.posix.accept(fd);
    return [this.adopt(host, accepted.fd), placeOf(accepted.address)];
  }

  async connect({ host, fd }: Thing, place: Place): Promise<unknown> {
    return host.posix.connect(fd, sockaddr(place) as never);
  }

  async send({ host, fd }: Thing, data: Uint8Array, flags: number): Promise<number> {
    return host.posix.send(fd, data, flags);
  }

  async sendto({ host, fd }: Thing, data: Uint8Array, flags: number, place: Place): Promise<number> {
    return host.posix.sendto(fd, data, flags, sockaddr(place) as never);
  }

  async sendmsg({ host, fd }: Thing, buffers: Uint8Array[], options: Options): Promise<number> {
    const { control, to, flags = 0 } = options;
    const message = {
      iov: buffers,
      ...(control === undefined
        ? {}
        : { control: control.map(([level, type, data]) => ({ level, type, data })) }),
      ...(to === undefined ? {} : { name: sockaddr(to) }),
    };
    return method(host.posix, "sendmsg")(fd, message, flags);
  }

  async recv({ host, fd }: Thing, size: number, flags: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(size);
    const count = await host.posix.recv(fd, buffer, flags);
    return buffer.subarray(0, Math.min(count, size));
  }

  async recvfrom({ host, fd }: Thing, size: number, flags: number): Promise<[Uint8Array, Place]> {
    const buffer = new Uint8Array(size);
    const { n, address } = await host.posix.recvfrom(fd, buffer, flags);
    return [buffer.subarray(0, Math.min(n, size)), placeOf(address)];
  }

  async recvmsg({ host, fd }: Thing, size: number, room: number, flags: number): Promise<Received> {
    const buffer = new Uint8Array(size);
    const message: ReceiveMessage = { iov: [buffer], controllen: room };
    const n = await host.posix.recvmsg(fd, message, flags);
    return {
      data: buffer.subarray(0, Math.min(n, size)),
      control: (message.control ?? []).map(({ level, type, data }): Control => [level, type, data]),
      flags: message.flags ?? 0,
      from: placeOf(message.name),
    };
  }

  shutdown({ host, fd }: Thing, how: number): unknown {
    return host.posix.shutdown(fd, how);
  }

  async close({ host, fd }: Thing): Promise<unknown> {
    return host.posix.close(fd);
  }

  dup({ host, fd }: Thing): Thing {
    return this.adopt(host, method(host.posix, "dup")(fd));
  }

  getsockname({ host, fd }: Thing): Place {
    return placeOf(host.posix.getsockname(fd));
  }

  getpeername({ host, fd }: Thing): Place {
    return placeOf(host.posix.getpeername(fd));
  }

  getsockopt({ host, fd }: Thing, level: number, option: number): OptionValue {
    return host.posix.getsockopt(fd, level, option);
  }

  setsockopt({ host, fd }: Thing, level: number, option: number, value: OptionValue): unknown {
    return host.posix.setsockopt(fd, level, option, value);
  }
}

/** The `sockaddr` of a place. */
function sockaddr(place: Place): object | undefined {
  switch (place.kind) {
    case "inet":
      return { family: AF_INET, address: place.address, port: place.port };
    case "unix":
      return { family: AF_UNIX, path: place.path };
    case "packet":
      return { family: AF_PACKET, interface: place.interface, protocol: place.protocol };
    case "family":
      return { family: place.family, address: "127.0.0.1", port: 5000 };
    case "unspec":
      return { family: AF_UNSPEC };
    case "none":
      return undefined;
  }
}

/** Linux's number of an interface: the first is 1. */
export function interfaceIndex(host: Host, name: string): number {
  return host.ipv4.interfaces.findIndex((each) => each.name === name) + 1;
}
