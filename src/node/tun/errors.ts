/** What goes wrong with a TUN device, and what to do about it. */
import { errorName } from "../../sockets/error.ts";

export const DEVICE = "/dev/net/tun";

/** EBADFD: what a TUN descriptor answers when its device has been deleted. Node has no name for it. */
export const DEVICE_DELETED = -77;

/** A failed call on a TUN device. `message` says what happened and what to do. */
export class TunError extends Error {
  /** `"EPERM"`. */
  readonly code: string;
  /** Linux's number, negative as in Node: -1. */
  readonly errno: number;
  /** What failed: "open", "TUNSETIFF", "helper", "read", "write", or another ioctl. */
  readonly syscall: string;
  /** What happened, without what to do: "nw0 is already attached by another process". */
  readonly reason: string;
  /** What to do: a whole clause. "" where nothing can be advised. */
  readonly advice: string;

  /** `errno` may have either sign. */
  constructor(errno: number, syscall: string, reason: string, advice = "") {
    super(advice === "" ? reason : `${reason}: ${advice}`);
    this.name = "TunError";
    this.errno = -Math.abs(errno);
    this.code = errorName(errno);
    this.syscall = syscall;
    this.reason = reason;
    this.advice = advice;
  }
}

/** Who may use the device file: what `stat` says of it. */
export interface Rights {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

const EPERM = 1;
const ENOENT = 2;
const EIO = 5;
const ENXIO = 6;
const EACCES = 13;
const EBUSY = 16;
const ENODEV = 19;
const EINVAL = 22;

/** /dev/net/tun could not be opened. */
export function openError(errno: number, rights?: Rights): TunError {
  switch (Math.abs(errno)) {
    case ENOENT:
      return openFailed(ENOENT, `${DEVICE} does not exist`, LOAD_MODULE);
    case ENXIO:
    case ENODEV:
      return openFailed(errno, `${DEVICE} has no driver`, LOAD_MODULE);
    case EPERM:
      return openFailed(EPERM, `${DEVICE} may not be opened here`, LOAD_MODULE);
    case EACCES:
      return openFailed(
        EACCES,
        `no permission on ${DEVICE}${rights === undefined ? "" : ` (${describe(rights)})`}`,
        "run as root or give the user access",
      );
    default:
      return openFailed(errno, `${DEVICE} cannot be opened (${errorName(errno)})`);
  }
}

const LOAD_MODULE = "load the tun module; in a container pass `--device /dev/net/tun`";

function openFailed(errno: number, reason: string, advice = ""): TunError {
  return new TunError(errno, "open", reason, advice);
}

function describe({ mode, uid, gid }: Rights): string {
  return `mode ${(mode & 0o7777).toString(8).padStart(4, "0")}, owner ${uid}:${gid}`;
}

/** What stands at /dev/net/tun is something else. */
export function notADevice(): TunError {
  return new TunError(
    ENODEV,
    "open",
    `${DEVICE} is no character device`,
    `make it: mknod ${DEVICE} c 10 200`,
  );
}

/** TUNSETIFF refused `name`. */
export function attachError(errno: number, name: string): TunError {
  const failed = (reason: string, advice = "") => new TunError(errno, "TUNSETIFF", reason, advice);
  switch (Math.abs(errno)) {
    case EPERM:
      return failed(
        name.includes("%d") ? "no right to make a device" : `no right to attach to ${name}`,
        `needs CAP_NET_ADMIN, or a device prepared with \`ip tuntap add dev ${deviceName(name)} mode tun user USER\`, or \`unshare -Urn\``,
      );
    case EBUSY:
      return failed(`${name} is already attached by another process`, "end it or choose another name");
    case EINVAL:
      return failed(`${name} is no TUN device, or the name is invalid, or its multi-queue setting differs`);
    default:
      return failed(`cannot attach to ${name} (${errorName(errno)})`);
  }
}

/** "nw%d" asks for the first free number; a prepared device has one. */
function deviceName(name: string): string {
  return name.replace("%d", "0");
}

/** Nobody is there who can call `ioctl`. */
export function noHelper(): TunError {
  return new TunError(
    ENOENT,
    "helper",
    "neither perl nor python3 nor koffi was found",
    "install one of them: `apt-get install perl-base`, or `npm install koffi`",
  );
}

/** The ioctl called `syscall` refused to set `name` up as `command` would. */
export function configureError(errno: number, syscall: string, name: string, command: string): TunError {
  const reason = `cannot set up ${name} (${syscall}: ${errorName(errno)})`;
  const right =
    Math.abs(errno) === EPERM ? "needs CAP_NET_ADMIN; leave it out here and have root do it" : "try";
  return new TunError(errno, syscall, reason, `${right}: \`${command}\``);
}

/** Reading from or writing to `name` failed. */
export function transferError(errno: number, syscall: "read" | "write", name: string): TunError {
  const failed = (reason: string, advice = "") => new TunError(errno, syscall, reason, advice);
  switch (-Math.abs(errno)) {
    case -EIO:
      return failed("the interface is down", `\`ip link set ${name} up\``);
    case DEVICE_DELETED:
      return failed(`${name} has been deleted`, "close the link and open a new one");
    default:
      return failed(`${syscall} on ${name} failed (${errorName(errno)})`);
  }
}

/** The errno of what Node threw; 0 where it says none. */
export function errnoOf(error: unknown): number {
  const errno = (error as { errno?: unknown } | undefined)?.errno;
  return typeof errno === "number" ? errno : 0;
}
