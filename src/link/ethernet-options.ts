import { DEFAULT_NEIGHBOR_OPTIONS, type NeighborOptions } from "./neighbor.ts";

export interface EthernetOptions extends Partial<NeighborOptions> {
  /** The largest datagram, bytes, 68 to 65535. Default: what the port says, else 1500. */
  mtu?: number;
  /** Probe for our address before it is used (RFC 5227 §2.1): for 4 to 7 seconds nothing can be sent. Default false, as Linux. */
  probe?: boolean;
}

const DEFAULTS: Readonly<Required<EthernetOptions>> = {
  ...DEFAULT_NEIGHBOR_OPTIONS,
  mtu: 1500, // RFC 894
  probe: false,
};

/** Least and most of each number. */
const LIMITS: Readonly<Record<keyof Omit<Required<EthernetOptions>, "probe">, readonly [number, number]>> = {
  mtu: [68, 65_535],
  reachableMillis: [1, 1e9],
  delayMillis: [0, 1e9],
  retransMillis: [1, 1e9],
  broadcastSolicitations: [1, 255],
  unicastSolicitations: [0, 255],
  lockMillis: [0, 1e9],
  maxNeighbors: [1, 65_536],
  queueBytes: [2048, 1 << 30],
};

/** The options with defaults for those not given; `mtu`: the port's. TypeError and RangeError say what is wrong. */
export function checkEthernetOptions(
  options: EthernetOptions,
  mtu = DEFAULTS.mtu,
): Required<EthernetOptions> {
  const checked: Record<string, number | boolean> = { ...DEFAULTS, mtu };
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      throw new RangeError(`there is no option ${name}; there are: ${Object.keys(DEFAULTS).join(", ")}`);
    }
    if (value === undefined) continue;
    checkOption(name, value);
    checked[name] = value;
  }
  return checked as unknown as Required<EthernetOptions>;
}

function checkOption(name: string, value: unknown): void {
  if (name === "probe") {
    if (typeof value !== "boolean") throw new TypeError(`${name} is true or false, not ${String(value)}`);
    return;
  }
  const [least, most] = LIMITS[name as keyof typeof LIMITS];
  if (typeof value !== "number") throw new TypeError(`${name} is a number, not ${String(value)}`);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} is an integer from ${least} to ${most}, not ${value}`);
  }
}
