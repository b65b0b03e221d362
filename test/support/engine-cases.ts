/**
 * Runs one case of the engine's test in a process of its own, as `sparki` does, and prints what came of it as JSON:
 * `node test/support/engine-cases.ts <case>`. Jest itself would take the program's unhandled rejections for its own.
 */
import { setTimeout as delay } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { systemClock } from "../../io/clock.ts";
import { Engine } from "../../io/engine.ts";
import { emptyProject } from "./empty-project.ts";
import { toolPath } from "./tool.ts";

const project = emptyProject();
const controller = new AbortController();
let gate: () => Promise<void> = async () => undefined;

/** Two records, the second behind a gate, as a promotion is. */
async function program() {
  const first = new pulumi.Stash("first", { input: new pulumi.Config().require("greeting") });
  const hook = new pulumi.ResourceHook("gate", () => gate());
  const second = new pulumi.Stash("second", { input: first.output }, { hooks: { beforeCreate: [hook] } });
  return { said: process.env.SPARKI_SAID, greeting: second.output };
}

const open = (policyPacks: readonly string[] = []) =>
  Engine.open({
    stack: "prod",
    projectDirectory: project.directory,
    cli: { path: toolPath("pulumi"), version: "3.255.0" },
    environment: project.environment,
    program,
    programEnvironment: { SPARKI_SAID: "so" },
    policyPacks,
    parallel: 8,
    clock: systemClock,
    signal: controller.signal,
  });

const CASES: Readonly<Record<string, () => Promise<unknown>>> = {
  whole: async () => {
    const engine = await open();
    const results = [await engine.preview(), await engine.up()];
    const outputs = await engine.outputs();
    results.push(await engine.up(), await engine.destroy());
    return { results, outputs, left: process.env.SPARKI_SAID ?? null };
  },
  refused: async () => {
    gate = async () => {
      throw new Error("errors over their limit");
    };
    const engine = await open();
    return { result: await engine.up(), state: await engine.exportState() };
  },
  interrupted: async () => {
    gate = async () => {
      controller.abort(new Error("interrupted by a test"));
      await delay(1_000);
    };
    const engine = await open();
    const result = await engine.up();
    const next = await engine.preview().catch((error: Error) => error.message);
    return { result, next, state: await engine.exportState() };
  },
  "without its policy pack": async () => ({ result: await (await open(["/no such policy pack"])).up() }),
};

try {
  process.stdout.write(JSON.stringify(await CASES[process.argv[2] ?? ""]?.()));
  // Answers that nobody waits for may still come; they must not end the process.
  await delay(500);
} finally {
  project.remove();
}
