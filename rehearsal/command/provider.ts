import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { resolve } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { text, textEntries, texts } from "../aws/values.ts";
import {
  type Checked,
  type CheckRequest,
  type Created,
  type CreateRequest,
  type DeleteRequest,
  type Difference,
  type DiffRequest,
  differenceOf,
  type Outputs,
  type ProviderModel,
  type Read,
  type ReadRequest,
  type ResourceRequest,
  type UpdateRequest,
} from "../provider/model.ts";

import type { Properties } from "../provider/properties.ts";

interface Command {
  readonly command: string;
  readonly interpreter: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string | undefined;
  /** Gets each whole line as soon as it is written. */
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
}

/** What a command wrote, without the last line break. */
interface Written {
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
async function runCommand(spec: Command, signal: AbortSignal): Promise<Written> {
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

const TYPE = "command:local:Command";
const SHELL = ["/bin/sh", "-c"];
const NOT_SIMULATED = ["archivePaths", "assetPaths"];

/** Where commands run and what they find in their environment. */
export interface CommandSurroundings {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The `command` provider of the rehearsal: local commands really run, as the real provider runs them. */
export class CommandProvider implements ProviderModel {
  readonly name = "command";
  readonly version = "1.2.1";
  readonly #surroundings: CommandSurroundings;

  constructor(surroundings: CommandSurroundings) {
    this.#surroundings = surroundings;
  }

  check({ type, news }: CheckRequest): Checked {
    if (type !== TYPE) throw new Error(`sparki rehearsal: no model for ${type}`);
    const failures = NOT_SIMULATED.filter((property) => texts(news, property).length > 0).map((property) => ({
      property,
      reason: "sparki rehearsal: assets of commands are not simulated",
    }));
    return { inputs: news, failures };
  }

  diff({ oldInputs, news }: DiffRequest): Difference {
    return differenceOf(oldInputs, news, ["triggers"]);
  }

  async create(request: CreateRequest): Promise<Created> {
    const { inputs, preview, name } = request;
    const id = `${name}${randomBytes(4).toString("hex")}`;
    if (preview) return { id, ...outputsOf(request, { stdout: UNKNOWN, stderr: UNKNOWN }) };
    const written = await this.#run(text(inputs, "create"), request, inputs, { stdout: "", stderr: "" });
    return { id, ...outputsOf(request, written) };
  }

  async update(request: UpdateRequest): Promise<Outputs> {
    const { inputs, olds, preview } = request;
    if (preview) return outputsOf(request, { stdout: UNKNOWN, stderr: UNKNOWN });
    const command = text(inputs, "update") ?? text(inputs, "create");
    return outputsOf(request, await this.#run(command, request, inputs, writtenIn(olds)));
  }

  async delete(request: DeleteRequest): Promise<void> {
    const { properties } = request;
    await this.#run(text(properties, "delete"), request, properties, writtenIn(properties));
  }

  read({ id, inputs, properties }: ReadRequest): Read {
    return { id, inputs, properties };
  }

  async #run(
    command: string | undefined,
    request: ResourceRequest,
    inputs: Properties,
    previous: Written,
  ): Promise<Written> {
    if (command === undefined) return previous;
    const interpreter = texts(inputs, "interpreter");
    const logging = text(inputs, "logging") ?? "stdoutAndStderr";
    return runCommand(
      {
        command,
        interpreter: interpreter.length > 0 ? interpreter : SHELL,
        directory: resolve(this.#surroundings.directory, text(inputs, "dir") ?? "."),
        environment: {
          ...this.#surroundings.environment,
          ...textEntries(inputs.environment),
          ...(inputs.addPreviousOutputInEnv === false ? {} : previousOutput(previous)),
        },
        stdin: text(inputs, "stdin"),
        onLine: (stream, line) => {
          if (logging === stream || logging === "stdoutAndStderr") request.log("info", line);
        },
      },
      request.signal,
    );
  }
}

function writtenIn(properties: Properties): Written {
  return { stdout: text(properties, "stdout") ?? "", stderr: text(properties, "stderr") ?? "" };
}

function previousOutput({ stdout, stderr }: Written): Record<string, string> {
  return {
    ...(stdout === "" ? {} : { PULUMI_COMMAND_STDOUT: stdout }),
    ...(stderr === "" ? {} : { PULUMI_COMMAND_STDERR: stderr }),
  };
}

/** A command may print any of its inputs, so what it wrote is secret as soon as one of them is. */
function outputsOf({ inputs, secrets }: CreateRequest | UpdateRequest, { stdout, stderr }: Written): Outputs {
  const written = secrets.length > 0 ? [["stdout"], ["stderr"]] : [];
  return { properties: { ...inputs, stdout, stderr }, secrets: written };
}
