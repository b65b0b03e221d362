import type { ChartFiles } from "../shared/chart-files.ts";

import { commandBytes } from "./child-command.ts";

/** How many commits that touched a chart are looked at, the newest first. */
const MOST_COMMITS = 200;

/** Charts as the project's git history has them; finds nothing where there is no git, or no history. */
export function gitCharts(projectDirectory: string, env: Readonly<Record<string, string | undefined>>): ChartHistory {
  const git = async (args: readonly string[]): Promise<Buffer | undefined> => {
    const { code, stdout } = await commandBytes("git", args, { cwd: projectDirectory, env });
    return code === 0 ? stdout : undefined;
  };
  return async (chart, isIt) => {
    const folder = `apps/charts/${chart}`;
    const log = await git(["log", "--all", "--format=%H", `--max-count=${MOST_COMMITS}`, "--", folder]);
    for (const commit of log?.toString("utf8").split("\n").filter(Boolean) ?? []) {
      const files = await filesAt(commit, folder, git);
      if (files !== undefined && isIt(files)) return { files, commit };
    }
    return undefined;
  };
}

type Git = (args: readonly string[]) => Promise<Buffer | undefined>;

/** The plain files of a folder at a commit; undefined where anything else is in it. */
async function filesAt(commit: string, folder: string, git: Git): Promise<ChartFiles | undefined> {
  const tree = await git(["ls-tree", "-r", "-z", commit, `${folder}/`]);
  const entries = tree?.toString("utf8").split("\0").filter(Boolean) ?? [];
  const files = new Map<string, Buffer>();
  for (const entry of entries) {
    const [, mode, hash = "", path = ""] = /^(\d+) blob ([0-9a-f]+)\t(.*)$/s.exec(entry) ?? [];
    const bytes = mode === "100644" || mode === "100755" ? await git(["cat-file", "blob", hash]) : undefined;
    if (bytes === undefined) return undefined;
    files.set(path.slice(folder.length + 1), bytes);
  }
  return files;
}

/** Finds a chart's folder in git's history by its hash; undefined where no commit has it. */
export type ChartHistory = (
  chart: string,
  isIt: (files: ChartFiles) => boolean,
) => Promise<{ readonly files: ChartFiles; readonly commit: string } | undefined>;
