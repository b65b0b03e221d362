import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { kubeconfigFor } from "../../rehearsal/cluster/control-plane.ts";
import { startKubernetesProvider } from "../../rehearsal/kubernetes/provider.ts";
import { Processes } from "../../rehearsal/processes.ts";
import { CASES, type Case, CRASHING, type Expected, GOOD, type Step } from "../support/conformance/cases.ts";
import { type Kept, ProviderClient, Refused, startEngine } from "../support/conformance/provider-client.ts";
import { type RehearsedCluster, startRehearsedCluster } from "../support/rehearsed-cluster.ts";
import { CHART, DEPLOYMENT } from "../support/shop-chart.ts";
import { toolPath } from "../support/tool.ts";

// A case may wait until others have ended.
jest.setTimeout(600_000);

type Who = "stand-in" | "real";
/** Starts one of them; it may be killed, and then another one is started. */
type Start = (settings: Readonly<Record<string, string>>) => Promise<ProviderClient>;

let cluster: RehearsedCluster;
let project: string;
let engine: Awaited<ReturnType<typeof startEngine>>;
const open: (() => Promise<void>)[] = [];

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), "sparki-conformance-"));
  mkdirSync(join(project, "chart", "templates"), { recursive: true });
  writeFileSync(join(project, "chart", "Chart.yaml"), CHART);
  writeFileSync(join(project, "chart", "templates", "deployment.yaml"), DEPLOYMENT);
  [cluster, engine] = await Promise.all([startRehearsedCluster(), startEngine()]);
  cluster.images.push(GOOD, { kind: "web" });
  cluster.images.push(CRASHING, { kind: "web", crash: true });
});

afterAll(async () => {
  for (const close of open.splice(0)) await close();
  engine?.close();
  await cluster?.stop();
  rmSync(project, { recursive: true, force: true });
});

const kubeconfig = () => {
  const { endpoint, certificateAuthorityPem, token } = cluster.access;
  return kubeconfigFor(endpoint, certificateAuthorityPem, token);
};

const START: Readonly<Record<Who, Start>> = {
  "stand-in": async (settings) => {
    const processes = new Processes(mkdtempSync(join(project, "stand-in-")));
    const options = { processes, helm: toolPath("helm"), projectDirectory: project, timeScale: 1 };
    const served = await startKubernetesProvider(options);
    const client = await ProviderClient.attached(served.port, engine.address, () => {
      // Its helm dies with it.
      killRunning(processes);
      return served.close();
    });
    open.push(() => served.close());
    await client.configure({ kubeconfig: kubeconfig(), ...settings });
    return client;
  },
  real: async (settings) => {
    // It leaves its kubeconfig among temporary files.
    const env = { PATH: process.env.PATH ?? "", HOME: project, TMPDIR: project, KUBECONFIG: join(project, "none") };
    const client = await ProviderClient.started(toolPath("pulumi-resource-kubernetes"), engine.address, {
      cwd: project,
      env,
    });
    open.push(() => client.close());
    await client.configure({ kubeconfig: kubeconfig(), ...settings });
    return client;
  },
};

function killRunning({ runDirectory }: Processes): void {
  const records: { pid: number }[] = JSON.parse(readFileSync(join(runDirectory, "processes.json"), "utf8"));
  for (const { pid } of records) process.kill(-pid, "SIGKILL");
}

/** Instances by settings: the engine has one for each provider resource. */
const running = new Map<string, Promise<ProviderClient>>();

function providerOf(who: Who, settings: Readonly<Record<string, string>>): Promise<ProviderClient> {
  const key = JSON.stringify([who, settings]);
  const known = running.get(key) ?? START[who](settings);
  running.set(key, known);
  return known;
}

/** Whether all that is wanted is so. */
function isLike(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return found === wanted;
  return Object.entries(wanted).every(([key, value]) => isLike(Object(found)[key], value));
}

class Play {
  readonly #who: Who;
  readonly #case: Case;
  readonly #place: string;
  #client: ProviderClient | undefined;
  #kept: Kept | undefined;

  constructor(who: Who, each: Case, place: string) {
    this.#who = who;
    this.#case = each;
    this.#place = place;
  }

  async run(): Promise<void> {
    await cluster.api.create("/api/v1/namespaces", { metadata: { name: this.#place } });
    await cluster.api
      .create(`/api/v1/namespaces/${this.#place}/serviceaccounts`, { metadata: { name: "default" } })
      .catch(() => undefined);
    this.#client = await providerOf(this.#who, this.#case.settings ?? {});
    for (const [index, step] of this.#case.steps.entries()) {
      const seen = await this.#observed(step);
      const own = this.#who === "real" ? step.built : undefined;
      const expected = own?.expect ?? step.expect ?? {};
      const wanted = "refused" in expected ? expected : { ...expected, refused: undefined };
      const at = `${this.#who}, step ${index + 1}: ${step.do}`;
      expect({ at, refused: undefined, ...seen }).toMatchObject({ at, ...this.#placed(wanted) });
    }
  }

  async #observed(step: Step): Promise<Expected> {
    try {
      return await this.#done(step);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#kept = error.kept ?? this.#kept;
      return { refused: error.message, kept: error.kept };
    }
  }

  async #done(step: Step): Promise<Expected> {
    const client = this.#client;
    if (client === undefined) throw new Error("the case has not begun");
    const named = { type: this.#case.type, name: "thing" };
    switch (step.do) {
      case "configuration":
        return client.diffConfig(step.olds, step.news);
      case "outside":
        return this.#outside(step);
      case "orphaned create":
        return this.#orphaned(client, named, step);
      case "killed create":
        return this.#killed(client, named, step);
      case "preview": {
        const { inputs } = await client.check(named, this.#placed(step.inputs));
        return { ...(await client.create(named, inputs, true)) };
      }
      case "create": {
        const { inputs, failures } = await client.check(named, this.#placed(step.inputs));
        if (failures.length > 0) return { refused: failures.join("\n") };
        const { secrets, ...kept } = await client.create(named, inputs);
        this.#kept = kept;
        const unset = ["stringData"].filter((key) => !(key in kept.inputs));
        return { ...kept, unset, secrets: secrets.map(([first]) => first).filter((each) => each !== "__inputs") };
      }
      default:
        return this.#later(step.do, client, named, step);
    }
  }

  async #later(what: Step["do"], client: ProviderClient, named: { type: string; name: string }, step: Step) {
    const kept = this.#kept;
    if (kept === undefined) throw new Error("nothing is in the state");
    const wanted = "inputs" in step ? (await client.check(named, this.#placed(step.inputs), kept.inputs)).inputs : {};
    if (what === "diff") return { ...(await client.diff(named, kept, wanted)) };
    if (what === "update") {
      this.#kept = await client.update(named, kept, wanted);
      return { ...this.#kept };
    }
    if (what === "delete") {
      await client.remove(named, kept);
      return {};
    }
    const found = await client.read(named, kept);
    if (found === undefined) return { gone: true };
    this.#kept = found;
    return { ...found };
  }

  /** The call is given up by who made it; the provider is told nothing more. */
  async #orphaned(
    client: ProviderClient,
    named: { type: string; name: string },
    step: Step & { do: "orphaned create" },
  ) {
    const { inputs } = await client.check(named, this.#placed(step.inputs));
    await client.createAndLeave(named, inputs);
    const wanted = this.#placed(step.with);
    const found = () => cluster.api.get(this.#text(step.until));
    const deadline = performance.now() + 180_000;
    for (let now = await found(); performance.now() < deadline; now = await found()) {
      if (isLike(now, wanted)) return {};
      await delay(100);
    }
    expect(await found()).toMatchObject(wanted);
    return {};
  }

  async #killed(client: ProviderClient, named: { type: string; name: string }, step: Step & { do: "killed create" }) {
    const { inputs } = await client.check(named, this.#placed(step.inputs));
    const creating = client.create(named, inputs).catch((error: unknown) => error);
    while ((await cluster.api.get(this.#text(step.once))) === undefined) await delay(50);
    running.delete(JSON.stringify([this.#who, this.#case.settings ?? {}]));
    await client.kill();
    await creating;
    this.#client = await providerOf(this.#who, this.#case.settings ?? {});
    return {};
  }

  async #outside(step: Step & { do: "outside" }): Promise<Expected> {
    if ("helm" in step) {
      const file = join(project, "kubeconfig");
      writeFileSync(file, kubeconfig(), { mode: 0o600 });
      const env = { PATH: process.env.PATH, HOME: project, KUBECONFIG: file };
      execFileSync(
        toolPath("helm"),
        step.helm.map((word) => this.#text(word)),
        { cwd: project, env, stdio: "pipe" },
      );
    } else if ("remove" in step) await cluster.api.delete(this.#text(step.remove));
    else if ("patch" in step) await cluster.api.patch(this.#text(step.patch), "merge-patch", this.#placed(step.with));
    else await cluster.api.create(this.#text(step.create), this.#placed(step.with));
    return {};
  }

  #text(text: string): string {
    return text.replaceAll("{place}", this.#place);
  }

  /** The same with the case's own namespace in all its texts; what is no plain data, as a matcher, stays as it is. */
  #placed<T>(value: T): T;
  #placed(value: unknown): unknown {
    if (typeof value === "string") return this.#text(value);
    if (Array.isArray(value)) return value.map((item) => this.#placed(item));
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#placed(item)]));
  }
}

const WHO = ["stand-in", "real"] as const;
const PLAYED = CASES.map((each, index) => [each.name, each, index] as const);

/** Mostly a case waits for pods or for a time limit. Where a provider is killed, no other case may be using it. */
const canShare = ({ steps }: Case) => steps.every(({ do: what }) => what !== "killed create");
const AT_ONCE = 4;

/** The cases that run in parallel: started together, and each awaited by its own test. */
const begun = new Map<string, Promise<void>>();

beforeAll(() => {
  const waiting = WHO.flatMap((who) =>
    PLAYED.filter(([, each]) => canShare(each)).map(([, each, index]) => ({ who, each, index })),
  );
  // The longest first, so that none of them is begun last.
  const isLong = ({ each }: { each: Case }) => (/Deployment|Release/.test(each.type) ? 0 : 1);
  waiting.sort((one, other) => isLong(one) - isLong(other));
  const lanes: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  for (const [turn, { who, each, index }] of waiting.entries()) {
    const lane = turn % AT_ONCE;
    const played = Promise.resolve(lanes[lane]).then(() => new Play(who, each, `${who}-${index}`).run());
    lanes[lane] = played.catch(() => undefined);
    // Its own test tells.
    played.catch(() => undefined);
    begun.set(`${who}-${index}`, played);
  }
  shared = Promise.all(lanes);
});
/** Ends with the last case that shares a provider with others. */
let shared: Promise<unknown> = Promise.resolve();

describe.each(WHO)("the %s Kubernetes provider", (who) => {
  it.each(PLAYED)("%s", async (_, each, index) => {
    const place = `${who}-${index}`;
    if (!canShare(each)) await shared;
    await (begun.get(place) ?? new Play(who, each, place).run());
  });
});

describe("the table of cases", () => {
  it("says of which version, and why, wherever the two differ", () => {
    const differing = CASES.flatMap(({ steps }) => steps.flatMap(({ built }) => built ?? []));
    for (const { because } of differing) expect(because).toMatch(/\d\.\d+/);
  });
});
