import type { CongestionControl } from "./congestion.ts";
import { Reno } from "./reno.ts";

type Maker = (segmentSize: number, initialSegments: number) => CongestionControl;

/** The algorithms by the names that TCP_CONGESTION takes. */
const MAKERS: Readonly<Record<string, Maker>> = {
  reno: (segmentSize, initialSegments) => new Reno(segmentSize, initialSegments),
};

export const CONGESTION_NAMES: readonly string[] = Object.keys(MAKERS);

/** @param name one of {@link CONGESTION_NAMES}: the caller has checked it */
export function createCongestion(
  name: string,
  segmentSize: number,
  initialSegments: number,
): CongestionControl {
  return (MAKERS[name] as Maker)(segmentSize, initialSegments);
}
