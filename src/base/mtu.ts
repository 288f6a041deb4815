/** The least MTU there is, bytes: every link carries datagrams of this size whole (RFC 791 §3.2). */
export const MIN_MTU = 68;
