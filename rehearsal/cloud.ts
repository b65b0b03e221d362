/** What a simulated cloud is started with. */
export interface CloudOptions {
  readonly stack: string;
  /** Absolute; fresh, or that of an earlier run whose world goes on. */
  readonly runDirectory: string;
  readonly projectDirectory: string;
  /** Real seconds for each modelled second. */
  readonly timeScale: number;
  readonly seed: number;
  /** Absolute paths of the command-line tools by name. */
  readonly tools: Readonly<Record<string, string>>;
}
