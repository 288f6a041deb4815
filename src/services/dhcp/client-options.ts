import { placeAddress } from "../../sockets/address.ts";
import { checkFields, show } from "../../sockets/misuse.ts";

export interface DhcpOptions {
  /** The name to tell the server, as an option of RFC 2132 §3.14. Default: `host.gethostname()`. "": none. */
  hostName?: string;
  /**
   * Who we are to the server, 2 to 255 bytes (RFC 2132 §9.14; RFC 4361 §6.1 has 255, an IAID and a DUID). Default: the type and the
   * address of the link's hardware; where it has none, 0 and eight random bytes.
   */
  clientId?: Uint8Array;
  /** What kind of client we are (RFC 2132 §9.13). Default: not told. */
  vendorClass?: string;
  /** An address that we had before: it is asked for again without a search for servers (INIT-REBOOT). Default: none. */
  previousAddress?: string;
  /** Waits between 0 and so many milliseconds before it begins: RFC 2131 §4.4.1 would have 1000 to 10000. Default 0, as Linux's clients. */
  startDelayMillis?: number;
}

/** How long `configure` may take. */
export interface ConfigureOptions {
  /** Milliseconds, then ETIMEDOUT; the client goes on. Default: for ever. */
  timeout?: number;
  /** Ends the wait with EINTR; the client goes on. */
  signal?: AbortSignal;
}

const OPTIONS = ["hostName", "clientId", "vendorClass", "previousAddress", "startDelayMillis"];
const LONGEST_TEXT = 255;

/** TypeError and RangeError say what is wrong. */
export function checkDhcpOptions(options: DhcpOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `DhcpClient: the options are an object { ${OPTIONS.join(", ")} }, not ${show(options)}`,
    );
  }
  checkFields("DhcpClient", "option", options, OPTIONS);
  const { hostName = "", clientId, vendorClass = "", previousAddress, startDelayMillis = 0 } = options;
  for (const text of [hostName, vendorClass]) {
    if (typeof text !== "string" || text.length > LONGEST_TEXT) {
      throw new TypeError(
        `DhcpClient: hostName and vendorClass are at most 255 characters, not ${show(text)}`,
      );
    }
  }
  if (
    clientId !== undefined &&
    !(clientId instanceof Uint8Array && clientId.length >= 2 && clientId.length <= 255)
  ) {
    throw new TypeError(`DhcpClient: clientId is 2 to 255 bytes, not ${show(clientId)}`);
  }
  if (previousAddress !== undefined) placeAddress("DhcpClient", previousAddress);
  if (!(typeof startDelayMillis === "number" && startDelayMillis >= 0 && startDelayMillis <= 1e6)) {
    throw new RangeError(`DhcpClient: startDelayMillis is 0 to 1000000, not ${show(startDelayMillis)}`);
  }
}
