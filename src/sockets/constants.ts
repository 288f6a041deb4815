/**
 * The numbers of Berkeley's API as Linux has them (x86 and arm agree on all of these). The reference, docs/sockets.md, is
 * made from these comments: a line before a group is its title there.
 */

import { SO_TIMESTAMP, TCP_INQ } from "./option-numbers.ts";

export {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from "../base/readiness.ts";
export * from "./option-numbers.ts";

// domains
/** No domain: `connect` to it forgets the peer; `getaddrinfo` takes it for any. */
export const AF_UNSPEC = 0;
/** Sockets of one host, named by paths or abstract names; unix(7). */
export const AF_UNIX = 1;
export const AF_LOCAL = AF_UNIX;
/** IPv4; ip(7). */
export const AF_INET = 2;
/** Amateur radio; `socket` fails with EAFNOSUPPORT. */
export const AF_AX25 = 3;
/** Novell IPX; `socket` fails with EAFNOSUPPORT. */
export const AF_IPX = 4;
/** AppleTalk; `socket` fails with EAFNOSUPPORT. */
export const AF_APPLETALK = 5;
/** ATM permanent circuits; `socket` fails with EAFNOSUPPORT. */
export const AF_ATMPVC = 8;
/** X.25; `socket` fails with EAFNOSUPPORT. */
export const AF_X25 = 9;
/** IPv6; `socket` fails with EAFNOSUPPORT; `inet_pton` and `inet_ntop` know it. */
export const AF_INET6 = 10;
/** Messages to and from the kernel; `socket` fails with EAFNOSUPPORT. */
export const AF_NETLINK = 16;
/** What a host's interfaces carry, past IP; packet(7). */
export const AF_PACKET = 17;
export const PF_UNSPEC = AF_UNSPEC;
export const PF_UNIX = AF_UNIX;
export const PF_LOCAL = AF_UNIX;
export const PF_INET = AF_INET;
export const PF_AX25 = AF_AX25;
export const PF_IPX = AF_IPX;
export const PF_APPLETALK = AF_APPLETALK;
export const PF_ATMPVC = AF_ATMPVC;
export const PF_X25 = AF_X25;
export const PF_INET6 = AF_INET6;
export const PF_NETLINK = AF_NETLINK;
export const PF_PACKET = AF_PACKET;

// types
/** Bytes in order, with a connection: TCP, or a stream of AF_UNIX. */
export const SOCK_STREAM = 1;
/** Datagrams: UDP, ping sockets, datagrams of AF_UNIX, packets of AF_PACKET without link header. */
export const SOCK_DGRAM = 2;
/** IP datagrams of one protocol, or frames of AF_PACKET; needs CAP_NET_RAW (else EPERM). */
export const SOCK_RAW = 3;
/** Datagrams that arrive, in any order; `socket` fails with ESOCKTNOSUPPORT. */
export const SOCK_RDM = 4;
/** Records in order, with a connection: AF_UNIX only (else ESOCKTNOSUPPORT). */
export const SOCK_SEQPACKET = 5;
/** Or-ed into a type: O_NONBLOCK from the beginning. */
export const SOCK_NONBLOCK = 0o4000;
/** Or-ed into a type: FD_CLOEXEC from the beginning. */
export const SOCK_CLOEXEC = 0o2000000;

// protocols, and the levels of options
/** Any protocol, to `socket`; the level of options that IP has. */
export const IPPROTO_IP = 0;
/** ICMP (RFC 792). */
export const IPPROTO_ICMP = 1;
/** IGMP (RFC 1112). */
export const IPPROTO_IGMP = 2;
/** TCP (RFC 9293); the level of options that TCP has. */
export const IPPROTO_TCP = 6;
/** UDP (RFC 768). */
export const IPPROTO_UDP = 17;
/** A raw socket that only sends, with IP_HDRINCL. */
export const IPPROTO_RAW = 255;
/** The level of options that all sockets have. */
export const SOL_SOCKET = 1;
export const SOL_IP = IPPROTO_IP;
export const SOL_TCP = IPPROTO_TCP;
export const SOL_UDP = IPPROTO_UDP;
export const SOL_RAW = IPPROTO_RAW;
/** The level of options that AF_PACKET has. */
export const SOL_PACKET = 263;

// addresses, as numbers that read as they print: 0x7f000001 is 127.0.0.1
/** 0.0.0.0: any address of this host. */
export const INADDR_ANY = 0;
/** 127.0.0.1: this host. */
export const INADDR_LOOPBACK = 0x7f00_0001;
/** 255.255.255.255: all hosts on the link. */
export const INADDR_BROADCAST = 0xffff_ffff;
/** What `inet_addr` answers to what is no address. */
export const INADDR_NONE = 0xffff_ffff;
/** 224.0.0.0: the first group. */
export const INADDR_UNSPEC_GROUP = 0xe000_0000;
/** 224.0.0.1: all hosts on the link. Every host is a member. */
export const INADDR_ALLHOSTS_GROUP = 0xe000_0001;
/** 224.0.0.2: all routers on the link. */
export const INADDR_ALLRTRS_GROUP = 0xe000_0002;
/** 224.0.0.255: the last group that no router forwards. */
export const INADDR_MAX_LOCAL_GROUP = 0xe000_00ff;
/** Characters of a dotted quad, with C's end of a string. */
export const INET_ADDRSTRLEN = 16;
/** Characters of an IPv6 address as text, with C's end of a string. */
export const INET6_ADDRSTRLEN = 46;
/** Ports below need CAP_NET_BIND_SERVICE (else EACCES). */
export const IPPORT_RESERVED = 1024;
/** Where 4.3BSD began to give ports to servers. */
export const IPPORT_USERRESERVED = 5000;

/** The largest backlog; a larger one is cut down to it, as Linux's net.core.somaxconn does. */
export const SOMAXCONN = 4096;

// flags of send and receive
export { MSG_MORE, MSG_OOB, MSG_PEEK, MSG_TRUNC } from "../base/message-flags.ts";
/** Sends to directly connected hosts only, through no gateway. */
export const MSG_DONTROUTE = 0x4;
/** The peer is known to be there: without effect, for no neighbour is asked for here. */
export const MSG_CONFIRM = 0x800;
/** Descriptors that come with SCM_RIGHTS get FD_CLOEXEC. */
export const MSG_CMSG_CLOEXEC = 0x4000_0000;
/** Told by `recvmsg`: there was no room for all control messages. */
export const MSG_CTRUNC = 0x8;
/** This call does not wait: EWOULDBLOCK. */
export const MSG_DONTWAIT = 0x40;
/** The end of a record: `recvmsg` tells it of SOCK_SEQPACKET. */
export const MSG_EOR = 0x80;
/** Waits until the buffer is full, or the stream has ended. */
export const MSG_WAITALL = 0x100;
/** Reads an error of the queue that IP_RECVERR keeps, with the datagram it is about. */
export const MSG_ERRQUEUE = 0x2000;
/** No SIGPIPE: there are no signals, so that it is always so. */
export const MSG_NOSIGNAL = 0x4000;

// how to shut down
/** Nothing more is received. */
export const SHUT_RD = 0;
/** Nothing more is sent: the peer reads the end of the stream. */
export const SHUT_WR = 1;
/** Both. */
export const SHUT_RDWR = 2;

// a time-out of poll
/** For ever. */
export const INFTIM = -1;

// commands and flags of fcntl
/** A duplicate with the lowest free number from the argument on. */
export const F_DUPFD = 0;
/** Gives FD_CLOEXEC or 0. */
export const F_GETFD = 1;
/** Sets FD_CLOEXEC. */
export const F_SETFD = 2;
/** Closed by exec: kept and given back, for there is no exec here. */
export const FD_CLOEXEC = 1;
/** F_DUPFD, and FD_CLOEXEC for the duplicate. */
export const F_DUPFD_CLOEXEC = 1030;
/** Gives O_RDWR, and O_NONBLOCK if it is on. */
export const F_GETFL = 3;
/** Sets or clears O_NONBLOCK; other flags are not looked at. */
export const F_SETFL = 4;
/** May be read and written, as every socket. */
export const O_RDWR = 2;
/** Calls do not wait: EWOULDBLOCK, EINPROGRESS. */
export const O_NONBLOCK = 0o4000;
/** FD_CLOEXEC, for `dup3`. */
export const O_CLOEXEC = SOCK_CLOEXEC;
/** The bound of descriptors, for `getrlimit` and `setrlimit`. */
export const RLIMIT_NOFILE = 7;

// requests of ioctl
/** Bytes to be read; of datagrams the first one's. */
export const FIONREAD = 0x541b;
/** Sets or clears O_NONBLOCK. */
export const FIONBIO = 0x5421;
export const SIOCINQ = FIONREAD;
/** Bytes sent that the peer has not acknowledged or taken. */
export const SIOCOUTQ = 0x5411;
/** Whether the next byte is the urgent one, or follows it. */
export const SIOCATMARK = 0x8905;
/** An interface's name, by its index from 1. */
export const SIOCGIFNAME = 0x8910;
/** Every interface with its address. */
export const SIOCGIFCONF = 0x8912;
/** An interface's IFF_ flags. */
export const SIOCGIFFLAGS = 0x8913;
/** An interface's address. */
export const SIOCGIFADDR = 0x8915;
/** An interface's broadcast address. */
export const SIOCGIFBRDADDR = 0x8919;
/** An interface's netmask. */
export const SIOCGIFNETMASK = 0x891b;
/** An interface's MTU, bytes. */
export const SIOCGIFMTU = 0x8921;
/** An interface's index, from 1. */
export const SIOCGIFINDEX = 0x8933;
/** A neighbour's link-layer address, where links have such: Ethernet. */
export const SIOCGARP = 0x8954;

// flags of an interface
/** It is up. */
export const IFF_UP = 0x1;
/** It has a broadcast address. */
export const IFF_BROADCAST = 0x2;
/** It is `lo`. */
export const IFF_LOOPBACK = 0x8;
/** It has no broadcast address: a prefix of 31 or 32 bits. */
export const IFF_POINTOPOINT = 0x10;
/** It can carry packets. */
export const IFF_RUNNING = 0x40;
/** It carries multicasts. */
export const IFF_MULTICAST = 0x1000;

// commands and events of epoll
/** FD_CLOEXEC for the epoll descriptor. */
export const EPOLL_CLOEXEC = SOCK_CLOEXEC;
/** Watches a descriptor. */
export const EPOLL_CTL_ADD = 1;
/** Watches it no more. */
export const EPOLL_CTL_DEL = 2;
/** Changes what it is watched for; arms it again after EPOLLONESHOT. */
export const EPOLL_CTL_MOD = 3;
/** As POLLIN. */
export const EPOLLIN = 0x001;
/** As POLLPRI. */
export const EPOLLPRI = 0x002;
/** As POLLOUT. */
export const EPOLLOUT = 0x004;
/** As POLLERR; always told. */
export const EPOLLERR = 0x008;
/** As POLLHUP; always told. */
export const EPOLLHUP = 0x010;
/** As POLLRDNORM. */
export const EPOLLRDNORM = 0x040;
/** As POLLRDBAND: never told. */
export const EPOLLRDBAND = 0x080;
/** As POLLWRNORM. */
export const EPOLLWRNORM = 0x100;
/** As POLLWRBAND. */
export const EPOLLWRBAND = 0x200;
/** Never told, as by Linux. */
export const EPOLLMSG = 0x400;
/** As POLLRDHUP. */
export const EPOLLRDHUP = 0x2000;
/** Of several epolls that watch one socket not all are woken. */
export const EPOLLEXCLUSIVE = 0x1000_0000;
/** Taken and without effect: nothing sleeps here. */
export const EPOLLWAKEUP = 0x2000_0000;
/** Tells once, then is silent until EPOLL_CTL_MOD. */
export const EPOLLONESHOT = 0x4000_0000;
/** Tells what is new, not what is still so: edges. */
export const EPOLLET = 0x8000_0000;

// control messages of level SOL_SOCKET
/** Descriptors that go from one program to another (AF_UNIX): an array of integers. */
export const SCM_RIGHTS = 1;
/** Who the sender is (AF_UNIX): { pid, uid, gid }. */
export const SCM_CREDENTIALS = 2;
export const SCM_TIMESTAMP = SO_TIMESTAMP;
export const TCP_CM_INQ = TCP_INQ;
/** The most descriptors that one message carries. */
export const SCM_MAX_FD = 253;

// values of IP_MTU_DISCOVER
export {
  IP_PMTUDISC_DO,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_INTERFACE,
  IP_PMTUDISC_OMIT,
  IP_PMTUDISC_PROBE,
  IP_PMTUDISC_WANT,
} from "../base/mtu-discovery.ts";

// values of IP_TOS, RFC 1349; RFC 2474 has another use for these bits
/** Little delay. */
export const IPTOS_LOWDELAY = 0x10;
/** High throughput. */
export const IPTOS_THROUGHPUT = 0x08;
/** High reliability. */
export const IPTOS_RELIABILITY = 0x04;
/** Low cost. */
export const IPTOS_LOWCOST = 0x02;
export const IPTOS_MINCOST = IPTOS_LOWCOST;

// defaults and bounds of multicast
/** Default of IP_MULTICAST_TTL. */
export const IP_DEFAULT_MULTICAST_TTL = 1;
/** Default of IP_MULTICAST_LOOP. */
export const IP_DEFAULT_MULTICAST_LOOP = 1;
/** Groups that a socket may join (else ENOBUFS). */
export const IP_MAX_MEMBERSHIPS = 20;

// where an entry of the error queue came from
/** From nowhere. */
export const SO_EE_ORIGIN_NONE = 0;
/** From this host: EMSGSIZE. */
export const SO_EE_ORIGIN_LOCAL = 1;
/** From an ICMP message. */
export const SO_EE_ORIGIN_ICMP = 2;

// what AF_PACKET tells of a packet
/** For this host. */
export const PACKET_HOST = 0;
/** A broadcast of the link. */
export const PACKET_BROADCAST = 1;
/** A multicast of the link. */
export const PACKET_MULTICAST = 2;
/** For another host. */
export const PACKET_OTHERHOST = 3;
/** Sent by this host. */
export const PACKET_OUTGOING = 4;
/** IPv4. */
export const ETH_P_IP = 0x0800;
/** ARP: no link here carries it. */
export const ETH_P_ARP = 0x0806;
/** Every protocol. */
export const ETH_P_ALL = 0x0003;
/** A link that carries datagrams without a header of its own, as a TUN device and a simulated wire do. */
export const ARPHRD_NONE = 0xfffe;
/** `lo`. */
export const ARPHRD_LOOPBACK = 772;
