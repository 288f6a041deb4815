/**
 * Options of a received IPv4 header (RFC 791 §3.1). We act on none of them: they stay in the packet, between `networkOffset`
 * and `offset`, for whoever wants to read them (RFC 1122 §3.2.1.8). Here they are only checked.
 */

export const OPTION_END = 0;
export const OPTION_NOP = 1;
export const OPTION_RECORD_ROUTE = 7;
export const OPTION_TIMESTAMP = 68;
export const OPTION_LOOSE_SOURCE_ROUTE = 131;
export const OPTION_STRICT_SOURCE_ROUTE = 137;
/** The bit of an option's type that has it copied into every fragment. */
export const OPTION_COPIED = 0x80;

/** {@link checkOptions} found nothing to object to. */
export const OPTIONS_GOOD = -1;
/** {@link checkOptions} found a source route. */
export const OPTIONS_SOURCE_ROUTE = -2;

/**
 * Checks the options from `start` to `end`. Returns {@link OPTIONS_GOOD}, {@link OPTIONS_SOURCE_ROUTE}, or the absolute offset
 * of the byte that is wrong, for the pointer of a Parameter Problem. Every turn of the loop advances by at least one byte.
 */
export function checkOptions(view: DataView, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const type = view.getUint8(at);
    if (type === OPTION_END) return OPTIONS_GOOD; // what follows is padding
    if (type === OPTION_NOP) {
      at++;
      continue;
    }
    if (at + 1 >= end) return at;
    const length = view.getUint8(at + 1); // counts type and length too, so it is at least 2
    if (length < 2 || at + length > end) return at + 1;
    if (type === OPTION_LOOSE_SOURCE_ROUTE || type === OPTION_STRICT_SOURCE_ROUTE)
      return OPTIONS_SOURCE_ROUTE;
    // A pointer past the end only says that the option is full; one before the data is an error.
    if (type === OPTION_RECORD_ROUTE && (length < 3 || view.getUint8(at + 2) < 4)) return at + 2;
    if (type === OPTION_TIMESTAMP && (length < 4 || view.getUint8(at + 2) < 5)) return at + 2;
    at += length; // an unknown one, the obsolete Stream ID among them, is ignored (RFC 1122 §3.2.1.8, MUST)
  }
  return OPTIONS_GOOD;
}
