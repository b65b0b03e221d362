import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import messages from "@pulumi/pulumi/proto/language_pb.js";

/** The SDK's runner ends with this code when it has told the user already what went wrong. */
const TOLD_THE_USER = 32;

const running = new Set<ChildProcess>();

/** Runs the program in a Node process of its own through the SDK's runner, exactly as Pulumi's own host does. */
export async function runProgram(request: messages.RunRequest, engine: string): Promise<messages.RunResponse> {
  const directory = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const runner = createRequire(join(directory, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  const child = spawn(process.execPath, [runner, ...flags(request, engine), entryPoint(request)], {
    // The engine shows both streams to the user; stdin belongs to the engine.
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...settings(request) },
  });
  running.add(child);
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("exit", resolve));
  running.delete(child);
  return responseFor(code);
}

/** Interrupts every program that runs. */
export function stopProgram(): void {
  for (const child of running) child.kill("SIGINT");
}

export function flags(request: messages.RunRequest, engine: string): string[] {
  const dryRun = request.getDryrun() ? ["--dry-run"] : [];
  const rootDirectory = request.getInfo()?.getRootDirectory();
  return [
    `--monitor=${request.getMonitorAddress()}`,
    `--engine=${engine}`,
    `--organization=${request.getOrganization()}`,
    `--project=${request.getProject()}`,
    `--stack=${request.getStack()}`,
    `--parallel=${request.getParallel()}`,
    `--pwd=${request.getPwd()}`,
    ...(rootDirectory ? [`--root-directory=${rootDirectory}`] : []),
    ...dryRun,
  ];
}

export function settings(request: messages.RunRequest): Record<string, string> {
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  };
}

function entryPoint(request: messages.RunRequest): string {
  return request.getInfo()?.getEntryPoint() || request.getProgram() || ".";
}

function responseFor(code: number | null): messages.RunResponse {
  const response = new messages.RunResponse();
  if (code === TOLD_THE_USER) return response.setBail(true);
  return code === 0 ? response : response.setError(`the program ended with exit code ${code}`);
}
