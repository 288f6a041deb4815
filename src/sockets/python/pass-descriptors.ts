/** Python's `send_fds` and `recv_fds`: descriptors that go from one program to another over AF_UNIX. */
import type { AddressInput, AnyAddress } from "../address.ts";
import { SCM_RIGHTS, SOL_SOCKET } from "../constants.ts";
import { CMSG_LEN } from "../control-data.ts";
import { checkInteger, checkRange, show } from "../misuse.ts";
import { Socket } from "../socket.ts";
import type { Waiting } from "./handle.ts";

/** What an integer takes of the room for control messages, bytes. */
const INTEGER_BYTES = 4;
/** As many as C's `int` can count bytes of. */
const MOST = 0x1fff_ffff;

/** `send_fds`: see the host's. */
export async function sendDescriptors<A extends AnyAddress>(
  socket: Socket<A>,
  buffers: Iterable<Uint8Array | string>,
  fds: Iterable<number>,
  flags: number,
  where: AddressInput<A> | null | undefined,
  waiting: Waiting | undefined,
): Promise<number> {
  checkSocket("send_fds", socket);
  if (typeof fds !== "object" || fds === null || !(Symbol.iterator in fds)) {
    throw new TypeError(`send_fds: fds is an array of descriptors, not ${show(fds)}`);
  }
  const list = [...fds];
  for (const fd of list) checkInteger("send_fds", "a descriptor", fd);
  return socket.sendmsg(buffers, [[SOL_SOCKET, SCM_RIGHTS, list]], flags, where, waiting);
}

/** `recv_fds`: see the host's. */
export async function receiveDescriptors<A extends AnyAddress>(
  socket: Socket<A>,
  size: number,
  maxfds: number,
  flags: number,
  waiting: Waiting | undefined,
): Promise<[data: Uint8Array, fds: number[], flags: number, from: A | null]> {
  checkSocket("recv_fds", socket);
  checkRange("recv_fds", "maxfds", maxfds, 0, MOST);
  const room = CMSG_LEN(maxfds * INTEGER_BYTES);
  const [data, ancdata, told, from] = await socket.recvmsg(size, room, flags, waiting);
  const rights = ancdata.filter(([level, type]) => level === SOL_SOCKET && type === SCM_RIGHTS);
  return [data, rights.flatMap(([, , fds]) => fds as number[]), told, from];
}

function checkSocket(call: string, socket: unknown): void {
  if (!(socket instanceof Socket))
    throw new TypeError(`${call}: the first argument is a Socket, not ${show(socket)}`);
}
