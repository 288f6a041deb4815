/** What every command on a real network can be asked while it runs: its capture file, its netstat, its packets. */
import { closeSync } from "node:fs";
import type { Host } from "../../host/host.ts";
import { type CommandLine, pathOption } from "../arguments.ts";
import { Capture } from "./capture.ts";
import { CaptureFile, openCapture } from "./capture-file.ts";
import { type ControlServer, startControl } from "./control-server.ts";
import { netstatText } from "./netstat-text.ts";

/** Says something to whoever looks at standard error. */
export type Report = (text: string) => void;

export interface Oversight {
  /**
   * Begins when there is a host to look at. `label`: what its link is; `description`: what the process does, for whoever has to
   * choose one. Failure: the capture cannot be written.
   */
  begin(host: Host, label: string, description: string): Promise<void>;
  /** Writes the rest of the capture, and listens to nobody any more. */
  close(): void;
}

/** Opens the file that --pcap names: before anything else happens, so that what cannot work is said first. Failure. */
export function prepareOversight(line: CommandLine, report: Report): Oversight {
  const path = pathOption(line, "pcap");
  let file = path === undefined ? undefined : openCapture(path);
  let captured: CaptureFile | undefined;
  let control: ControlServer | undefined;
  let show: (() => void) | undefined;
  let closed = false;
  return {
    async begin(host, label, description) {
      const capture = new Capture(host, label);
      if (path !== undefined && file !== undefined) {
        const opened = file;
        file = undefined; // it is the capture's from now on
        const output = new CaptureFile(path, opened, (message) => {
          capture.remove(output.output);
          report(`${message}\n`);
        });
        captured = output;
        capture.add(output.output);
      }
      show = () => report(netstatText(host));
      process.on("SIGUSR1", show);
      const started = await startControl({ host, capture, description }, report);
      if (closed) started?.close();
      else control = started;
    },
    close() {
      closed = true;
      if (show !== undefined) process.off("SIGUSR1", show);
      control?.close();
      captured?.close();
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
