/**
 * The names of System V for what `poll` tells: POLLRDNORM beside POLLIN, POLLWRNORM and POLLWRBAND beside POLLOUT. A file's
 * readiness has them not; they are put to it where somebody asks for them.
 */
import { POLLIN, POLLOUT, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "../base/readiness.ts";

/** Of what is asked for: the readiness to wait for. `writeBands`: the file's bits that mean POLLOUT. */
export function readinessFor(asked: number, writeBands: number): number {
  let mask = asked;
  if ((asked & POLLRDNORM) !== 0) mask |= POLLIN;
  if ((asked & writeBands) !== 0) mask |= POLLOUT;
  return mask;
}

/** What is told of `readiness` to somebody who asked for `asked`. */
export function toTell(readiness: number, asked: number, writeBands: number): number {
  let told = readiness;
  if ((readiness & POLLIN) !== 0) told |= POLLRDNORM;
  if ((readiness & POLLOUT) !== 0) told |= writeBands;
  return told & asked;
}

/** Files whose POLLOUT is also POLLWRNORM and POLLWRBAND: all but TCP's, as in Linux. */
export const BOTH_WRITE_BANDS = POLLWRNORM | POLLWRBAND;
