/** Readiness of a socket as a mask, with Linux's `poll` bits (asm-generic/poll.h). */
/** There is something to receive or to accept, or the end of the stream. */
export const POLLIN = 0x001;
/** Urgent data has come. */
export const POLLPRI = 0x002;
/** There is room to send; a connect has ended. */
export const POLLOUT = 0x004;
/** An error waits to be told; always told. */
export const POLLERR = 0x008;
/** Both directions have ended; always told. */
export const POLLHUP = 0x010;
/** No such descriptor; always told. */
export const POLLNVAL = 0x020;
/** The peer sends nothing more. */
export const POLLRDHUP = 0x2000;
/** As POLLIN, if it is asked for. */
export const POLLRDNORM = 0x040;
/** Never told, as by Linux: no domain here has a band of priority to read. */
export const POLLRDBAND = 0x080;
/** As POLLOUT, if it is asked for. */
export const POLLWRNORM = 0x100;
/** As POLLOUT, if it is asked for, of everything but TCP. */
export const POLLWRBAND = 0x200;
