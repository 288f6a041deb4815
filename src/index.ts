/** netwright: a TCP/IP stack in pure TypeScript. This is the face that runs anywhere: browsers, Node, Deno, Bun. */
export { Clock, VirtualClock } from "./base/clock.ts";
/** Linux's error numbers, positive: `error.errno === -errno.EINPROGRESS`, or simply `error.code === "EINPROGRESS"`. */
export * as errno from "./base/errno.ts";
export { Random } from "./base/random.ts";
export { RealClock } from "./base/real-clock.ts";
export { Host } from "./host/host.ts";
export type { Netstat, NetstatRow } from "./host/netstat.ts";
export type { HostOptions } from "./host/options.ts";
export type { Resolve, ResolverOptions, Reverse } from "./host/resolver.ts";
export type { ConnectionOptions, ServerOptions } from "./host/socket-module.ts";
export type { IpConfig } from "./ip/config.ts";
export type { RouteOptions } from "./ip/route.ts";
export type { ClaimState } from "./link/address-claim.ts";
export type { EthernetCounters } from "./link/ethernet-counters.ts";
export { type EthernetEnvironment, EthernetLink, type NeighborEntry } from "./link/ethernet-link.ts";
export type { EthernetOptions } from "./link/ethernet-options.ts";
export type { FramePort, FrameReceiver } from "./link/frame-port.ts";
export { parseHardwareAddress, randomHardwareAddress } from "./link/hardware-address.ts";
export type { Link, LinkFeatures, LinkReceiver } from "./link/link.ts";
export type { NeighborCounters, NeighborOptions, NeighborState } from "./link/neighbor.ts";
export { Switch, type SwitchCounters } from "./link/switch.ts";
export { Packet } from "./packet/packet.ts";
export { packetPool } from "./packet/pool.ts";
export { serveChargen } from "./services/chargen.ts";
export {
  type ConfigureOptions,
  DhcpClient,
  type DhcpOptions,
  type DhcpState,
  type Lease,
  type LeaseRoute,
} from "./services/dhcp/index.ts";
export { serveDiscard } from "./services/discard.ts";
export {
  type DnsCodec,
  type DnsCounters,
  type DnsMessage,
  type DnsQuery,
  type DnsRecord,
  type DnsType,
  StubResolver,
  type StubResolverOptions,
} from "./services/dns/index.ts";
export { serveEcho } from "./services/echo.ts";
export {
  type Damage,
  type Ping,
  type PingError,
  type PingEvent,
  type PingOptions,
  type PingReply,
  type PingStatistics,
  ping,
} from "./services/ping/ping.ts";
export type { SmallService, SmallServiceCounters, SmallServiceOptions } from "./services/small-service.ts";
export {
  type EndResults,
  type IntervalReport,
  type StreamReport,
  serveThroughput,
  ThroughputError,
  type ThroughputOptions,
  type ThroughputResult,
  type ThroughputServerOptions,
  type ThroughputSettings,
  throughput,
} from "./services/throughput.ts";
export {
  type Hop,
  type HopReply,
  type TracerouteOptions,
  traceroute,
} from "./services/traceroute/traceroute.ts";
export { DeadlockError } from "./sim/deadlock.ts";
export { Network, type NetworkHostOptions, type NetworkOptions } from "./sim/network.ts";
export type { DirectionOptions, WireOptions } from "./sim/options.ts";
export type { Rule } from "./sim/rules.ts";
export type {
  AddressInput,
  AnyAddress,
  InetAddress,
  NoAddress,
  PacketAddress,
  PacketSocketAddress,
  Place,
  SocketAddress,
} from "./sockets/address.ts";
export type { ArpRequest } from "./sockets/arp-request.ts";
export type { Pending } from "./sockets/async.ts";
export type {
  BookControlMessage,
  BookGroupRequest,
  BookInterfaceRequest,
  BookLinger,
  BookTimeval,
} from "./sockets/book-names.ts";
export * from "./sockets/constants.ts";
export { CMSG_LEN, CMSG_SPACE } from "./sockets/control.ts";
export type { ControlData, ControlMessage, PacketInfo, Timeval } from "./sockets/control-data.ts";
export type { SocketCore } from "./sockets/core.ts";
export type { DatagramCore } from "./sockets/datagram.ts";
export type { EpollEvent } from "./sockets/epoll.ts";
export { errorName, perror, SocketError, strerror } from "./sockets/error.ts";
export { GaiError, gai_strerror, HostError, hstrerror } from "./sockets/gai-error.ts";
export {
  htonl,
  htons,
  inet_addr,
  inet_aton,
  inet_ntoa,
  inet_ntop,
  inet_pton,
  ntohl,
  ntohs,
} from "./sockets/inet.ts";
export type { InterfaceAddress, InterfaceIndex, InterfaceRequest } from "./sockets/interface-requests.ts";
export type { Credentials, ExtendedError } from "./sockets/message.ts";
export type { Sendable } from "./sockets/misuse.ts";
export * from "./sockets/names/constants.ts";
export type { HostLine, HostTable } from "./sockets/names/hosts.ts";
export type { AddressInfo, HostInfo } from "./sockets/names/names.ts";
export type { Addrinfo, AddrinfoHints, Hostent, Protoent, Servent } from "./sockets/names/posix-names.ts";
export type { Protocol, ProtocolTable } from "./sockets/names/protocols.ts";
export type { Service, ServiceTable } from "./sockets/names/services.ts";
export type {
  GroupRequest,
  Linger,
  MulticastInterface,
  OptionInput,
  OptionValue,
  OptionValueOf,
  PacketGroupRequest,
} from "./sockets/options/index.ts";
export type {
  AnyControlMessage,
  AnySockaddr,
  BookReceiveMessage,
  BookSendMessage,
  BookSockaddrLl,
  BookSockaddrUn,
  CallOptions,
  Ioctl,
  PollFd,
  Posix,
  ReceiveMessage,
  ResourceLimit,
  SelectResult,
  SelectSets,
  SendMessage,
  Sockaddr,
  SockaddrInput,
  SockaddrLl,
  SockaddrLlInput,
  SockaddrUn,
} from "./sockets/posix/index.ts";
export type { BinaryFile } from "./sockets/python/binary-file.ts";
export type { Waiting } from "./sockets/python/handle.ts";
export type { FileMode, FileOptions } from "./sockets/python/makefile.ts";
export type { Ancillary } from "./sockets/python/messages.ts";
export type { RawFile } from "./sockets/python/raw-file.ts";
export type { Epoller, Poller, Selectable, SelectorEvent } from "./sockets/python/selectors.ts";
export type { TextFile } from "./sockets/python/text-file.ts";
export type { BookSockaddrIn, PlainSockaddrIn, SockaddrIn } from "./sockets/sockaddr.ts";
export { Socket } from "./sockets/socket.ts";
export type { StreamCore } from "./sockets/stream.ts";
export type { TcpConfig } from "./tcp/config.ts";
export type { TcpInfo } from "./tcp/index.ts";
export type { UdpConfig } from "./udp/config.ts";
