import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { parseDocument } from "yaml";
import { type AwsProviders, startAwsProviders } from "../../rehearsal/aws/provider.ts";
import { FakeServices } from "../rehearsal/aws/fake-services.ts";
import { type KmsServer, serveKms } from "./kms-server.ts";
import { type S3Server, serveS3 } from "./s3-server.ts";
import { toolPath } from "./tool.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** What no command reads. */
const LEFT_OUT = new Set([".git", ".sparki", "node_modules", "test", "docs"]);

export interface Ended {
  readonly code: number | null;
  readonly document: unknown;
  readonly stderr: string;
}

/**
 * An empty simulated account, a bucket and a key service of this machine, and a checkout of its own in which `sparki` is run
 * as a person runs it: Pulumi writes into its config files.
 */
export class BootstrappedAccount {
  readonly checkout: string;
  readonly home: string;
  readonly simulated: AwsProviders;
  readonly #s3: S3Server;
  readonly #kms: KmsServer;

  private constructor(directory: string, simulated: AwsProviders, s3: S3Server, kms: KmsServer) {
    this.checkout = join(directory, "checkout");
    this.home = join(directory, "home");
    this.simulated = simulated;
    this.#s3 = s3;
    this.#kms = kms;
    mkdirSync(this.home);
    mkdirSync(this.checkout);
    for (const name of readdirSync(ROOT).filter((each) => !LEFT_OUT.has(each)))
      cpSync(join(ROOT, name), join(this.checkout, name), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(this.checkout, "node_modules"));
  }

  static async open(): Promise<BootstrappedAccount> {
    const directory = mkdtempSync(join(tmpdir(), "sparki-bootstrap-"));
    const services = new FakeServices();
    const [simulated, s3, kms] = await Promise.all([
      startAwsProviders({ runDirectory: directory, services, timeScale: 0.0001, seed: 1 }),
      serveS3(),
      serveKms(),
    ]);
    simulated.world.profile = { ...simulated.world.profile, hasDelivery: false };
    return new BootstrappedAccount(directory, simulated, s3, kms);
  }

  /** Sets keys of one of the checkout's config files; a slash leads into a value. */
  configure(file: string, changes: Readonly<Record<string, unknown>>): void {
    const path = join(this.checkout, file);
    const document = parseDocument(readFileSync(path, "utf8"));
    for (const [key, value] of Object.entries(changes)) document.setIn(["config", ...key.split("/")], value);
    writeFileSync(path, document.toString());
  }

  read(file: string): string {
    return readFileSync(join(this.checkout, file), "utf8");
  }

  /** Whether the folder of delivery's first state is there, or a file in it. */
  hasFolder(file = ""): boolean {
    return existsSync(join(this.home, ".sparki-delivery", "prod", file));
  }

  /** The keys by which secrets were encrypted. */
  encryptedBy(): readonly string[] {
    return [...new Set(this.#kms.encryptedBy)];
  }

  start(...argv: readonly string[]): ChildProcess {
    const script = join(this.checkout, "runbook", "sparki.ts");
    return this.#spawn(process.execPath, [script, ...argv, "--json"]);
  }

  #spawn(command: string, args: readonly string[]): ChildProcess {
    const { ports } = this.simulated;
    const tools = ["pulumi", "helm"].map((name) => dirname(toolPath(name)));
    const env = {
      ...this.#s3.environment,
      ...this.#kms.environment,
      PATH: [join(ROOT, "rehearsal", "language-host"), ...tools, process.env.PATH].join(delimiter),
      HOME: this.home,
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
      PULUMI_HOME: join(this.home, "pulumi"),
      PULUMI_BACKEND_URL: this.#s3.backendUrl,
      PULUMI_DEBUG_PROVIDERS: Object.entries(ports)
        .map(([name, port]) => `${name}:${port}`)
        .join(","),
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    return spawn(command, [...args], { cwd: this.checkout, env, stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Ends whatever was started in this account without letting it save anything. */
  kill(): void {
    const all = readdirSync("/proc").filter((each) => /^\d+$/.test(each));
    for (const pid of all.filter((each) => isOurs(each, this.home)))
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
  }

  /** Runs it to its end. */
  async sparki(...argv: readonly string[]): Promise<Ended> {
    return ended(this.start(...argv));
  }

  /** Runs plain Pulumi in the checkout to its end; gives what it wrote, and throws where it fails. */
  async pulumi(...args: readonly string[]): Promise<string> {
    const child = this.#spawn(toolPath("pulumi"), [...args, "--non-interactive"]);
    const { code, out, err } = await output(child);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}\n${out.slice(-3000)}\n${err}`);
    return out;
  }

  /** How many of each type there are in the account, by the last part of the type's name. */
  there(): Readonly<Record<string, number>> {
    const names = this.simulated.world.all().map(({ type }) => type.split(":").at(-1) ?? type);
    return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
  }

  async close(): Promise<void> {
    await Promise.all([this.simulated.close(), this.#s3.close(), this.#kms.close()]);
    rmSync(dirname(this.checkout), { recursive: true, force: true });
  }
}

function isOurs(pid: string, home: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`HOME=${home}`);
  } catch {
    return false;
  }
}

/** What a command that was started came to. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const { code, out, err } = await output(child);
  return { code, document: out === "" ? undefined : JSON.parse(out), stderr: err };
}

async function output(child: ChildProcess) {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("the command's output is not read");
  const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [code, out, err] = await Promise.all([exited, text(stdout), text(stderr)]);
  return { code, out, err };
}
