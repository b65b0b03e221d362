import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Processes, ProcessHandle } from "../../../rehearsal/processes.ts";

const MAIN = join(import.meta.dirname, "../../../rehearsal/app/main.ts");

export interface Secrets {
  readonly "database/username": string;
  readonly "database/password": string;
  readonly "cache/auth-token": string;
}

export interface Pod {
  readonly handle: ProcessHandle;
  /** What it has logged so far, one object a line. */
  lines(): readonly Readonly<Record<string, unknown>>[];
  /** Tells the running process how to behave from now on. */
  behave(behaviour: object): void;
  /** Replaces a secret's file, as a rotation does. */
  rotate(secret: keyof Secrets, value: string): void;
}

/** Starts processes of the stand-in application the way the kubelet does, each with a root of its own. */
export class Pods {
  readonly #processes: Processes;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #secrets: Secrets;
  #count = 0;

  constructor(processes: Processes, environment: Readonly<Record<string, string>>, secrets: Secrets) {
    this.#processes = processes;
    this.#environment = environment;
    this.#secrets = secrets;
  }

  async start(command: string, environment: Readonly<Record<string, string>> = {}): Promise<Pod> {
    this.#count += 1;
    const root = join(this.#processes.runDirectory, "pods", `${this.#count}`);
    const write = (path: string, content: string) => {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), content);
    };
    for (const [name, value] of Object.entries(this.#secrets)) write(`mnt/secrets/${name}`, value);
    let output = "";
    const handle = await this.#processes.start({
      name: `${command.replace(" ", "-")}-${this.#count}`,
      command: process.execPath,
      args: [MAIN, ...command.split(" ")],
      env: { ...this.#environment, ...environment, SPARKI_ROOT: root },
      onOutput: (_stream, chunk) => {
        output += chunk.toString();
      },
    });
    return {
      handle,
      lines: () => output.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : [])),
      behave: (behaviour) => write("behaviour.json", JSON.stringify(behaviour)),
      rotate: (secret, value) => write(`mnt/secrets/${secret}`, value),
    };
  }

  /** Runs a command to its end. */
  async run(command: string, environment: Readonly<Record<string, string>> = {}) {
    const pod = await this.start(command, environment);
    const { code } = await pod.handle.exited;
    return { code, lines: pod.lines() };
  }
}
