/**
 * Addresses as the Python face takes and gives them, one form per domain: `{ address, port }` in AF_INET, a path in
 * AF_UNIX, `{ interface, protocol }` in AF_PACKET.
 */
import { ENODEV } from "../../base/errno.ts";
import { type AnyAddress, checkSocketAddress, inetAddress, type PacketAddress } from "../address.ts";
import { AF_PACKET, AF_UNIX, AF_UNSPEC } from "../constants.ts";
import { SocketError } from "../error.ts";
import { checkInteger, checkRange, show } from "../misuse.ts";
import type { SocketHost } from "../socket-host.ts";
import { inetName, type PacketName, type SocketName, type UnixName } from "../socket-name.ts";

/** Bytes of a hardware address that `struct sockaddr_ll` has room for. */
const HARDWARE_ADDRESS_BYTES = 8;

/**
 * What `where` names for a socket in `domain`; a promise only if somebody has to be asked for a host's address.
 * TypeError or RangeError for another form than the domain's; GaiError; ENODEV for an interface that is not there.
 */
export function parseAddress(
  host: SocketHost,
  domain: number,
  call: string,
  where: unknown,
): SocketName | Promise<SocketName> {
  if (domain === AF_UNIX) return parsePath(call, where);
  if (domain === AF_PACKET) return parsePacketAddress(host, call, where);
  checkSocketAddress(call, where);
  const { port } = where;
  const found = host.addressOf(call, where.address);
  return typeof found === "number" ? inetName(found, port) : found.then((address) => inetName(address, port));
}

/** Whether it is `{ family: AF_UNSPEC }`. */
export function isNoAddress(where: unknown): boolean {
  return typeof where === "object" && where !== null && "family" in where && where.family === AF_UNSPEC;
}

function parsePath(call: string, where: unknown): UnixName {
  if (typeof where === "string") return { family: AF_UNIX, path: where };
  throw new TypeError(`${call}: an address in AF_UNIX is a path, a string, not ${show(where)}`);
}

function parsePacketAddress(host: SocketHost, call: string, where: unknown): PacketName {
  if (typeof where !== "object" || where === null || !("interface" in where)) {
    throw new TypeError(
      `${call}: an address in AF_PACKET is an object { interface, protocol }, not ${show(where)}`,
    );
  }
  const {
    interface: name,
    protocol = 0,
    packetType = 0,
    hardwareType = 0,
    hardwareAddress = new Uint8Array(0),
  } = where as Partial<PacketAddress>;
  if (typeof name !== "string") {
    throw new TypeError(`${call}: interface is a name such as "eth0", not ${show(name)}`);
  }
  checkRange(call, "protocol", protocol, 0, 0xffff);
  checkInteger(call, "packetType", packetType);
  checkInteger(call, "hardwareType", hardwareType);
  if (!(hardwareAddress instanceof Uint8Array) || hardwareAddress.length > HARDWARE_ADDRESS_BYTES) {
    const most = `at most ${HARDWARE_ADDRESS_BYTES} bytes`;
    throw new TypeError(`${call}: hardwareAddress is a Uint8Array of ${most}, not ${show(hardwareAddress)}`);
  }
  const index = host.ipv4.interfaceNamed(name);
  if (index < 0) throw new SocketError(ENODEV, call, name);
  return {
    family: AF_PACKET,
    interfaceIndex: index + 1,
    protocol,
    packetType,
    hardwareType,
    hardwareAddress,
  };
}

/** A name as users read it. Null, as Python's None, where there is none. */
export function showAddress(host: SocketHost, name: SocketName | undefined): AnyAddress | null {
  if (name === undefined) return null;
  if ("port" in name) return inetAddress(name.address, name.port);
  if ("path" in name) return name.path;
  const { interfaceIndex, protocol, packetType, hardwareType, hardwareAddress } = name;
  return {
    interface: host.ipv4.interfaceName(interfaceIndex - 1),
    protocol,
    packetType,
    hardwareType,
    hardwareAddress,
  };
}
