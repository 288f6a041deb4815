/** What a client says to servers (RFC 2131 §4.3, table 4; §4.4, table 5). */
import type { Host } from "../../host/host.ts";
import type { DhcpOptions } from "./client-options.ts";
import {
  BOOTREPLY,
  BOOTREQUEST,
  DHCPDECLINE,
  DHCPRELEASE,
  type DhcpMessage,
  writeDhcpMessage,
} from "./message.ts";
import {
  CLASSLESS_ROUTES,
  CLIENT_IDENTIFIER,
  DOMAIN_NAME,
  DOMAIN_NAME_SERVER,
  DOMAIN_SEARCH,
  HOST_NAME,
  INTERFACE_MTU,
  LEASE_TIME,
  MAXIMUM_MESSAGE_SIZE,
  NTP_SERVERS,
  Options,
  PARAMETER_REQUEST_LIST,
  REBINDING_TIME,
  RENEWAL_TIME,
  REQUESTED_ADDRESS,
  ROUTER,
  SERVER_IDENTIFIER,
  SUBNET_MASK,
  VENDOR_CLASS,
} from "./options.ts";

/** RFC 3442: the classless routes stand before the routers. */
const WANTED = Uint8Array.of(
  SUBNET_MASK,
  CLASSLESS_ROUTES,
  ROUTER,
  DOMAIN_NAME_SERVER,
  HOST_NAME,
  DOMAIN_NAME,
  INTERFACE_MTU,
  NTP_SERVERS,
  LEASE_TIME,
  RENEWAL_TIME,
  REBINDING_TIME,
  DOMAIN_SEARCH,
);

/** What every client must be able to take (RFC 2131 §2), and what fits an Ethernet frame. */
const LEAST_MESSAGE_SIZE = 576;
const MOST_MESSAGE_SIZE = 1500;
const OPAQUE = 0;

/** What one message says beside who we are; addresses are int32s. */
export interface RequestFields {
  readonly type: number;
  readonly xid: number;
  readonly secs: number;
  /** The address that we use, in RENEWING, REBINDING and a RELEASE. */
  readonly clientAddress?: number;
  /** The address that we want. */
  readonly requested?: number | undefined;
  /** Whom we mean. */
  readonly serverId?: number | undefined;
}

export class Requests {
  /** As in the messages: 0 and empty where the link has none. */
  readonly hardwareType: number;
  readonly hardwareAddress: Uint8Array;
  readonly clientId: Uint8Array;
  private readonly host: Host;
  private readonly options: DhcpOptions;
  private readonly messageSize: number;

  constructor(
    host: Host,
    by: { link: { hardwareType?: number; hardwareAddress?: Uint8Array }; mtu: number },
    options: DhcpOptions,
  ) {
    this.host = host;
    this.options = options;
    const { hardwareType = 0, hardwareAddress = new Uint8Array(0) } = by.link;
    this.hardwareAddress = hardwareAddress;
    this.hardwareType = hardwareAddress.length === 0 ? 0 : hardwareType;
    this.clientId = options.clientId ?? this.defaultId();
    this.messageSize = Math.max(LEAST_MESSAGE_SIZE, Math.min(by.mtu, MOST_MESSAGE_SIZE));
  }

  write({ type, xid, secs, clientAddress = 0, requested, serverId }: RequestFields): Uint8Array {
    const options = new Options().set(CLIENT_IDENTIFIER, this.clientId);
    if (requested !== undefined) options.setUint32(REQUESTED_ADDRESS, requested);
    if (serverId !== undefined) options.setUint32(SERVER_IDENTIFIER, serverId);
    if (type !== DHCPDECLINE && type !== DHCPRELEASE) this.describe(options); // table 5: MUST NOT there
    return writeDhcpMessage({
      op: BOOTREQUEST,
      hardwareType: this.hardwareType,
      hardwareAddress: this.hardwareAddress,
      xid,
      secs,
      // A packet socket hears what is sent to us alone, too. Without a hardware address nobody can (RFC 4390 §2.1).
      broadcast: this.hardwareAddress.length === 0 && clientAddress === 0,
      clientAddress,
      yourAddress: 0,
      type,
      options,
    });
  }

  /** Whether `message` is a server's, of the transaction `xid`, and for this client. */
  isAnswered({ op, xid, hardwareAddress, options }: DhcpMessage, asked: number): boolean {
    if (op !== BOOTREPLY || xid !== asked) return false;
    const echo = options.get(CLIENT_IDENTIFIER);
    if (echo !== undefined && !equal(echo, this.clientId)) return false; // RFC 6842 §3, MUST
    return this.hardwareAddress.length === 0 || equal(hardwareAddress, this.hardwareAddress);
  }

  private describe(options: Options): void {
    const { hostName = this.host.gethostname(), vendorClass = "" } = this.options;
    options.setUint16(MAXIMUM_MESSAGE_SIZE, this.messageSize);
    if (hostName !== "") options.setText(HOST_NAME, hostName);
    if (vendorClass !== "") options.setText(VENDOR_CLASS, vendorClass);
    options.set(PARAMETER_REQUEST_LIST, WANTED);
  }

  private defaultId(): Uint8Array {
    const { hardwareAddress, hardwareType } = this;
    if (hardwareAddress.length > 0) return Uint8Array.of(hardwareType, ...hardwareAddress);
    const id = new Uint8Array(9);
    this.host.random.fill(id);
    id[0] = OPAQUE;
    return id;
  }
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
