import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Another terminal into which someone pasted what `sparki cloud` printed. */
export class Terminal {
  readonly #pasted: string;
  readonly #environment: NodeJS.ProcessEnv;
  /** Everything that its commands wrote. */
  readonly written: string[] = [];

  /** `environment` is put over the test's own. */
  constructor(pasted: string, environment: Readonly<Record<string, string>>) {
    this.#pasted = pasted;
    this.#environment = { ...process.env, ...environment };
  }

  /** Runs one command line there, from a directory that is not the project's. */
  async run(command: string): Promise<Ended> {
    const child = spawn("/bin/sh", ["-c", `${this.#pasted}\n${command}`], {
      cwd: "/",
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exit = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
    this.written.push(stdout, stderr);
    return { exitCode, stdout, stderr };
  }

  /** The stdout of a command that must succeed. */
  async ask(command: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(command);
    if (exitCode === 0) return stdout;
    throw new Error(`${command} ended with ${exitCode}\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`);
  }
}

/** An event of the engine, as `--json` writes one a line. */
export interface EngineLine {
  readonly resourcePreEvent?: {
    readonly metadata: { readonly op: string; readonly type: string; readonly urn: string };
  };
  readonly diagnosticEvent?: { readonly severity: string; readonly message: string };
  readonly summaryEvent?: { readonly resourceChanges?: Readonly<Record<string, number>> };
}

export function engineLines(stdout: string): EngineLine[] {
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}
