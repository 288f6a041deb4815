/** RFC 2131, figure 5. "REBOOTING" is there what INIT-REBOOT leads to. */
export type DhcpState =
  | "INIT"
  | "SELECTING"
  | "REQUESTING"
  | "REBOOTING"
  | "BOUND"
  | "RENEWING"
  | "REBINDING";
