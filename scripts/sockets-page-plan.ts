/** What docs/sockets.md tells, in which order, and where in the source it stands. */

export interface CallGroup {
  readonly title: string;
  readonly text: string;
  /** What stands before each call: "host.". */
  readonly prefix: string;
  /** The classes whose public members are the calls. */
  readonly classes?: readonly (readonly [file: string, name: string])[];
  /** Files whose functions are the calls, as far as they are exported from the package. */
  readonly files?: readonly string[];
  /** Members that are of no use to programs: the stack's own ends. */
  readonly hidden?: readonly string[];
  /** Calls whose comments speak of errors that other calls have. */
  readonly quoting?: readonly string[];
}

export interface ConstantGroup {
  readonly title: string;
  readonly text: string;
  readonly file: string;
  /** The line above the group in that file. */
  readonly group: string;
  /** Another file, all of whose constants belong to the group. */
  readonly also?: string;
}

export const INTRODUCTION = `# Sockets: the reference

Written by \`npm run sockets-page\` from the comments in the source; nothing here is written by hand. Every call, option,
flag and error has one line; the comment beside the code says more. Everything means what Linux means by it: see
[socket(2)](https://man7.org/linux/man-pages/man2/socket.2.html),
[ip(7)](https://man7.org/linux/man-pages/man7/ip.7.html), [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html),
[udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html), [raw(7)](https://man7.org/linux/man-pages/man7/raw.7.html),
[unix(7)](https://man7.org/linux/man-pages/man7/unix.7.html),
[packet(7)](https://man7.org/linux/man-pages/man7/packet.7.html), and Python's
[socket](https://docs.python.org/3/library/socket.html) module.

A call that can block returns a promise, one that cannot returns its value. Times are milliseconds unless a line says
otherwise; sizes are bytes. \`flags = 0\` is an argument that may be left out, with its default; \`waiting?\` and \`options?\`
at the end of a call are \`{ signal }\`, an AbortSignal that ends the wait (EINTR): one that is
aborted already ends the call before it begins, though it need not have waited. Whoever comes with a book finds its habits
in [from your book](from-your-book.md).

The column of errors names those that a program meets first; a manual page of Linux has the others. Not repeated in every
line is what all calls share:

| error | of which calls |
|---|---|
| EBADF, ENOTSOCK | every call: the descriptor is not open (any more), or no socket's |
| EWOULDBLOCK (also called EAGAIN, 11) | every call that would have to wait, of a socket or with a flag that does not let it |
| ETIMEDOUT, EINTR | every call that waits, when the time of \`settimeout\` is over, or its \`signal\` is aborted |
| ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH | what sends and receives by TCP, once, when the connection has ended so |
| ECONNREFUSED, EHOSTUNREACH, EMSGSIZE | what sends and receives datagrams with a peer: what ICMP has told of earlier ones |
| ECONNABORTED, ESHUTDOWN, ENETDOWN | every call that waits while its host is closed, on a socket of a closed host, that would open one there |
| EMFILE, ENFILE, ENOMEM | every call that opens a descriptor: see \`host.limits\` |`;

const HOST_HIDDEN = [
  ...[
    "clock",
    "ipv4",
    "udp",
    "tcp",
    "descriptors",
    "sockets",
    "pendingCalls",
    "epolls",
    "unix",
    "makeSocket",
    "makePair",
  ],
  ...["addressOf", "mayRename", "INSPECT", "[INSPECT]", "defaultTimeoutMillis"],
];

export const CALL_GROUPS: readonly CallGroup[] = [
  {
    title: "Calls of a host, the Python way",
    text: "What Python has in its modules `socket` and `select`, a `Host` has as methods.",
    prefix: "host.",
    classes: [
      ["src/host/socket-module.ts", "SocketModule"],
      ["src/host/names-module.ts", "NamesModule"],
      ["src/host/host.ts", "Host"],
    ],
    hidden: HOST_HIDDEN,
    quoting: ["close", "detach"],
  },
  {
    title: "Calls of a socket, the Python way",
    text:
      "Of the object that `host.socket()` gives. An address is `{ address, port }` in AF_INET, a path in AF_UNIX, " +
      "`{ interface, protocol }` in AF_PACKET; `A` stands for it.",
    prefix: "socket.",
    classes: [
      ["src/sockets/socket.ts", "Socket"],
      ["src/sockets/python/handle.ts", "Handle"],
    ],
    quoting: ["close", "settimeout", "setblocking", "connect_ex"],
  },
  {
    title: "Files made from a socket",
    text:
      "What `socket.makefile()` gives: files of text, of bytes with a buffer, and of bytes without one. What the socket's " +
      "`recv` and `send` fail with, their calls fail with.",
    prefix: "file.",
    classes: [
      ["src/sockets/python/file-base.ts", "SocketFile"],
      ["src/sockets/python/text-file.ts", "TextFile"],
      ["src/sockets/python/binary-file.ts", "BinaryFile"],
      ["src/sockets/python/raw-file.ts", "RawFile"],
    ],
  },
  {
    title: "Calls of host.poll()",
    text: "Python's `select.poll` object.",
    prefix: "poller.",
    classes: [["src/sockets/python/selectors.ts", "Poller"]],
  },
  {
    title: "Calls of host.epoll()",
    text: "Python's `select.epoll` object.",
    prefix: "epoller.",
    classes: [["src/sockets/python/selectors.ts", "Epoller"]],
  },
  {
    title: "Calls by descriptor, the C way",
    text:
      "Functions of `host.posix`; they need no `this`: `const { socket, bind } = host.posix`. An address is `{ family, " +
      "address, port }`, `{ family, path }` or `{ family, interface, protocol }`, or has the fields of the structure: " +
      "`{ sin_family, sin_addr, sin_port }`. What is given is of the first kind: `A` stands for it. No call has a length " +
      "among its arguments: `buffer.subarray(0, n)` says how much; what stands where C has it is taken for flags.",
    prefix: "",
    classes: [
      ["src/sockets/posix/sockets.ts", "PosixSockets"],
      ["src/sockets/posix/transfer.ts", "PosixTransfer"],
      ["src/sockets/posix/files.ts", "PosixFiles"],
      ["src/sockets/posix/waiting.ts", "PosixWaiting"],
      ["src/sockets/names/posix-names.ts", "PosixNames"],
    ],
  },
  {
    title: "Functions of the package",
    text: "",
    prefix: "",
    files: [
      "src/sockets/inet.ts",
      "src/sockets/error.ts",
      "src/sockets/gai-error.ts",
      "src/sockets/control.ts",
      "src/sockets/control-data.ts",
    ],
    quoting: ["errorName", "inet_addr"],
  },
  {
    title: "The synchronous core",
    text:
      "Of what `host.stream()` and `host.datagram()` give: no promises; a call returns at once, ≥ 0 or a negative errno, " +
      "and readiness says when to try again.",
    prefix: "core.",
    classes: [
      ["src/sockets/core.ts", "SocketCore"],
      ["src/sockets/file.ts", "OpenFile"],
    ],
    quoting: ["peerName"],
    hidden: [
      ...[
        "owner",
        "common",
        "settings",
        "message",
        "outgoing",
        "settingsChanged",
        "connectPending",
        "connectResult",
      ],
      ...[
        "startLinger",
        "lingered",
        "maxReceiveBufferBytes",
        "maxSendBufferBytes",
        "defaultTimeToLive",
        "dismiss",
      ],
      ...[
        "receivers",
        "senders",
        "watchers",
        "newsCount",
        "exclusiveNews",
        "shortOfSpace",
        "spaceNews",
        "arrivals",
        "writeBands",
      ],
      ...["closedErrno", "notify", "closed"],
    ],
  },
];

const CONSTANTS = "src/sockets/constants.ts";
const NAMES = "src/sockets/names/constants.ts";

export const CONSTANT_GROUPS: readonly ConstantGroup[] = [
  { title: "Domains", text: "", file: CONSTANTS, group: "domains" },
  { title: "Types", text: "", file: CONSTANTS, group: "types" },
  {
    title: "Protocols and levels",
    text: "",
    file: CONSTANTS,
    group: "protocols, and the levels of options",
  },
  {
    title: "Addresses",
    text: "As numbers that read as they print; for the field `s_addr` they go through `htonl`.",
    file: CONSTANTS,
    group: "addresses, as numbers that read as they print: 0x7f000001 is 127.0.0.1",
  },
  {
    title: "Flags of send and receive",
    text: "",
    file: CONSTANTS,
    group: "flags of send and receive",
    also: "src/base/message-flags.ts",
  },
  { title: "How to shut down", text: "", file: CONSTANTS, group: "how to shut down" },
  { title: "Events of poll", text: "", file: "src/base/readiness.ts", group: "" },
  { title: "A time-out of poll", text: "", file: CONSTANTS, group: "a time-out of poll" },
  {
    title: "Commands and events of epoll",
    text: "",
    file: CONSTANTS,
    group: "commands and events of epoll",
  },
  { title: "Commands and flags of fcntl", text: "", file: CONSTANTS, group: "commands and flags of fcntl" },
  { title: "Requests of ioctl", text: "", file: CONSTANTS, group: "requests of ioctl" },
  { title: "Flags of an interface", text: "", file: CONSTANTS, group: "flags of an interface" },
  {
    title: "Control messages",
    text:
      "For `sendmsg` and `recvmsg`. Beside these options serve as types of level IPPROTO_IP: `IP_PKTINFO`, `IP_TTL`, " +
      "`IP_TOS`, `IP_RECVERR`; what is received of them, the options IP_PKTINFO, IP_RECVTTL, IP_RECVTOS and IP_RECVERR ask " +
      "for.",
    file: CONSTANTS,
    group: "control messages of level SOL_SOCKET",
  },
  {
    title: "Values of IP_TOS",
    text: "As RFC 1349 has them; RFC 2474 gives the bits another use.",
    file: CONSTANTS,
    group: "values of IP_TOS, RFC 1349; RFC 2474 has another use for these bits",
  },
  {
    title: "Defaults and bounds of multicast",
    text: "",
    file: CONSTANTS,
    group: "defaults and bounds of multicast",
  },
  { title: "Values of IP_MTU_DISCOVER", text: "", file: "src/base/mtu-discovery.ts", group: "" },
  {
    title: "Where an error of the queue comes from",
    text: "",
    file: CONSTANTS,
    group: "where an entry of the error queue came from",
  },
  {
    title: "What AF_PACKET tells of a packet",
    text: "",
    file: CONSTANTS,
    group: "what AF_PACKET tells of a packet",
  },
  { title: "Flags of getaddrinfo", text: "", file: NAMES, group: "flags of getaddrinfo" },
  {
    title: "Flags of getnameinfo",
    text: "",
    file: NAMES,
    group: "flags of getnameinfo, and the sizes of C's buffers",
  },
  {
    title: "Errors of getaddrinfo and getnameinfo",
    text: "What a `GaiError` has as its `code` and `errno`; `gai_strerror` has the text.",
    file: NAMES,
    group: "errors of getaddrinfo and getnameinfo",
  },
  {
    title: "Errors of gethostbyname",
    text: "What a `HostError` has as its `errno`; `hstrerror` has the text.",
    file: NAMES,
    group: "h_errno",
  },
];

/** What a book may name that no constant or call stands for. */
export const NOT_HERE: readonly (readonly [what: string, instead: string, why: string])[] = [
  [
    "any other domain, `AF_NS` too",
    "EAFNOSUPPORT",
    "Linux has no constant for it, or nothing here speaks it",
  ],
  ["any other type", "ESOCKTNOSUPPORT, from 11 on EINVAL", "as in Linux"],
  [
    "`SOCK_PACKET`",
    "ESOCKTNOSUPPORT",
    "Linux 2.0's way to frames, which it still has; AF_PACKET is the one here",
  ],
  ["any other option", "ENOPROTOOPT", "as in Linux"],
  [
    "`IP_ADD_SOURCE_MEMBERSHIP`, `IP_BLOCK_SOURCE`, `MCAST_JOIN_GROUP` and their kin",
    "ENOPROTOOPT",
    "groups are joined whole, whoever sends: there is no IGMPv3",
  ],
  ["`IP_MINTTL`", "ENOPROTOOPT", "compare what IP_RECVTTL tells"],
  ["`SO_NO_CHECK`", "ENOPROTOOPT", "checksums are always made; a wire may have `checksum: false`"],
  ["`SO_TIMESTAMPNS`, `SO_TIMESTAMPING`", "SO_TIMESTAMP", "a host's clock counts microseconds"],
  ["`SO_ATTACH_FILTER`", "ENOPROTOOPT", "there is no BPF; ICMP_FILTER, or a condition after `recvfrom`"],
  ["`TCP_FASTOPEN`, `MSG_FASTOPEN`", "ENOPROTOOPT", "RFC 7413 is not there"],
  ["`TCP_MD5SIG`", "ENOPROTOOPT", "RFC 2385 is not there"],
  ["`F_SETOWN`, `O_ASYNC`, `FIOASYNC`", "EINVAL, ENOTTY", "they ask for SIGIO, and there are no signals"],
  [
    "signals: `SIGIO`, `SIGURG`, `SIGPIPE`",
    "EPIPE, readiness",
    "there are no processes that they could go to",
  ],
  ["`SIOCGIFHWADDR`", "ENOTTY", "no link here has addresses of its own"],
  [
    "`SIOCSIFADDR` and what else changes an interface",
    "ENOTTY",
    "`host.attach`, `host.detach`, `host.route`",
  ],
  [
    "`pselect`, `ppoll`, `epoll_pwait`",
    "`select`, `poll`, `epoll_wait`",
    "without signals there is no mask of them",
  ],
  ["`sendmmsg`, `recvmmsg`", "a loop", "they save system calls, and there are none"],
  ["`pipe`", "`socketpair`", "a pair is a pipe in both directions"],
  ["`sendfile`, `splice`", "`read` and `write`", "there are no files but sockets and epolls"],
  [
    "`fork`, inheritance by `exec`",
    "tasks that share descriptors",
    "a host runs in one process; FD_CLOEXEC is kept",
  ],
  ["`fd_set`, `FD_ZERO`, `FD_SET`, `FD_ISSET`", "arrays of descriptors", "`select` takes and gives them"],
  ["`FD_SETSIZE`", "1024", "Python's `select` refuses higher descriptors; C's does not care"],
  ["`h_errno`, `herror`", "a `HostError`", "calls throw; `hstrerror` has the text"],
  [
    "`inet_network`, `inet_makeaddr`, `inet_netof`, `inet_lnaof`",
    "`inet_aton`, `&`",
    "they know classes of addresses, which RFC 1519 has ended",
  ],
  [
    "`gethostbyname2`, `gethostbyname_r` and their kin",
    "`getaddrinfo`",
    "nothing here is shared between threads",
  ],
  [
    "Python's `socket.timeout`, `socket.error`, `socket.gaierror`, `socket.herror`",
    "`error.code`",
    "SocketError (its `code` ETIMEDOUT for a time-out), GaiError, HostError",
  ],
  [
    "Python's module `selectors`",
    "`host.epoll()`",
    "it chooses between what a system has; here all are there",
  ],
  [
    "Python's `socketserver`",
    "`for await (const c of listener)`",
    "a task per connection is a call of a function",
  ],
];
