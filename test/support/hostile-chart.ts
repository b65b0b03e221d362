import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chartDirectory } from "./chart.ts";

/** What is changed in the files of a chart: a text of a file by another, or a file by its whole content. */
export interface ChartChange {
  readonly file: string;
  readonly replace?: readonly [from: string, to: string];
  readonly append?: string;
  /** Nothing of the file is left. */
  readonly empty?: boolean;
}

/** Copies of the project's charts with changes, where a rollback would have put them. */
export class HostileCharts {
  readonly #root = mkdtempSync(join(tmpdir(), "sparki-charts-"));
  #made = 0;

  /** The folder of a changed copy; throws when the text to replace is not there. */
  make(chart: string, ...changes: readonly ChartChange[]): string {
    const hash = (++this.#made).toString(16).padStart(16, "0");
    const folder = join(this.#root, ".sparki", "charts", `${chart}-${hash}`);
    cpSync(chartDirectory(chart), folder, { recursive: true });
    for (const { file, replace, append = "", empty = false } of changes) {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      const before = replace === undefined && append !== "" ? read(path) : readFileSync(path, "utf8");
      if (replace !== undefined && !before.includes(replace[0])) throw new Error(`${file} has no ${replace[0]}`);
      const after = replace === undefined ? before : before.replace(replace[0], () => replace[1]);
      writeFileSync(path, empty ? "" : after + append);
    }
    return folder;
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
