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
export { type LadderOptions, ladder } from "./ladder.ts";
export type { DropReason, Way, WireObserver } from "./observer.ts";
export {
  type CaptureDirection,
  type CapturedPacket,
  type CaptureFile,
  type CaptureScan,
  readPcapng,
  scanPcapng,
  writePcapng,
} from "./pcapng.ts";
export { Printer, printCapture } from "./print.ts";
export { Probe, type ProbeOptions, type ProbeSample } from "./probe.ts";
export {
  type GapEvent,
  type PacketEvent,
  Recorder,
  type RecorderOptions,
  type StateEvent,
  type TraceEvent,
  type WatchedHost,
} from "./recorder.ts";
