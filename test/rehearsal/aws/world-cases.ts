/**
 * Runs the cases of the world's engine test in a process of their own, one after the other, and prints what came of
 * them as JSON. Jest itself would take a failed program's unhandled rejections for its own.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cluster, database, network, refused, secrets } from "./programs.ts";
import { SimulatedEngine } from "./simulated-engine.ts";

// What a program still waits for when the engine stops it rejects later.
process.on("unhandledRejection", () => {});

type Case = (engine: SimulatedEngine) => Promise<unknown>;

const all = (engine: SimulatedEngine) => engine.simulated.world.all();
const named = (engine: SimulatedEngine) =>
  all(engine)
    .filter(({ owner }) => owner === undefined)
    .map(({ type }) => type.split(":").at(-1));

/** What AWS does by itself in a maintenance window. */
function moveOn(engine: SimulatedEngine, engineVersion: string): void {
  const { world } = engine.simulated;
  for (const resource of all(engine)) {
    const { inputs, outputs } = resource;
    if (resource.type !== "aws:rds/instance:Instance") continue;
    world.put({
      ...resource,
      inputs: { ...inputs, engineVersion },
      outputs: { ...outputs, engineVersionActual: engineVersion },
    });
  }
}

/** The database's version, and the parameter groups that there are. */
function versionsIn(engine: SimulatedEngine) {
  const of = (type: string) => all(engine).filter((each) => each.type === type);
  const [instance] = of("aws:rds/instance:Instance");
  const groups = of("aws:rds/parameterGroup:ParameterGroup").map(({ name }) => name);
  return { version: instance?.outputs.engineVersionActual, uses: instance?.inputs.parameterGroupName, groups };
}

const CASES: Readonly<Record<string, Case>> = {
  whole: async (engine) => {
    const preview = await engine.run(network, "preview");
    const made = await engine.run(network);
    const [again, refresh] = [await engine.run(network), await engine.run(network, "refresh")];
    const comparison = await engine.comparison(network);
    const destroy = await engine.run(network, "destroy");
    const changes = [preview, made, again, refresh, destroy].map((run) => run.changes);
    return { changes, tags: made.outputs.tags?.value, comparison, left: all(engine).length };
  },
  drift: async (engine) => {
    await engine.run(network);
    const { world } = engine.simulated;
    for (const resource of all(engine)) {
      const inputs = { ...resource.inputs, enableDnsHostnames: true };
      if (resource.type.endsWith(":Vpc")) world.put({ ...resource, inputs });
      if (resource.name === "group") world.remove(resource);
    }
    const before = await engine.comparison(network);
    const refresh = await engine.run(network, "refresh");
    const repaired = await engine.run(network);
    return { before, changes: [refresh.changes, repaired.changes], after: await engine.comparison(network) };
  },
  minor: async (engine) => {
    const program = database({ engineVersion: "17.6" });
    const made = await engine.run(program);
    moveOn(engine, "17.9");
    const preview = await engine.run(program, "preview");
    await engine.run(program, "refresh");
    const after = await engine.run(program, "preview");
    const again = await engine.run(program);
    const changes = [made, preview, after, again].map((run) => run.changes);
    return {
      changes,
      diagnostics: made.diagnostics,
      has: versionsIn(engine),
      comparison: await engine.comparison(program),
    };
  },
  major: async (engine) => {
    const before = database({ engineVersion: "16.10" });
    await engine.run(before);
    moveOn(engine, "16.11");
    const program = database({ engineVersion: "17.7", majorUpgrade: { from: "16" } });
    const preview = await engine.run(program, "preview");
    const upgraded = await engine.run(program);
    const has = versionsIn(engine);
    const afterwards = await engine.run(database({ engineVersion: "17.7" }));
    const again = await engine.run(database({ engineVersion: "17.7" }), "preview");
    const changes = {
      preview: preview.changes,
      upgraded: upgraded.changes,
      afterwards: afterwards.changes,
      again: again.changes,
    };
    return { changes, diagnostics: upgraded.diagnostics, has, comparison: await engine.comparison(program) };
  },
  secrets: async (engine) => {
    const { outputs } = await engine.run(secrets);
    const { value, secret } = outputs.written ?? { value: "", secret: false };
    const state = engine.stateFile();
    await engine.simulated.world.saved();
    const world = readFileSync(join(engine.directory, "world.json"), "utf8");
    const ran = existsSync(join(engine.directory, "ran"));
    const stored = engine.simulated.secretValue("sparki/test");
    return { value, secret, state, world, ran, stored, again: (await engine.run(secrets)).changes };
  },
  component: async (engine) => {
    const program = async () => cluster();
    const preview = await engine.run(program, "preview");
    const made = await engine.run(program);
    const [resources, names] = [all(engine), named(engine)];
    const again = await engine.run(program);
    const comparison = await engine.comparison(program);
    await engine.run(program, "destroy");
    const eks = resources.find(({ type }) => type === "aws:eks/cluster:Cluster");
    return { preview, made, names, cluster: eks, again: again.changes, comparison, left: all(engine).length };
  },
  recovery: async (engine) => {
    const unsupported = await engine.run(async () => void cluster({ version: "1.2" }));
    const impossible = await engine.run(async () => void cluster({ publicAccessCidrs: ["10.0.0.0/8"] }));
    const good = await engine.run(async () => void cluster());
    return { unsupported, impossible, good, names: named(engine) };
  },
  ...Object.fromEntries(
    Object.entries(refused).map(([what, program]): [string, Case] => [
      what,
      async (engine) => ({ ...(await engine.run(program)), comparison: await engine.comparison(program) }),
    ]),
  ),
};

const results: Record<string, unknown> = {};
for (const [name, run] of Object.entries(CASES)) {
  const engine = await SimulatedEngine.open();
  results[name] = await run(engine);
  await engine.close();
}
process.stdout.write(JSON.stringify(results));
