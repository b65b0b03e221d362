import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A command-line tool: how to recognise a good one on PATH, and where to get or how to build the pinned one. */
export interface Tool {
  readonly name: string;
  /** The pinned version, without a leading v. */
  readonly version: string;
  /** Arguments that make the tool print its version. */
  readonly ask: readonly string[];
  /** Whether a tool of this version, found on PATH, is as good as the pinned one. */
  accepts(version: string): boolean;
  readonly build: Build;
  readonly download?: Download;
  readonly debian?: DebianPackages;
  /** It is not among the tools that everybody gets: only who asks for it by name waits for its build. @default false */
  readonly isOnDemand?: boolean;
}

export interface Build {
  /** The folder below `tools/` whose go.mod pins it. Tools of one module are built together. */
  readonly module: string;
  readonly package: string;
  readonly ldflags: readonly string[];
  /** What the built program is called, where it only stands in for the tool. @default the tool's name */
  readonly program?: string;
}

/** Packages of the system's own distribution that are only unpacked into the cache, never installed. */
export interface DebianPackages {
  readonly names: readonly string[];
  /** Below the unpacked tree: the program, and the link by whose name it is called. */
  readonly binary: string;
  readonly link: string;
  /** The shell script that starts the program out of the tree beside it. */
  readonly launcher: string;
}

/** A project's own release, of a platform whose checksum is written down here: what its host says of itself counts nothing. */
export interface Download {
  url(platform: Platform): string;
  /** SHA-256 by platform; one that is not here is not downloaded, but built from the pinned Go module. */
  readonly sha256: Readonly<Partial<Record<`${Platform["os"]}-${Platform["arch"]}`, string>>>;
  /** The programs inside the archive, the tool itself first; empty when the download is the program. */
  members(platform: Platform): readonly string[];
}

export interface Platform {
  readonly os: "linux" | "darwin";
  readonly arch: "x64" | "arm64";
}

/** What a resolver tells about work that takes long. */
export interface Progress {
  /** Begins a line of work, such as "building helm 3.19.0"; `end` says how it ended. */
  begin(title: string): { end(note: string): void };
}

/** Where the resolver runs: the environment it reads, and what may stop it. */
export interface ResolveContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** @default the catalog of this project */
  readonly catalog?: readonly Tool[];
}

type Env = Readonly<Record<string, string | undefined>>;

/** The first executable of that name on PATH; undefined when there is none. */
export function which(name: string, env: Env): string | undefined {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** The first `x.y` or `x.y.z` of a text. */
export function versionIn(text: string): string | undefined {
  return /\d+\.\d+(\.\d+)?/.exec(text)?.[0];
}

/** What a program prints, on either stream; empty when it fails or takes longer than 10 seconds. */
export function output(path: string, args: readonly string[], env: Env): Promise<string> {
  return new Promise((resolve) => {
    const options = { env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" }, timeout: 10_000 };
    execFile(path, args, options, (error, stdout, stderr) => resolve(error ? "" : `${stdout}\n${stderr}`));
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** One chart as a release. */
export interface TemplatedRelease {
  readonly release: string;
  readonly namespace: string;
  /** The chart's folder. */
  readonly chart: string;
  /** The cluster's, such as `1.35`. */
  readonly kubernetesVersion: string;
}

/**
 * How Helm is asked what it makes of a chart, with the values on stdin: what a plan shows and what the policies judge is
 * rendered alike. The chart's schema is left out, which what is known only after the deployment would not meet.
 */
export function templateArguments({ release, namespace, chart, kubernetesVersion }: TemplatedRelease): string[] {
  const flags = ["--skip-schema-validation", "--namespace", namespace, "--kube-version", `${kubernetesVersion}.0`];
  return ["template", release, chart, ...flags, "--values", "-"];
}
