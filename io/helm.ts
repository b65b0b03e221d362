import type { CoreV1Api } from "@kubernetes/client-node";
import { decodeRelease, type HelmStore } from "../records/stored-release.ts";
import type { ChartFiles } from "../shared/chart-files.ts";
import { DeployError } from "../shared/deploy-error.ts";
import { type TemplatedRelease, templateArguments } from "../tools/tool.ts";
import { type CommandRunner, commandBytes } from "./child-command.ts";
import { listedIn } from "./kubernetes-call.ts";
import { GIT_SETTINGS, gitEnvironment } from "./seal/environment.ts";

/** How many commits that touched a chart are checked, the newest first. */
const MOST_COMMITS = 200;

/** Charts as the project's git history has them; finds nothing where there is no git, or no history. */
export function gitCharts(projectDirectory: string, env: Readonly<Record<string, string | undefined>>): ChartHistory {
  const own = gitEnvironment(env);
  const git = async (args: readonly string[]): Promise<Buffer | undefined> => {
    const { code, stdout } = await commandBytes("git", [...GIT_SETTINGS, ...args], { cwd: projectDirectory, env: own });
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

/** Opens what Helm keeps in the cluster that a kubeconfig reaches; nothing where there is no cluster yet. */
export function helmStoreOpener(signal?: AbortSignal): (kubeconfig: string | undefined) => HelmStore {
  return (kubeconfig) => {
    if (kubeconfig === undefined) return { revisions: async () => undefined };
    let core: Promise<CoreV1Api> | undefined;
    return {
      revisions: async (namespace, name) => {
        core ??= connect(kubeconfig, signal);
        const labelSelector = `owner=helm,name=${name}`;
        const items = listedIn(await (await core).listNamespacedSecret({ namespace, labelSelector }), "SecretList");
        const found = items.flatMap(({ data }) => (data?.release === undefined ? [] : [decodeRelease(data.release)]));
        return found.sort((one, other) => other.revision - one.revision);
      },
    };
  };
}

/** The client takes half a second to load. */
async function connect(kubeconfig: string, signal?: AbortSignal): Promise<CoreV1Api> {
  const [{ CoreV1Api }, { KubernetesClient }] = await Promise.all([
    import("@kubernetes/client-node"),
    import("./kubernetes.ts"),
  ]);
  return new KubernetesClient(kubeconfig, signal).api(CoreV1Api);
}

/** Renders charts of the project with `helm template`, which asks no cluster; rejects with helm's own words. */
export function helmTemplate(helm: CommandRunner, projectDirectory: string): HelmTemplate {
  return async (request) => {
    const options = { cwd: projectDirectory, input: JSON.stringify(request.values) };
    const { code, stdout, stderr } = await helm(templateArguments(request), options);
    if (code !== 0) throw new DeployError("SPARKI_OUTSIDE", `helm template ${request.release}: ${stderr.trim()}`);
    return stdout;
  };
}

/** The chart's folder is relative to the project's. */
export interface HelmRequest extends TemplatedRelease {
  readonly values: Readonly<Record<string, unknown>>;
}

/** Renders a chart to its manifests; rejects when it cannot be rendered. */
export type HelmTemplate = (request: HelmRequest) => Promise<string>;
