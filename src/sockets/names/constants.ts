/** The numbers of <netdb.h> as glibc has them on Linux. */

// flags of getaddrinfo
/** Without a host: the address to listen at, 0.0.0.0. */
export const AI_PASSIVE = 0x1;
/** Tells the canonical name too. */
export const AI_CANONNAME = 0x2;
/** The host is an address: nobody is asked. */
export const AI_NUMERICHOST = 0x4;
/** Without addresses of IPv6 to map to: asking for AF_INET6 is EAI_FAMILY. */
export const AI_V4MAPPED = 0x8;
/** Without effect: there is no IPv6. */
export const AI_ALL = 0x10;
/** Only families of which the host has an address. */
export const AI_ADDRCONFIG = 0x20;
/** Without effect. */
export const AI_IDN = 0x40;
/** Without effect. */
export const AI_CANONIDN = 0x80;
/** Without effect. */
export const AI_IDN_ALLOW_UNASSIGNED = 0x100;
/** Without effect. */
export const AI_IDN_USE_STD3_ASCII_RULES = 0x200;
/** The service is a number. */
export const AI_NUMERICSERV = 0x400;

// errors of getaddrinfo and getnameinfo
/** Flags that there are not, or AI_CANONNAME without a host. */
export const EAI_BADFLAGS = -1;
/** Nobody knows the host; neither host nor service was given. */
export const EAI_NONAME = -2;
/** No server has answered, or none that could tell; a later try may find it. */
export const EAI_AGAIN = -3;
/** No resolver here gives it; one of the user's may. */
export const EAI_FAIL = -4;
/** There is such a name, but no address of IPv4 for it. */
export const EAI_NODATA = -5;
/** No such family; IPv6, which there is none of. */
export const EAI_FAMILY = -6;
/** No such type, or not with this protocol. */
export const EAI_SOCKTYPE = -7;
/** The type has no such service. */
export const EAI_SERVICE = -8;
/** The host has no address of this family. */
export const EAI_ADDRFAMILY = -9;
/** Not given here. */
export const EAI_MEMORY = -10;
/** Not given here. */
export const EAI_SYSTEM = -11;
/** Not given here. */
export const EAI_OVERFLOW = -12;
/** Not given here. */
export const EAI_INPROGRESS = -100;
/** Not given here. */
export const EAI_CANCELED = -101;
/** Not given here. */
export const EAI_NOTCANCELED = -102;
/** Not given here. */
export const EAI_ALLDONE = -103;
/** Not given here. */
export const EAI_INTR = -104;
/** Not given here. */
export const EAI_IDN_ENCODE = -105;

// flags of getnameinfo, and the sizes of C's buffers
/** The address as it is. */
export const NI_NUMERICHOST = 1;
/** The port as it is. */
export const NI_NUMERICSERV = 2;
/** Without the domain, of hosts of the own one. */
export const NI_NOFQDN = 4;
/** EAI_NONAME instead of the bare address. */
export const NI_NAMEREQD = 8;
/** The service is one of UDP. */
export const NI_DGRAM = 16;
/** Without effect. */
export const NI_IDN = 32;
/** Without effect. */
export const NI_IDN_ALLOW_UNASSIGNED = 64;
/** Without effect. */
export const NI_IDN_USE_STD3_ASCII_RULES = 128;
/** Bytes that C's buffer for a host has. */
export const NI_MAXHOST = 1025;
/** Bytes that C's buffer for a service has. */
export const NI_MAXSERV = 32;

// h_errno
/** Nobody knows the host. */
export const HOST_NOT_FOUND = 1;
/** As EAI_AGAIN. */
export const TRY_AGAIN = 2;
/** As EAI_FAIL. */
export const NO_RECOVERY = 3;
/** As EAI_NODATA. */
export const NO_DATA = 4;
export const NO_ADDRESS = NO_DATA;

/** The longest name of a host, bytes (Linux's __NEW_UTS_LEN). */
export const HOST_NAME_MAX = 64;
