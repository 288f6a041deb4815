/** What can be seen of a network: captures, printed lines, ladders, time series. */
export { Capture, type CaptureOptions } from "./capture.ts";
export {
  dissect,
  type IcmpPacket,
  type OtherPacket,
  type ParsedPacket,
  type TcpPacket,
  type UdpFields,
  type UdpPacket,
} from "./dissect.ts";
export type { IcmpFields } from "./dissect-icmp.ts";
export { type TcpFields, type TcpFlag, TcpFlags, type TcpOption } from "./dissect-tcp.ts";
export type { DropReason, Way, WireObserver } from "./observer.ts";
export {
  type CaptureDirection,
  type CapturedPacket,
  type CaptureFile,
  readPcapng,
  writePcapng,
} from "./pcapng.ts";
