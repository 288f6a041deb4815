/** How this machine's programs reach a service of the stack: by its address, or behind passt by a port that is forwarded. */
import type { LinkPlace } from "./link-options.ts";

/** What to try; `port`: of the service, undefined where there is none but ping; `isHttp`: a document is at "/". */
export function wayIn(place: LinkPlace, address: string, port: number | undefined, isHttp: boolean): string {
  if (place.kind !== "passt") return isHttp ? `try: curl http://${address}/` : `try: ping ${address}`;
  // the stack has this machine's own address there, and its kernel answers for that
  if (place.socket !== undefined) return "what gets in is what that passt's -t and -u say";
  const outer = port === undefined ? undefined : forwardedFrom(place.forward, port);
  if (outer !== undefined) {
    return isHttp
      ? `try: curl http://127.0.0.1:${outer}/`
      : `this machine's port ${outer} leads to port ${port}`;
  }
  if (place.forward.length > 0) return `what gets in: --forward ${place.forward.join(",")}`;
  return `nothing gets in without --forward${port === undefined ? "" : ` ${8000 + port}:${port}`}`;
}

/** Which port of this machine leads to `port`: "8080:80" and ranges, as passt takes them. */
function forwardedFrom(forward: readonly string[], port: number): number | undefined {
  for (const ports of forward) {
    const [from = "", to = from] = ports.split(":");
    const [first = 0, last = first] = to.split("-").map(Number);
    if (port >= first && port <= last) return Number(from.split("-")[0]) + port - first;
  }
  return undefined;
}
