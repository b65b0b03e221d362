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
