/**
 * TCP as its user sees it: the calls of RFC 9293 §3.9.1 on transmission control blocks. All are synchronous, none
 * blocks, none throws for what the network does: they return ≥ 0 or a negative errno.
 */
export { abort } from "./abort.ts";
export { bind, inheritBinding } from "./bind.ts";
export { close, shutdown } from "./close.ts";
export { DEFAULT_TCP_CONFIG, type TcpConfig } from "./config.ts";
export { CONGESTION_NAMES } from "./congestion/index.ts";
export { TcpCounters } from "./counters.ts";
export { quickAck, setQuickAck } from "./delayed-ack.ts";
export { disconnect } from "./disconnect.ts";
export { loseAddress } from "./lose-address.ts";
export { setCork, setNoDelay } from "./nagle.ts";
export { accept, listen, open } from "./open.ts";
export { inputHint, inputQueue, outputQueue, unsentQueue } from "./queue-lengths.ts";
export { readiness, takeError } from "./readiness.ts";
export { atMark, readableBytes, receive } from "./receive.ts";
export { setReceiveLowWater, setWindowClamp } from "./receive-limits.ts";
export { send } from "./send.ts";
export { Settings } from "./settings.ts";
export { settingsChanged } from "./settings-changed.ts";
export { info, pathMtu, type TcpInfo } from "./status.ts";
export type { Tcb } from "./tcb.ts";
export { Tcp, type TcpEnvironment, type TcpObserver } from "./tcp.ts";
