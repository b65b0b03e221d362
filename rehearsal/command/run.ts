import { spawn } from "node:child_process";
import { once } from "node:events";
import { StringDecoder } from "node:string_decoder";

export interface Command {
  readonly command: string;
  readonly interpreter: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string | undefined;
  /** Gets each whole line as soon as it is written. */
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
}

/** What a command wrote, without the last line break. */
export interface Written {
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a canceled command may tidy up before it is killed. */
const GRACE_MILLISECONDS = 2000;
const TAIL_LINES = 20;

/**
 * Runs the command in its own process group and waits for it.
 * @throws when it ends with anything but 0, with the end of what it wrote; canceled, its whole group is ended first.
 */
export async function runCommand(spec: Command, signal: AbortSignal): Promise<Written> {
  signal.throwIfAborted();
  const [program = "/bin/sh", ...args] = spec.interpreter;
  const child = spawn(program, [...args, spec.command], {
    cwd: spec.directory,
    env: spec.environment,
    detached: true,
    stdio: "pipe",
  });
  const stdout = collect(child.stdout, (line) => spec.onLine("stdout", line));
  const stderr = collect(child.stderr, (line) => spec.onLine("stderr", line));
  child.stdin.on("error", () => {}).end(spec.stdin ?? "");
  const cancel = () => endGroup(child.pid);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const [code, killedBy] = await once(child, "close");
    if (code === 0) return { stdout: stdout(), stderr: stderr() };
    const reason = signal.aborted ? "canceled" : code === null ? `killed by ${killedBy}` : `exit status ${code}`;
    throw new Error(`${reason}: running ${JSON.stringify(spec.command)}:\n${tail(`${stdout()}\n${stderr()}`)}`);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

function collect(stream: NodeJS.ReadableStream, onLine: (line: string) => void): () => string {
  const decoder = new StringDecoder("utf8");
  let [all, line] = ["", ""];
  const take = (text: string) => {
    all += text;
    const lines = (line + text).split("\n");
    line = lines.pop() ?? "";
    for (const whole of lines) onLine(whole);
  };
  stream.on("data", (chunk: Buffer) => take(decoder.write(chunk)));
  stream.on("end", () => {
    if (line !== "") onLine(line);
  });
  return () => all.replace(/\n$/, "");
}

function tail(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-TAIL_LINES).join("\n");
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  signalGroup(pid, "SIGTERM");
  setTimeout(() => signalGroup(pid, "SIGKILL"), GRACE_MILLISECONDS).unref();
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group is already gone.
  }
}
