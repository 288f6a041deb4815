/**
 * The Python way: `Socket`, with its object for every descriptor that one of its calls gives. A descriptor that came
 * by another way (SCM_RIGHTS, F_DUPFD) has none, and is used through `host.posix`, as `os.read` would be.
 */
import type { Host, OptionValue, Socket } from "../../src/index.ts";
import { CFace } from "./c-face.ts";
import { method, type Options, type Received, type Thing } from "./face.ts";
import { type Place, placeOf } from "./places.ts";

export class PythonFace extends CFace {
  override socket(host: Host, family: number, type: number, protocol: number): Thing {
    return this.wrap(host, host.socket(family, type, protocol));
  }

  override socketpair(host: Host, family: number, type: number, protocol: number): [Thing, Thing] {
    const [left, right] = method(host, "socketpair")(family, type, protocol);
    return [this.wrap(host, left), this.wrap(host, right)];
  }

  override bind(thing: Thing, place: Place): unknown {
    if (thing.socket === undefined || unsayable(place)) return super.bind(thing, place);
    return thing.socket.bind(address(place) as never);
  }

  override listen(thing: Thing, backlog: number): unknown {
    return thing.socket === undefined ? super.listen(thing, backlog) : thing.socket.listen(backlog);
  }

  override async accept(thing: Thing): Promise<[Thing, Place]> {
    if (thing.socket === undefined) return super.accept(thing);
    const [connection, peer] = await thing.socket.accept();
    return [this.wrap(thing.host, connection), placeOf(peer)];
  }

  override async connect(thing: Thing, place: Place): Promise<unknown> {
    if (thing.socket === undefined || unsayable(place)) return super.connect(thing, place);
    return thing.socket.connect(address(place) as never);
  }

  override async send(thing: Thing, data: Uint8Array, flags: number): Promise<number> {
    return thing.socket === undefined ? super.send(thing, data, flags) : thing.socket.send(data, flags);
  }

  override async sendto(thing: Thing, data: Uint8Array, flags: number, place: Place): Promise<number> {
    if (thing.socket === undefined || unsayable(place)) return super.sendto(thing, data, flags, place);
    return thing.socket.sendto(data, flags, address(place) as never);
  }

  override async sendmsg(thing: Thing, buffers: Uint8Array[], options: Options): Promise<number> {
    if (thing.socket === undefined) return super.sendmsg(thing, buffers, options);
    const { control = [], flags = 0, to } = options;
    return method(thing.socket, "sendmsg")(
      buffers,
      control,
      flags,
      to === undefined ? undefined : address(to),
    );
  }

  override async recv(thing: Thing, size: number, flags: number): Promise<Uint8Array> {
    return thing.socket === undefined ? super.recv(thing, size, flags) : thing.socket.recv(size, flags);
  }

  override async recvfrom(thing: Thing, size: number, flags: number): Promise<[Uint8Array, Place]> {
    if (thing.socket === undefined) return super.recvfrom(thing, size, flags);
    const [data, from] = await thing.socket.recvfrom(size, flags);
    return [data, placeOf(from)];
  }

  override async recvmsg(thing: Thing, size: number, room: number, flags: number): Promise<Received> {
    if (thing.socket === undefined) return super.recvmsg(thing, size, room, flags);
    const [data, control, got, from] = await method(thing.socket, "recvmsg")(size, room, flags);
    return { data, control, flags: got, from: placeOf(from) };
  }

  override shutdown(thing: Thing, how: number): unknown {
    return thing.socket === undefined ? super.shutdown(thing, how) : thing.socket.shutdown(how);
  }

  override async close(thing: Thing): Promise<unknown> {
    return thing.socket === undefined ? super.close(thing) : thing.socket.close();
  }

  override dup(thing: Thing): Thing {
    if (thing.socket === undefined) return super.dup(thing);
    return this.wrap(thing.host, method(thing.socket, "dup")());
  }

  override getsockname(thing: Thing): Place {
    return thing.socket === undefined ? super.getsockname(thing) : placeOf(thing.socket.getsockname());
  }

  override getpeername(thing: Thing): Place {
    return thing.socket === undefined ? super.getpeername(thing) : placeOf(thing.socket.getpeername());
  }

  override getsockopt(thing: Thing, level: number, option: number): OptionValue {
    if (thing.socket === undefined) return super.getsockopt(thing, level, option);
    return thing.socket.getsockopt(level, option);
  }

  override setsockopt(thing: Thing, level: number, option: number, value: OptionValue): unknown {
    if (thing.socket === undefined) return super.setsockopt(thing, level, option, value);
    return thing.socket.setsockopt(level, option, value);
  }

  private wrap(host: Host, socket: Socket): Thing {
    return { host, fd: socket.fileno(), socket };
  }
}

/** What Python's own socket module cannot say either, so that kernel.py makes the call of C. */
function unsayable(place: Place): boolean {
  return place.kind === "family" || place.kind === "unspec" || place.kind === "none";
}

/** The address of a place as Python writes it. */
function address(place: Place): unknown {
  if (place.kind === "unix") return place.path;
  if (place.kind === "packet") return { interface: place.interface, protocol: place.protocol };
  return place.kind === "inet" ? { address: place.address, port: place.port } : undefined;
}
