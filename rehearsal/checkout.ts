import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeployError } from "../shared/deploy-error.ts";

/** A text in a file of the project that a scenario changes, as a person would by mistake. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** What no deployment reads: what was made or installed here, and what tries it. */
const LEFT_OUT = new Set(["node_modules", "test", "coverage"]);

/** Copies the project but for its tests, with the packages beside it, and makes the edits in the copy. */
export function copyCheckout(projectDirectory: string, target: string, edits: readonly Edit[]): string {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const parts = readdirSync(projectDirectory).filter((name) => !name.startsWith(".") && !LEFT_OUT.has(name));
  for (const part of parts) cpSync(join(projectDirectory, part), join(target, part), { recursive: true });
  linkPackages(projectDirectory, target);
  for (const { file, from, to } of edits) {
    const text = readFileSync(join(target, file), "utf8");
    if (!text.includes(from))
      throw new DeployError(
        "SPARKI_USAGE",
        `${file} has no ${JSON.stringify(from)}: the scenario's edit no longer applies`,
      );
    writeFileSync(join(target, file), text.replace(from, to));
  }
  return target;
}

/** Gives a checkout the packages of the project. */
export function linkPackages(projectDirectory: string, target: string): void {
  symlinkSync(join(projectDirectory, "node_modules"), join(target, "node_modules"));
}

/** The one path at which the simulated cloud finds whichever checkout is deployed. */
export class CurrentCheckout {
  readonly path: string;
  #directory: string;

  constructor(runDirectory: string, projectDirectory: string) {
    this.path = join(runDirectory, "checkout");
    this.#directory = projectDirectory;
    this.use(projectDirectory);
  }

  /** Lets relative paths of charts begin at the folder that the engine works in, too: there the policies read them. */
  linkCharts(workDirectory: string): void {
    const link = join(workDirectory, "apps");
    // A rehearsal that is continued has it already.
    rmSync(link, { force: true });
    symlinkSync(join(this.path, "apps"), link);
  }

  get directory(): string {
    return this.#directory;
  }

  /** What relative paths of charts and of the jobs' program begin at from now on. */
  use(directory: string): void {
    rmSync(this.path, { force: true });
    symlinkSync(directory, this.path);
    this.#directory = directory;
  }
}
