/** Flags of send and receive that the transports know, with Linux's numbers (bits/socket.h). */
/** Urgent data: one byte out of band. */
export const MSG_OOB = 0x1;
/** What is received stays to be received again. */
export const MSG_PEEK = 0x2;
/** Sends to directly connected hosts only, through no gateway. */
export const MSG_DONTROUTE = 0x4;
/** To receive: tells a datagram's whole length, and drops a stream's bytes; told by `recvmsg`: it was cut. */
export const MSG_TRUNC = 0x20;
/** This call does not wait: EWOULDBLOCK. */
export const MSG_DONTWAIT = 0x40;
/** Reads an error of the queue that IP_RECVERR keeps. */
export const MSG_ERRQUEUE = 0x2000;
/** More will follow: what does not fill a segment, or a datagram, waits for it. */
export const MSG_MORE = 0x8000;
