/** How much of a processor this process takes. */
import type { CpuUse } from "../services/iperf3/results.ts";

/** Percent of the time since the last call, or since now. */
export function cpuMeter(): () => CpuUse {
  let [before, since] = [process.cpuUsage(), process.hrtime.bigint()];
  return () => {
    const { user, system } = process.cpuUsage(before);
    const now = process.hrtime.bigint();
    const micros = Math.max(Number(now - since) / 1000, 1);
    [before, since] = [process.cpuUsage(), now];
    const percent = (part: number) => (100 * part) / micros;
    return { total: percent(user + system), user: percent(user), system: percent(system) };
  };
}
