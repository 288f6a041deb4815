/** `ioctl` through koffi, a foreign function interface that a user may have installed beside netwright: no process is needed. */
import type { Outcome, Step } from "./ioctl.ts";

/** What is used of koffi. */
interface Koffi {
  load(path: string | null): { func(declaration: string): (...args: unknown[]) => number };
  errno(): number;
}

const AF_INET = 2;
const SOCK_DGRAM = 2;

/** Takes the steps; undefined where koffi is not installed. */
export async function koffiHelper(
  file: number,
  steps: readonly Step[],
): Promise<readonly Outcome[] | undefined> {
  const koffi = await findKoffi();
  if (koffi === undefined) return undefined;
  const process = koffi.load(null);
  const byAddress = process.func("int ioctl(int file, unsigned long request, _Inout_ uint8_t *argument)");
  const byValue = process.func("int ioctl(int file, unsigned long request, long argument)");
  const control = process.func("int socket(int domain, int type, int protocol)")(AF_INET, SOCK_DGRAM, 0);
  try {
    return steps.map(({ on, request, argument }) => {
      const target = on === "device" ? file : control;
      const bytes = typeof argument === "number" ? new Uint8Array() : Uint8Array.from(argument);
      const result =
        typeof argument === "number" ? byValue(target, request, argument) : byAddress(target, request, bytes);
      return { errno: result < 0 ? koffi.errno() : 0, bytes };
    });
  } finally {
    process.func("int close(int file)")(control);
  }
}

async function findKoffi(): Promise<Koffi | undefined> {
  const name = "koffi"; // no dependency, and nothing for a bundler to look for
  try {
    const found = (await import(name)) as { default: Koffi };
    return found.default;
  } catch {
    return undefined;
  }
}
