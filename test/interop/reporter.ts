/** The last line of `npm run interop`: how many tests ran, and why others did not. */
import type { Reporter, TestModule } from "vitest/node";

export default class Tally implements Reporter {
  private line = "";

  onTestRunEnd(modules: readonly TestModule[]): void {
    const reasons = new Map<string, number>();
    let ran = 0;
    let skipped = 0;
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed" || result.state === "failed") ran++;
        if (result.state !== "skipped" || result.note === undefined) continue; // without a note: nobody asked for it
        skipped++;
        reasons.set(result.note, (reasons.get(result.note) ?? 0) + 1);
      }
    }
    const why = [...reasons].map(([reason, count]) => `${count}: ${reason}`).join("; ");
    this.line = `${ran} ran, ${skipped} skipped${why === "" ? "" : ` (${why})`}`;
    process.once("exit", () => console.log(this.line)); // after what the other reporters have to say
  }
}
