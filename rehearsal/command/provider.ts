import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { differenceOf } from "../aws/difference.ts";
import { text, textEntries, texts } from "../aws/values.ts";
import type {
  Checked,
  CheckRequest,
  Created,
  CreateRequest,
  DeleteRequest,
  Difference,
  DiffRequest,
  Outputs,
  ProviderModel,
  Read,
  ReadRequest,
  ResourceRequest,
  UpdateRequest,
} from "../provider/model.ts";
import type { Properties } from "../provider/properties.ts";
import { runCommand, type Written } from "./run.ts";

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
