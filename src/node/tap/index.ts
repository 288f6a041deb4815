/** TAP devices of this machine's kernel. */
export { openTap, type TapOptions } from "./open-tap.ts";
export { TapPort } from "./tap-port.ts";
