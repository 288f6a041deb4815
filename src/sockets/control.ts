/**
 * Control messages, what `sendmsg` and `recvmsg` carry beside the bytes: into what a socket is told for one `send`, and
 * out of what it told of the last `receive`, with Linux's account of the bytes they take.
 */
import { EBADF, EINVAL, ENOBUFS, ENODEV, EPERM } from "../base/errno.ts";
import { inputHint } from "../tcp/index.ts";
import {
  AF_INET,
  AF_UNIX,
  IP_PKTINFO,
  IP_RECVERR,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_TCP,
  MSG_CTRUNC,
  SCM_CREDENTIALS,
  SCM_MAX_FD,
  SCM_RIGHTS,
  SCM_TIMESTAMP,
  SO_MARK,
  SO_PRIORITY,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_CM_INQ,
} from "./constants.ts";
import {
  CMSG_LEN,
  CMSG_SPACE,
  type ControlData,
  type ControlMessage,
  CREDENTIALS_BYTES,
  checkControl,
  credentialsOf,
  dataBytes,
  EXTENDED_ERROR_BYTES,
  INTEGER_BYTES,
  integerOf,
  PACKET_INFO_BYTES,
  packetInfo,
  packetInfoOf,
  rightsOf,
  TIMEVAL_BYTES,
  timevalOf,
} from "./control-data.ts";
import type { SocketCore } from "./core.ts";
import type { Description } from "./descriptors.ts";
import type { Credentials, MessageInfo, Outgoing } from "./message.ts";
import { show } from "./misuse.ts";
import type { SocketHost } from "./socket-host.ts";
import { StreamCore } from "./stream.ts";

export { CMSG_LEN, CMSG_SPACE, type ControlMessage } from "./control-data.ts";

/** Linux's net.core.optmem_max, bytes: all control messages of one call are less. */
const OPTION_MEMORY = 131_072;
/** The highest SO_PRIORITY that needs no right. */
export const MAX_COMMON_PRIORITY = 6;

/** What the control messages of one call have asked for so far. */
class Request implements Outgoing {
  source = 0;
  interfaceIndex = -1;
  timeToLive = -1;
  trafficClass = -1;
  rights: Description[] | undefined = undefined;
  credentials: Credentials | undefined = undefined;
}

/**
 * What `messages` ask of one `send` of `core`, for `core.outgoing`: undefined when there are none, or a negative errno.
 * EINVAL (malformed, or of a type that the level does not know), EBADF (SCM_RIGHTS), EPERM, ENODEV, ENOBUFS (131072
 * bytes or more). Who gets it owns a reference to each description in `rights`, until a socket has taken the message:
 * {@link releaseControl} gives them back.
 */
export function prepareControl(
  host: SocketHost,
  core: SocketCore,
  messages: Iterable<ControlMessage> | undefined,
): Outgoing | undefined | number {
  if (messages === undefined) return undefined;
  if (typeof messages !== "object" || messages === null || !(Symbol.iterator in messages)) {
    throw new TypeError(`sendmsg: control is an array of { level, type, data }, not ${show(messages)}`);
  }
  const all = [...messages];
  if (all.length === 0) return undefined;
  let bytes = 0;
  for (const message of all) {
    checkControl("sendmsg", message);
    bytes += CMSG_SPACE(dataBytes(message.data));
  }
  if (bytes >= OPTION_MEMORY) return -ENOBUFS;
  const request = new Request();
  const result = fill(host, core, all, request);
  if (result === 0) return request;
  releaseControl(request);
  return result;
}

function fill(host: SocketHost, core: SocketCore, messages: ControlMessage[], request: Request): number {
  let result = 0;
  try {
    for (const message of messages) {
      result =
        core.domain === AF_UNIX
          ? unixMessage(host, message, request)
          : inetMessage(host, core, message, request);
      if (result < 0) break;
    }
  } catch (error) {
    releaseControl(request);
    throw error;
  }
  return result;
}

/** Gives back the references of a message that no socket has taken. May close what nobody else refers to. */
export function releaseControl(outgoing: Outgoing | undefined): void {
  for (const description of outgoing?.rights ?? []) letGo(description);
}

function letGo(description: Description): void {
  if (description.drop()) description.file.close();
}

/** Linux's __scm_send: messages of other levels are not looked at. */
function unixMessage(host: SocketHost, { level, type, data }: ControlMessage, request: Request): number {
  if (level !== SOL_SOCKET) return 0;
  if (type === SCM_RIGHTS) return addRights(host, rightsOf("sendmsg", data), request);
  if (type !== SCM_CREDENTIALS) return -EINVAL;
  const credentials = credentialsOf("sendmsg", data);
  if (typeof credentials === "number") return credentials;
  if (!mayCall(host.credentials, credentials)) return -EPERM;
  request.credentials = credentials;
  return 0;
}

/** Only root may say that it is somebody else. */
function mayCall(own: Credentials, claimed: Credentials): boolean {
  if (own.uid === 0) return true;
  return claimed.pid === own.pid && claimed.uid === own.uid && claimed.gid === own.gid;
}

function addRights(host: SocketHost, descriptors: readonly number[], request: Request): number {
  if (descriptors.length === 0) return 0;
  request.rights ??= [];
  const { rights } = request;
  if (rights.length + descriptors.length > SCM_MAX_FD) return -EINVAL;
  for (const descriptor of descriptors) {
    const description = host.descriptors.get(descriptor);
    if (description === undefined) return -EBADF;
    description.references++;
    rights.push(description);
  }
  return 0;
}

/** Linux's ip_cmsg_send for datagrams; its sock_cmsg_send alone for streams and frames. */
function inetMessage(
  host: SocketHost,
  core: SocketCore,
  { level, type, data }: ControlMessage,
  request: Request,
): number {
  if (level === SOL_SOCKET) return socketMessage(host, type, data);
  const hasHeader = core.domain === AF_INET && core.type !== SOCK_STREAM;
  if (level !== IPPROTO_IP || !hasHeader) return 0;
  switch (type) {
    case IP_PKTINFO:
      return addPacketInfo(host, data, request);
    case IP_TTL: {
      const hops = integerOf("sendmsg", data);
      if (hops === undefined || hops < 1 || hops > 255) return -EINVAL;
      request.timeToLive = hops;
      return 0;
    }
    case IP_TOS: {
      const value = integerOf("sendmsg", data, true);
      if (value === undefined || value < 0 || value > 255) return -EINVAL;
      request.trafficClass = value;
      return 0;
    }
    default:
      return -EINVAL;
  }
}

/** Rights and credentials mean nothing outside AF_UNIX, and are let through, as in Linux. */
function socketMessage(host: SocketHost, type: number, data: ControlData): number {
  if (type === SCM_RIGHTS || type === SCM_CREDENTIALS) return 0;
  if (type !== SO_MARK && type !== SO_PRIORITY) return -EINVAL;
  const value = integerOf("sendmsg", data);
  if (value === undefined) return -EINVAL;
  const isCommon = type === SO_PRIORITY && value >= 0 && value <= MAX_COMMON_PRIORITY;
  return isCommon || mayMark(host) ? 0 : -EPERM;
}

/** Linux since 5.17: either right will do. */
export function mayMark({ capabilities }: Pick<SocketHost, "capabilities">): boolean {
  return capabilities.has("CAP_NET_ADMIN") || capabilities.has("CAP_NET_RAW");
}

function addPacketInfo(host: SocketHost, data: ControlData, request: Request): number {
  const info = packetInfoOf("sendmsg", data);
  if (typeof info === "number") return info;
  const { interfaceNumber, source } = info;
  if (interfaceNumber !== 0 && host.ipv4.interfaceName(interfaceNumber - 1) === "") return -ENODEV;
  request.interfaceIndex = interfaceNumber - 1;
  request.source = source;
  return 0;
}

/** The control messages of one received message. */
export interface Collected {
  messages: ControlMessage[];
  /** MSG_CTRUNC when there was more than room for it, else 0. */
  flags: number;
}

/**
 * What `core.message` tells of the last `receive`, as far as the socket's options ask for it, in Linux's order. What
 * has no room among `roomBytes` is left out: MSG_CTRUNC. Undefined is room for everything. Descriptors of SCM_RIGHTS
 * are opened here, with FD_CLOEXEC if `closeOnExec`; those that are not, for want of room or of descriptors, are let
 * go of. What the user says of the room is checked before the call: now the message has left the socket.
 */
export function collectControl(
  host: SocketHost,
  core: SocketCore,
  roomBytes?: number,
  closeOnExec = false,
): Collected {
  const collector = new Collector(roomBytes ?? Number.POSITIVE_INFINITY);
  const { common, message } = core;
  if (common.timestamp && message.arrivedMicros >= 0) {
    collector.add(SOL_SOCKET, SCM_TIMESTAMP, TIMEVAL_BYTES, timevalOf(message.arrivedMicros));
  }
  if (core.domain === AF_UNIX) collectUnix(host, core, collector, closeOnExec);
  else if (message.error !== undefined) {
    collector.add(IPPROTO_IP, IP_RECVERR, EXTENDED_ERROR_BYTES, message.error);
  } else if (core.domain === AF_INET && core.type !== SOCK_STREAM) {
    collectInet(host, core, collector);
  } else if (common.receiveInQueue && core instanceof StreamCore) {
    collector.add(IPPROTO_TCP, TCP_CM_INQ, INTEGER_BYTES, inputHint(core.tcb));
  }
  return { messages: collector.messages, flags: collector.flags };
}

function collectInet(host: SocketHost, { common, message }: SocketCore, collector: Collector): void {
  if (common.receivePacketInfo) {
    const info = packetInfo(message.interfaceIndex, answeringAddress(host, message), message.destination);
    collector.add(IPPROTO_IP, IP_PKTINFO, PACKET_INFO_BYTES, info);
  }
  if (common.receiveTimeToLive) collector.add(IPPROTO_IP, IP_TTL, INTEGER_BYTES, message.timeToLive);
  if (common.receiveTrafficClass) collector.add(IPPROTO_IP, IP_TOS, 1, message.trafficClass);
}

/** The destination, or for a broadcast the address of the interface by which it came (Linux's fib_compute_spec_dst). */
function answeringAddress(host: SocketHost, { destination, interfaceIndex }: MessageInfo): number {
  if (!host.ipv4.isBroadcastOrMulticast(destination)) return destination;
  return host.ipv4.interfaceAddress(interfaceIndex);
}

function collectUnix(host: SocketHost, core: SocketCore, collector: Collector, closeOnExec: boolean): void {
  const { common, message } = core;
  if (common.passCredentials && message.credentials !== undefined) {
    collector.add(SOL_SOCKET, SCM_CREDENTIALS, CREDENTIALS_BYTES, message.credentials);
  }
  const { rights } = message;
  if (rights === undefined) return;
  message.rights = undefined;
  // Linux's scm_detach_fds: as many as have room, even where the padding has not
  const most = Math.min(rights.length, collector.integers);
  const opened: number[] = [];
  while (opened.length < most) {
    const descriptor = host.descriptors.add(rights[opened.length]!);
    if (descriptor < 0) break;
    if (closeOnExec) host.descriptors.closeOnExec.add(descriptor);
    opened.push(descriptor);
  }
  if (opened.length > 0) {
    collector.add(SOL_SOCKET, SCM_RIGHTS, INTEGER_BYTES * opened.length, opened);
  }
  if (opened.length < rights.length) collector.flags |= MSG_CTRUNC;
  for (const description of rights) letGo(description);
}

/** Control messages on their way to the user, and the room there is for them. */
class Collector {
  readonly messages: ControlMessage[] = [];
  flags = 0;
  private room: number;

  constructor(roomBytes: number) {
    this.room = roomBytes;
  }

  /** How many integers of SCM_RIGHTS there is room for. */
  get integers(): number {
    return Math.max(0, Math.floor((this.room - CMSG_LEN(0)) / INTEGER_BYTES));
  }

  /** Linux's put_cmsg, but that a message which would have to be cut is left out: half an object is none. */
  add(level: number, type: number, bytes: number, data: ControlData): void {
    if (this.room < CMSG_LEN(bytes)) {
      this.flags |= MSG_CTRUNC;
      if (this.room >= CMSG_LEN(0)) this.room = 0;
      return;
    }
    this.room -= Math.min(this.room, CMSG_SPACE(bytes));
    this.messages.push({ level, type, data });
  }
}
