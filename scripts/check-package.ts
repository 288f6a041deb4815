/**
 * Whether what `npm pack` makes is what a user needs: installs it in an empty folder, without a network, imports every
 * subpath from JavaScript, compiles against its types, and runs the command.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

const PROGRAM = `
import { AF_INET, Host, Network, SOCK_STREAM, type Socket } from "netwright";
import { type DemoReport, seededContent } from "netwright/node";
import { ladder, printCapture } from "netwright/trace";

const net = new Network({ seed: 1 });
const a: Host = net.host("a");
const b: Host = net.host("b");
net.link(a, b, { latency: 1 });
const capture = net.capture();
const answer: string = await net.run(async () => {
  const listener: Socket = b.socket(AF_INET, SOCK_STREAM);
  listener.bind({ address: "", port: 80 });
  listener.listen(1);
  const accepted = listener.accept();
  const socket = a.socket(AF_INET, SOCK_STREAM);
  await socket.connect({ address: "b", port: 80 });
  const [connection] = await accepted;
  await connection.sendall("it works");
  return new TextDecoder().decode(await socket.recv(100));
});
const report: Pick<DemoReport, "equal"> = { equal: answer === "it works" };
const lines: number = printCapture(capture.pcapng()).length;
const rows: string[] = ladder([], { left: "a", right: "b" });
console.log(answer, report.equal, lines > 3, rows.length > 0, seededContent(1, 5).size);
`;

const CONFIG = {
  compilerOptions: {
    target: "ES2022",
    module: "NodeNext",
    lib: ["ES2023", "ESNext.Disposable", "DOM", "DOM.AsyncIterable"],
    types: [],
    strict: true,
    skipLibCheck: false,
    outDir: "out",
  },
  files: ["program.ts"],
};

/** What it needs at run time, and what that needs: taken from here, since there may be no network. */
const DEPENDENCIES = ["dns-packet", "@leichtgewicht/ip-codec"];

const folder = mkdtempSync(join(tmpdir(), "netwright-package-"));
try {
  const packed = run("npm", ["pack", "--json", "--silent", "--pack-destination", folder], ROOT);
  const [{ filename, size, files }] = JSON.parse(packed.slice(packed.indexOf("[")));
  const user = join(folder, "user");
  mkdirSync(user);
  const dependencies = Object.fromEntries(
    DEPENDENCIES.map((name) => [name, `file:${ROOT}/node_modules/${name}`]),
  );
  const manifest = { name: "user", private: true, type: "module", dependencies };
  writeFileSync(join(user, "package.json"), JSON.stringify(manifest));
  const options = ["--offline", "--install-links", "--ignore-scripts", "--no-audit", "--no-fund"];
  run("npm", ["install", ...options, join(folder, filename)], user);

  writeFileSync(join(user, "program.ts"), PROGRAM);
  writeFileSync(join(user, "tsconfig.json"), JSON.stringify(CONFIG));
  run(join(ROOT, "node_modules/.bin/tsc"), ["-p", "."], user);
  expectEqual("a program", run(process.execPath, ["out/program.js"], user), "it works true true true 5\n");

  const command = join(user, "node_modules/.bin/netwright");
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expectEqual("netwright --version", run(command, ["--version"], user), `${version}\n`);
  const { equal } = JSON.parse(run(command, ["demo", "--json"], user));
  expectEqual("netwright demo --json", String(equal), "true");
  console.log(`${filename}: ${files.length} files, ${size} bytes packed; installs, compiles, runs`);
} finally {
  rmSync(folder, { recursive: true });
}

/** What `command` prints on standard output; what it says on standard error is shown when it fails. */
function run(command: string, args: string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(" ")} failed\n${stdout ?? ""}${stderr ?? ""}`);
  }
}

function expectEqual(what: string, given: string, wanted: string): void {
  if (given !== wanted)
    throw new Error(`${what} printed ${JSON.stringify(given)}, not ${JSON.stringify(wanted)}`);
}
