/** A small virtual machine: this machine's kernel image under QEMU's emulation, with nothing in it but busybox and a script. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { missing } from "./missing.ts";

/** What the machine's network card needs. */
const DRIVERS = ["virtio_pci", "virtio_net"];
const BUSYBOX = ["/bin/busybox", "/usr/bin/busybox"];

/** Where a kernel and its modules are. */
interface Kernel {
  readonly image: string;
  readonly modules: string;
}

/** Why no machine can be started here; undefined when one can. */
export function missingForVm(): string | undefined {
  const reason = missing(["qemu-system-x86_64"]);
  if (reason !== undefined) return reason;
  if (BUSYBOX.find(existsSync) === undefined) return "busybox not installed (busybox-static)";
  if (findKernel() === undefined) return "no kernel with modules in /boot (linux-image-cloud-amd64)";
  return undefined;
}

function findKernel(): Kernel | undefined {
  if (!existsSync("/boot")) return undefined;
  for (const file of readdirSync("/boot").sort().reverse()) {
    if (!file.startsWith("vmlinuz-")) continue;
    const modules = join("/lib/modules", file.slice("vmlinuz-".length));
    if (existsSync(join(modules, "modules.dep"))) return { image: join("/boot", file), modules };
  }
  return undefined;
}

/**
 * The command that boots a machine which runs `script` (sh) as soon as its eth0, whose cable is the UNIX socket at `socket`, is
 * there, and ends with it. What the script prints goes to standard output. Its files are written into `folder`.
 */
export function vmCommand(folder: string, script: string, socket: string, server: boolean): string[] {
  const kernel = findKernel()!;
  const modules = modulesFor(kernel);
  const init = [
    "#!/bin/busybox sh",
    "/bin/busybox --install -s /bin",
    "mount -t devtmpfs dev /dev; mount -t proc proc /proc",
    ...modules.map((path) => `insmod /${moduleName(path)}.ko`),
    "ip link set lo up; ip link set eth0 up",
    script,
    "poweroff -f",
  ];
  const files: ArchiveFile[] = [
    ...["bin", "dev", "proc"].map((path) => ({ path, mode: 0o40755, bytes: new Uint8Array(0) })),
    { path: "bin/busybox", mode: 0o100755, bytes: readFileSync(BUSYBOX.find(existsSync)!) },
    { path: "init", mode: 0o100755, bytes: Buffer.from(`${init.join("\n")}\n`) },
    ...modules.map((path) => ({ path: `${moduleName(path)}.ko`, mode: 0o100644, bytes: moduleBytes(path) })),
  ];
  const archive = join(folder, "initrd.gz");
  writeFileSync(archive, gzipSync(cpio(files), { level: 1 }));
  const stream = `stream,id=cable,server=${server ? "on" : "off"},addr.type=unix,addr.path=${socket}`;
  return [
    ...["qemu-system-x86_64", "-m", "256", "-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio"],
    ...["-kernel", kernel.image, "-initrd", archive, "-append", "console=ttyS0 quiet panic=-1"],
    ...["-netdev", stream, "-device", "virtio-net-pci,netdev=cable,romfile="],
  ];
}

/** The modules that {@link DRIVERS} need, each behind those that it needs itself. */
function modulesFor({ modules }: Kernel): string[] {
  const needs = new Map<string, string[]>();
  for (const line of readFileSync(join(modules, "modules.dep"), "utf8").split("\n")) {
    const [path = "", others = ""] = line.split(":");
    needs.set(moduleName(path), [path, ...others.split(" ").filter(Boolean)]);
  }
  // the nearest come first there
  const wanted = DRIVERS.flatMap((name) => needs.get(name)?.toReversed() ?? []); // none: it is part of the kernel
  return [...new Set(wanted)].map((path) => join(modules, path));
}

function moduleName(path: string): string {
  return basename(path).replace(/\.ko(\.\w+)?$/, "");
}

function moduleBytes(path: string): Uint8Array {
  if (path.endsWith(".xz")) return execFileSync("xz", ["-dc", path], { maxBuffer: 1 << 26 });
  if (path.endsWith(".zst")) return execFileSync("zstd", ["-dc", path], { maxBuffer: 1 << 26 });
  return readFileSync(path);
}

interface ArchiveFile {
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

/** An archive as the kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format): "newc". */
function cpio(files: readonly ArchiveFile[]): Buffer {
  const parts: Buffer[] = [];
  const push = (bytes: Uint8Array): void => {
    parts.push(Buffer.from(bytes), Buffer.alloc(-bytes.length & 3));
  };
  [...files, { path: "TRAILER!!!", mode: 0, bytes: new Uint8Array(0) }].forEach(
    ({ path, mode, bytes }, number) => {
      const fields = [number + 1, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, path.length + 1, 0];
      const header = fields.map((field) => field.toString(16).padStart(8, "0")).join("");
      push(Buffer.from(`070701${header}${path}\0`));
      push(bytes);
    },
  );
  return Buffer.concat(parts);
}
