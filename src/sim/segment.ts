/** What reaches each other without a router: the two ends of a wire, or all that is plugged into switches that are joined. */
import type { Host } from "../host/host.ts";
import type { Interface } from "../ip/interface.ts";
import type { Switch } from "../link/switch.ts";

/** A host's place on a segment. */
export interface Attachment {
  readonly host: Host;
  readonly by: Interface;
  /** The switch it is plugged into, and the number of the port there; undefined on a wire between two hosts. */
  readonly plug: { readonly into: Switch; readonly port: number } | undefined;
}

export class Segment {
  /** None: it is a wire between two hosts. */
  readonly switches = new Set<Switch>();
  /** In the order of plugging in. */
  readonly attachments: Attachment[] = [];

  get isWire(): boolean {
    return this.switches.size === 0;
  }

  attachmentOf(host: Host): Attachment | undefined {
    return this.attachments.find((each) => each.host === host);
  }

  /** Takes over what is on `other`. */
  merge(other: Segment): void {
    for (const each of other.switches) this.switches.add(each);
    this.attachments.push(...other.attachments);
  }
}
