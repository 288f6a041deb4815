/** Options of level SOL_SOCKET (man 7 socket) but those about sizes and times. */
import { EACCES, ENODEV, EOPNOTSUPP, EPERM } from "../../base/errno.ts";
import {
  AF_INET,
  AF_UNIX,
  SO_ACCEPTCONN,
  SO_BINDTODEVICE,
  SO_BROADCAST,
  SO_DEBUG,
  SO_DOMAIN,
  SO_DONTROUTE,
  SO_ERROR,
  SO_INCOMING_CPU,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_MARK,
  SO_OOBINLINE,
  SO_PASSCRED,
  SO_PEERCRED,
  SO_PRIORITY,
  SO_PROTOCOL,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_TIMESTAMP,
  SO_TYPE,
} from "../constants.ts";
import { MAX_COMMON_PRIORITY, mayMark } from "../control.ts";
import type { SocketCore } from "../core.ts";
import type { Credentials } from "../message.ts";
import { UnixCore } from "../unix/core.ts";
import {
  FLAG,
  flagOf,
  INTEGER,
  isStream,
  LINGER,
  type Option,
  Refusal,
  setSetting,
  setting,
  so,
  TEXT,
} from "./option.ts";

/** What SO_PEERCRED says where there are no credentials: nobody's pid, and ids of -1. */
const NOBODY: Credentials = { pid: 0, uid: -1, gid: -1 };

export const SOCKET_OPTIONS: readonly Option[] = [
  so({ SO_REUSEADDR }, FLAG, {
    summary: "bind may take an address that is in use but not listened at; on for raw sockets",
    default: 0,
    get: (core) => core.settings.reuseAddress,
    set: (core, on) => {
      core.settings.reuseAddress = Boolean(on);
    },
  }),
  so({ SO_REUSEPORT }, FLAG, {
    summary:
      "several sockets that all have it may bind one address and port, and share what comes; AF_INET only",
    default: 0,
    get: (core) => setting(core, "reusePort", false),
    set: (core, on) => {
      if (on && core.domain !== AF_INET) return -EOPNOTSUPP;
      setSetting(core, "reusePort", Boolean(on));
      return 0;
    },
  }),
  so({ SO_KEEPALIVE }, FLAG, {
    summary: "probes an idle connection: see TCP_KEEPIDLE",
    default: 0,
    get: (core) => core.common.keepAlive,
    set: (core, on) => {
      core.common.keepAlive = Boolean(on);
      if (isStream(core)) core.settings.keepAlive = Boolean(on);
    },
  }),
  so({ SO_BROADCAST }, FLAG, {
    summary: "datagrams may be sent to a broadcast address (else EACCES)",
    default: 0,
    get: (core) => core.common.broadcast,
    set: (core, on) => {
      core.common.broadcast = Boolean(on);
    },
  }),
  so({ SO_OOBINLINE }, FLAG, {
    summary: "urgent data stays in the stream",
    default: 0,
    get: (core) => core.common.oobInline,
    set: (core, on) => {
      core.common.oobInline = Boolean(on);
      if (isStream(core)) core.settings.oobInline = Boolean(on);
    },
  }),
  so({ SO_DONTROUTE }, FLAG, flagOf("onLink", "sends to directly connected hosts only, through no gateway")),
  so({ SO_DEBUG }, FLAG, {
    summary: "kept and given back; EACCES to set without CAP_NET_ADMIN",
    default: 0,
    get: (core) => setting(core, "debug", false),
    set: (core, on) => {
      if (on && !core.owner.capabilities.has("CAP_NET_ADMIN")) return -EACCES;
      setSetting(core, "debug", Boolean(on));
      return 0;
    },
  }),
  so({ SO_LINGER }, LINGER, {
    summary: "close waits until the peer has everything, or with a time of 0 sends RST",
    unit: "seconds",
    default: "{ onoff: 0, linger: 0 }",
    get: ({ common }) => ({ onoff: Number(common.lingerOn), linger: common.lingerSeconds }),
    set: (core, { onoff, linger }) => {
      core.common.lingerOn = Boolean(onoff);
      if (onoff) core.common.lingerSeconds = linger; // switching it off forgets no time, as in Linux
      if (isStream(core)) core.settings.abortOnClose = Boolean(onoff) && linger === 0;
    },
  }),
  so({ SO_BINDTODEVICE }, TEXT, {
    summary:
      'sends and receives by the interface of this name only; "" by any (ENODEV, EPERM to change without CAP_NET_RAW)',
    default: '""',
    get: (core) => core.owner.ipv4.interfaceName(setting(core, "interface", -1)),
    set: bindToDevice,
  }),
  so({ SO_PRIORITY }, INTEGER, {
    summary:
      "kept and given back, all queues here being one; EPERM outside 0 to 6 without CAP_NET_ADMIN or CAP_NET_RAW",
    default: 0,
    get: (core) => setting(core, "priority", 0),
    set: (core, value) => {
      if ((value < 0 || value > MAX_COMMON_PRIORITY) && !mayMark(core.owner)) return -EPERM;
      setSetting(core, "priority", value | 0);
      return 0;
    },
  }),
  so({ SO_MARK }, INTEGER, {
    summary: "kept and given back, no rule here looking at it; EPERM without CAP_NET_ADMIN or CAP_NET_RAW",
    default: 0,
    get: (core) => setting(core, "mark", 0),
    set: (core, value) => {
      if (!mayMark(core.owner)) return -EPERM;
      setSetting(core, "mark", value | 0);
      return 0;
    },
  }),
  so({ SO_INCOMING_CPU }, INTEGER, {
    summary:
      "the processor that handles what comes in, of which there is one: 0 once connected; settable, without effect",
    default: -1,
    get: (core) => setting(core, "incomingCpu", isStream(core) && core.remotePort !== 0 ? 0 : -1),
    set: (core, value) => {
      setSetting(core, "incomingCpu", value | 0);
    },
  }),
  so({ SO_TIMESTAMP }, FLAG, {
    summary: "recvmsg tells when the data arrived: SCM_TIMESTAMP",
    default: 0,
    get: ({ common }) => common.timestamp,
    set: ({ common }, on) => {
      common.timestamp = Boolean(on);
    },
  }),
  so({ SO_PASSCRED }, FLAG, {
    summary: "recvmsg tells who sent the data: SCM_CREDENTIALS; AF_UNIX only (else EOPNOTSUPP)",
    default: 0,
    get: ({ common, domain }) => (domain === AF_UNIX ? common.passCredentials : new Refusal(EOPNOTSUPP)),
    set: ({ common, domain }, on) => {
      if (domain !== AF_UNIX) return -EOPNOTSUPP;
      common.passCredentials = Boolean(on);
      return 0;
    },
  }),
  so({ SO_PEERCRED }, INTEGER, {
    summary: "who the peer in AF_UNIX was when it connected, listened or made the pair: { pid, uid, gid }",
    default: "pid 0, uid and gid -1: nobody",
    get: (core) => (core instanceof UnixCore ? core.peerCredentials : NOBODY),
  }),
  so({ SO_ERROR }, INTEGER, {
    summary: "the pending error as a positive errno, which is then forgotten",
    default: 0,
    get: (core) => core.takeError(),
  }),
  so({ SO_TYPE }, INTEGER, { summary: "SOCK_STREAM …", get: (core) => core.type }),
  so({ SO_DOMAIN }, INTEGER, { summary: "AF_INET …", get: (core) => core.domain }),
  so({ SO_PROTOCOL }, INTEGER, { summary: "IPPROTO_TCP …", get: (core) => core.protocol }),
  so({ SO_ACCEPTCONN }, FLAG, {
    summary: "whether it listens",
    default: 0,
    get: (core) => core.listening,
  }),
];

function bindToDevice(core: SocketCore, name: string): number {
  const { capabilities, ipv4 } = core.owner;
  // Linux since 5.7: who is bound to no interface may choose one
  if (setting(core, "interface", -1) >= 0 && !capabilities.has("CAP_NET_RAW")) return -EPERM;
  const index = name === "" ? -1 : ipv4.interfaceNamed(name);
  if (name !== "" && index < 0) return -ENODEV;
  setSetting(core, "interface", index);
  return 0;
}
