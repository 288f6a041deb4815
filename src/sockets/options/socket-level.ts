/** Options of level SOL_SOCKET (man 7 socket). */
import { EDOM } from "../../base/errno.ts";
import {
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SO_TYPE,
  SOL_SOCKET,
} from "../constants.ts";
import { FLAG, INTEGER, isStream, LINGER, MILLIS, type Option, option } from "./option.ts";

/** SOCK_MIN_RCVBUF and SOCK_MIN_SNDBUF, as `getsockopt` shows them (Linux, include/net/sock.h). */
const MIN_RECEIVE_BUFFER = 2304;
const MIN_SEND_BUFFER = 4608;

export const SOCKET_OPTIONS: readonly Option[] = [
  option(SOL_SOCKET, { SO_REUSEADDR }, FLAG, {
    get: (core) => core.settings.reuseAddress,
    set: (core, on) => {
      core.settings.reuseAddress = Boolean(on);
    },
  }),
  option(SOL_SOCKET, { SO_KEEPALIVE }, FLAG, {
    get: (core) => core.common.keepAlive,
    set: (core, on) => {
      core.common.keepAlive = Boolean(on);
      if (isStream(core)) core.settings.keepAlive = Boolean(on);
    },
  }),
  option(SOL_SOCKET, { SO_BROADCAST }, FLAG, {
    get: (core) => core.common.broadcast,
    set: (core, on) => {
      core.common.broadcast = Boolean(on);
    },
  }),
  option(SOL_SOCKET, { SO_OOBINLINE }, FLAG, {
    get: (core) => core.common.oobInline,
    set: (core, on) => {
      core.common.oobInline = Boolean(on);
      if (isStream(core)) core.settings.oobInline = Boolean(on);
    },
  }),
  option(SOL_SOCKET, { SO_LINGER }, LINGER, {
    get: ({ common }) => ({ onoff: Number(common.lingerOn), linger: common.lingerSeconds }),
    set: (core, { onoff, linger }) => {
      core.common.lingerOn = Boolean(onoff);
      core.common.lingerSeconds = linger;
      if (isStream(core)) core.settings.abortOnClose = Boolean(onoff) && linger === 0;
    },
  }),
  // Linux counts its bookkeeping as part of the buffer and so doubles what it is asked for (man 7 socket). Sizes beyond
  // its bounds are moved to them without a word.
  option(SOL_SOCKET, { SO_RCVBUF }, INTEGER, {
    get: (core) => 2 * core.settings.receiveBufferBytes,
    set: (core, bytes) => {
      const least = MIN_RECEIVE_BUFFER / 2;
      core.settings.receiveBufferBytes = Math.max(Math.min(bytes, core.maxReceiveBufferBytes), least);
      if (isStream(core)) core.settings.receiveBufferFixed = true;
    },
  }),
  option(SOL_SOCKET, { SO_SNDBUF }, INTEGER, {
    get: (core) => 2 * core.settings.sendBufferBytes,
    set: (core, bytes) => {
      const least = MIN_SEND_BUFFER / 2;
      core.settings.sendBufferBytes = Math.max(Math.min(bytes, core.maxSendBufferBytes), least);
      if (isStream(core)) core.settings.sendBufferFixed = true;
    },
  }),
  option(SOL_SOCKET, { SO_RCVTIMEO }, MILLIS, {
    get: ({ common }) => common.receiveTimeoutMicros / 1000,
    set: ({ common }, millis) => {
      if (millis < 0) return -EDOM;
      common.receiveTimeoutMicros = Math.ceil(millis * 1000);
      return 0;
    },
  }),
  option(SOL_SOCKET, { SO_SNDTIMEO }, MILLIS, {
    get: ({ common }) => common.sendTimeoutMicros / 1000,
    set: ({ common }, millis) => {
      if (millis < 0) return -EDOM;
      common.sendTimeoutMicros = Math.ceil(millis * 1000);
      return 0;
    },
  }),
  option(SOL_SOCKET, { SO_ERROR }, INTEGER, { get: (core) => core.takeError() }),
  option(SOL_SOCKET, { SO_TYPE }, INTEGER, { get: (core) => core.type }),
  option(SOL_SOCKET, { SO_DOMAIN }, INTEGER, { get: (core) => core.domain }),
  option(SOL_SOCKET, { SO_PROTOCOL }, INTEGER, { get: (core) => core.protocol }),
  option(SOL_SOCKET, { SO_ACCEPTCONN }, FLAG, { get: (core) => core.listening }),
];
