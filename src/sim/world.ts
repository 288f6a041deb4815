/** What the driver asks of a network. */
import type { DrivenWorld } from "./driver.ts";
import type { Rules } from "./rules.ts";
import type { Topology } from "./topology.ts";

export class World implements DrivenWorld {
  private readonly topology: Topology;
  private readonly rules: Rules;

  constructor(topology: Topology, rules: Rules) {
    this.topology = topology;
    this.rules = rules;
  }

  get pendingCount(): number {
    let count = 0;
    for (const { host } of this.topology.stations.values()) count += host.pendingCalls.size;
    return count;
  }

  pending(): string[] {
    const lines: string[] = [];
    for (const { host } of this.topology.stations.values()) {
      for (const call of host.pendingCalls) lines.push(`${host.name}: ${call.describe()}`);
    }
    return lines;
  }

  rethrow(): void {
    this.rules.rethrow();
  }
}
