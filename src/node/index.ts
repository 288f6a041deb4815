/** What needs Node: files, the terminal, and this machine's kernel. */
export { type Content, fileContent, seededContent } from "./demo/content.ts";
export { Demo, type DemoOptions, type DemoReport } from "./demo/demo.ts";
export { dnsWire } from "./dns-wire.ts";
export { FrameServer, FrameServerCounters, listenForFrames, type StreamServer } from "./frame-server.ts";
export {
  connectFrames,
  type FrameConnectOptions,
  FrameStream,
  FrameStreamCounters,
  type FrameStreamOptions,
  type FrameStreamPlace,
  type StreamSocket,
} from "./frames.ts";
export { type Passt, type PasstOptions, startPasst } from "./passt.ts";
export { openTap, type TapOptions, TapPort } from "./tap/index.ts";
export { type OnTunError, openTun, TunCounters, TunError, TunLink, type TunOptions } from "./tun/index.ts";
