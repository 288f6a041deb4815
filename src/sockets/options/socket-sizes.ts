/** Options of level SOL_SOCKET (man 7 socket) that are sizes, rates and times. */
import { EPERM } from "../../base/errno.ts";
import { setReceiveLowWater } from "../../tcp/index.ts";
import {
  SO_MAX_PACING_RATE,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_SNDLOWAT,
  SO_SNDTIMEO,
} from "../constants.ts";
import type { SocketCore } from "../core.ts";
import { INTEGER, isStream, MILLIS, type Option, setSetting, setting, so } from "./option.ts";

/** SOCK_MIN_RCVBUF and SOCK_MIN_SNDBUF, as `getsockopt` shows them (Linux, include/net/sock.h). */
const MIN_RECEIVE_BUFFER = 2304;
const MIN_SEND_BUFFER = 4608;
const MAX_INT = 0x7fff_ffff;

// Linux counts its bookkeeping as part of the buffer and so doubles what it is asked for (man 7 socket). Sizes beyond
// its bounds are moved to them without a word; a negative one is a large one.
export const SOCKET_SIZE_OPTIONS: readonly Option[] = [
  so({ SO_RCVBUF }, INTEGER, {
    summary: "room for what was received; reads twice what was set; from 1152 to the host's maximum",
    unit: "bytes",
    default: "131072 for TCP, else 212992",
    get: (core) =>
      shown(core.settings.receiveBufferBytes, isStream(core) && !core.settings.receiveBufferFixed),
    set: (core, bytes) => setReceiveBuffer(core, Math.min(unsigned(bytes), core.maxReceiveBufferBytes)),
  }),
  so({ SO_SNDBUF }, INTEGER, {
    summary: "room for what is to be sent; reads twice what was set; from 2304 to the host's maximum",
    unit: "bytes",
    default: "the configured one for TCP, else 212992",
    get: (core) => shown(core.settings.sendBufferBytes, isStream(core) && !core.settings.sendBufferFixed),
    set: (core, bytes) => setSendBuffer(core, Math.min(unsigned(bytes), core.maxSendBufferBytes)),
  }),
  so({ SO_RCVBUFFORCE }, INTEGER, {
    summary: "SO_RCVBUF without the host's maximum; EPERM without CAP_NET_ADMIN",
    unit: "bytes",
    set: (core, bytes) => {
      if (!core.owner.capabilities.has("CAP_NET_ADMIN")) return -EPERM;
      return setReceiveBuffer(core, Math.max(bytes, 0));
    },
  }),
  so({ SO_SNDBUFFORCE }, INTEGER, {
    summary: "SO_SNDBUF without the host's maximum; EPERM without CAP_NET_ADMIN",
    unit: "bytes",
    set: (core, bytes) => {
      if (!core.owner.capabilities.has("CAP_NET_ADMIN")) return -EPERM;
      return setSendBuffer(core, Math.max(bytes, 0));
    },
  }),
  so({ SO_RCVLOWAT }, INTEGER, {
    summary:
      "a stream of TCP is readable when so much has come; 0 counts as 1; others keep it and give it back",
    unit: "bytes",
    default: 1,
    get: (core) => setting(core, "receiveLowWater", 1),
    set: (core, bytes) => {
      if (isStream(core)) setReceiveLowWater(core.tcb, bytes);
      else setSetting(core, "receiveLowWater", bytes < 0 ? MAX_INT : bytes || 1);
    },
  }),
  so({ SO_SNDLOWAT }, INTEGER, {
    summary: "always 1, as in Linux",
    unit: "bytes",
    default: 1,
    get: () => 1,
  }),
  so({ SO_MAX_PACING_RATE }, INTEGER, {
    summary: "TCP sends text no faster; -1 is without bound; others keep it and give it back",
    unit: "bytes per second",
    default: -1,
    get: (core) => {
      const rate = setting(core, "pacingBytesPerSecond", Number.POSITIVE_INFINITY);
      return Number.isFinite(rate) ? rate | 0 : -1; // an unsigned number, of which C's int has the bits
    },
    set: (core, rate) => {
      const isUnbounded = rate === -1 || rate >= 0xffff_ffff;
      setSetting(core, "pacingBytesPerSecond", isUnbounded ? Number.POSITIVE_INFINITY : unsigned(rate));
    },
  }),
  so({ SO_RCVTIMEO }, MILLIS, {
    summary: "how long a call that receives may wait (then EAGAIN); 0 for ever, below not at all (reads 0)",
    unit: "milliseconds",
    default: 0,
    get: ({ common }) => Math.max(common.receiveTimeoutMicros, 0) / 1000,
    set: ({ common }, millis) => {
      common.receiveTimeoutMicros = millis < 0 ? -1 : Math.ceil(millis * 1000);
    },
  }),
  so({ SO_SNDTIMEO }, MILLIS, {
    summary:
      "how long a call that sends or connects may wait (then EAGAIN, EINPROGRESS); 0 for ever, below not at all (reads 0)",
    unit: "milliseconds",
    default: 0,
    get: ({ common }) => Math.max(common.sendTimeoutMicros, 0) / 1000,
    set: ({ common }, millis) => {
      common.sendTimeoutMicros = millis < 0 ? -1 : Math.ceil(millis * 1000);
    },
  }),
];

/** The half of it that is bookkeeping, too; but a size that nobody has set reads as it was configured, as in Linux. */
function shown(bytes: number, isConfigured: boolean): number {
  return isConfigured ? bytes : 2 * bytes;
}

function unsigned(bytes: number): number {
  return bytes < 0 ? bytes >>> 0 : bytes;
}

function setReceiveBuffer(core: SocketCore, bytes: number): number {
  core.settings.receiveBufferBytes = Math.max(bytes, MIN_RECEIVE_BUFFER / 2);
  if (isStream(core)) core.settings.receiveBufferFixed = true;
  return 0;
}

function setSendBuffer(core: SocketCore, bytes: number): number {
  core.settings.sendBufferBytes = Math.max(bytes, MIN_SEND_BUFFER / 2);
  if (isStream(core)) core.settings.sendBufferFixed = true;
  return 0;
}
