/**
 * Linux's error numbers (asm-generic/errno.h), as the synchronous core returns them, negated.
 * The names and texts are POSIX's and glibc's. They are positive, as in C; a SocketError's `errno` is negative, as in Node.
 * What C writes as `errno == EINPROGRESS` is `error.code === "EINPROGRESS"`; error 11 has the code "EWOULDBLOCK".
 */

/** A right is missing: raw sockets, SO_MARK, SO_RCVBUFFORCE, `sethostname`. */
export const EPERM = 1;
/** No such path in AF_UNIX; no such service, protocol or congestion control; not watched by the epoll. */
export const ENOENT = 2;
/** The AbortSignal of a call that waits was aborted. */
export const EINTR = 4;
/** No interface of that index; no such neighbour. */
export const ENXIO = 6;
/** The descriptor is closed, or never was. */
export const EBADF = 9;
/** What cannot be done without waiting, by a socket or call that does not wait, or whose time is over. */
export const EAGAIN = 11;
/** The name by which error 11 is called here: EAGAIN. */
export const EWOULDBLOCK = EAGAIN;
/** The host has as many sockets as `limits.sockets` allows. */
export const ENOMEM = 12;
/** A port below 1024 without CAP_NET_BIND_SERVICE; a broadcast without SO_BROADCAST. */
export const EACCES = 13;
/** NULL where a call of the C face needs something to read or to fill. */
export const EFAULT = 14;
/** The epoll watches it already. */
export const EEXIST = 17;
/** No such interface. */
export const ENODEV = 19;
/** A second name for a socket, accept before listen, a value out of range: what makes no sense. */
export const EINVAL = 22;
/** The host has as many open files as `limits.files` allows. */
export const ENFILE = 23;
/** The host has as many descriptors as `limits.descriptors` allows. */
export const EMFILE = 24;
/** `ioctl` asks what this kind of socket does not know. */
export const ENOTTY = 25;
/** Sending after the own end was shut down, or when the peer is gone. */
export const EPIPE = 32;
/** A time-out below 0. */
export const EDOM = 33;
/** Epolls that watch each other in a circle. */
export const ELOOP = 40;
/** ICMP: source host isolated. */
export const ENONET = 64;
/** ICMP: parameter problem; group options on a stream. */
export const EPROTO = 71;
/** A file of text was given bytes or characters that its encoding does not have. */
export const EILSEQ = 84;
/** The descriptor is no socket: an epoll. */
export const ENOTSOCK = 88;
/** A datagram for nobody: no peer and no address. */
export const EDESTADDRREQ = 89;
/** A datagram too long for its protocol, for the path with IP_PMTUDISC_DO, or for the buffer of AF_UNIX. */
export const EMSGSIZE = 90;
/** A socket of AF_UNIX connects to one of another type. */
export const EPROTOTYPE = 91;
/** No such option, or not to be set; ICMP: protocol unreachable. */
export const ENOPROTOOPT = 92;
/** `socket` is asked for a protocol that the domain and type have not. */
export const EPROTONOSUPPORT = 93;
/** `socket` is asked for a type that the domain has not. */
export const ESOCKTNOSUPPORT = 94;
/** What this type of socket cannot do: listen with datagrams, a pair outside AF_UNIX. */
export const EOPNOTSUPP = 95;
/** SIOCGARP for an address of another family than AF_INET. */
export const EPFNOSUPPORT = 96;
/** No such domain; an address of another domain than the socket's. */
export const EAFNOSUPPORT = 97;
/** Address and port, or path, belong to another socket; a group was joined before. */
export const EADDRINUSE = 98;
/** The address is not this host's; no free port; a group that was not joined. */
export const EADDRNOTAVAIL = 99;
/** The interface of a packet socket is down; a socket is asked of a closed host. */
export const ENETDOWN = 100;
/** No route leads there; ICMP: network unreachable. */
export const ENETUNREACH = 101;
/** The interface under a connection was taken away: `host.detach`. */
export const ENETRESET = 102;
/** The host was closed under a call that waits; a connect whose failure SO_ERROR has told. */
export const ECONNABORTED = 103;
/** The peer has thrown the connection away: RST. */
export const ECONNRESET = 104;
/** More groups than a socket may join (20), more control data than it has memory for. */
export const ENOBUFS = 105;
/** The socket is connected already. */
export const EISCONN = 106;
/** The socket is not connected. */
export const ENOTCONN = 107;
/** A call on a socket whose host has been closed. */
export const ESHUTDOWN = 108;
/** Too many descriptors under way in messages of AF_UNIX. */
export const ETOOMANYREFS = 109;
/** The peer does not answer; the time of `settimeout` is over. */
export const ETIMEDOUT = 110;
/** Nobody listens there: RST to a SYN, ICMP port unreachable, a path without a socket. */
export const ECONNREFUSED = 111;
/** ICMP: destination host unknown. */
export const EHOSTDOWN = 112;
/** ICMP: host unreachable or forbidden; time exceeded. */
export const EHOSTUNREACH = 113;
/** A connect is under way already. */
export const EALREADY = 114;
/** A connect that does not wait has begun. */
export const EINPROGRESS = 115;
