/** What a client can be told, and what it gives. */
import type { IntervalReport } from "./measurement.ts";
import type { CpuUse, EndResults } from "./results.ts";
import type { TestStart } from "./server.ts";
import type { Settings } from "./settings.ts";

/** What is measured, each field as {@link Settings} tells, and who hears of it. */
export interface ClientOptions extends Partial<Settings> {
  /** Of the server; default 5201. */
  port?: number;
  /** Of the reports, milliseconds; default 1000; 0: none. */
  interval?: number;
  onStart?(start: TestStart): void;
  onInterval?(settings: Settings, report: IntervalReport): void;
  /** How much of the processor this program takes, as percent of the time since the last call. Default: nobody knows. */
  cpu?: () => CpuUse;
  /** Ends the measurement early: what was measured counts. */
  signal?: AbortSignal | undefined;
}

/** What both ends have counted. */
export interface ClientResult {
  readonly settings: Settings;
  readonly local: EndResults;
  readonly remote: EndResults;
}
