/** The list of domains to search (RFC 3397): names in DNS's wire format, which may point back into the list. */

/** Bounds of what is believed: characters of a name, names, and pointers on the way through one. */
const LONGEST_NAME = 253;
const MOST_DOMAINS = 32;
const MOST_POINTERS = 32;

/** The domains in `bytes`; those before the first that is malformed. */
export function parseDomainSearch(bytes: Uint8Array): string[] {
  const domains: string[] = [];
  let at = 0;
  while (at < bytes.length && domains.length < MOST_DOMAINS) {
    const found = readName(bytes, at);
    if (found === undefined) break;
    if (found.name !== "") domains.push(found.name);
    at = found.next;
  }
  return domains;
}

/** The name at `start` and where the next one begins. */
function readName(bytes: Uint8Array, start: number): { name: string; next: number } | undefined {
  const labels: string[] = [];
  let next = -1; // behind the first pointer, where there is one
  let pointers = 0;
  let length = 0;
  let at = start;
  for (;;) {
    const head = bytes[at];
    if (head === undefined) return undefined;
    if (head === 0) break;
    if (head >= 0xc0) {
      const low = bytes[at + 1];
      if (low === undefined || ++pointers > MOST_POINTERS) return undefined;
      const target = ((head & 0x3f) << 8) | low;
      if (target >= at) return undefined; // RFC 1035 §4.1.4: a prior occurrence, so it ends some time
      if (next < 0) next = at + 2;
      at = target;
      continue;
    }
    const end = at + 1 + head;
    if (head > 63 || end > bytes.length) return undefined;
    const label = String.fromCharCode(...bytes.subarray(at + 1, end));
    length += label.length + 1;
    if (length > LONGEST_NAME + 1 || !/^[A-Za-z0-9_-]+$/.test(label)) return undefined;
    labels.push(label);
    at = end;
  }
  return { name: labels.join("."), next: next < 0 ? at + 1 : next };
}
