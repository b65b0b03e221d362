import * as pulumi from "@pulumi/pulumi";
import { type GateResult, worst } from "../gates/gate.ts";
import { assertDecidable } from "../gates/live/gate-decidable.ts";
import { GateLog } from "../gates/live/gate-log.ts";
import { TRACKS_AT_ONCE } from "../gates/live/pace.ts";
import type { StartTarget } from "../gates/live/start-gate.ts";
import type { GateTarget } from "../gates/live/track.ts";
import { whileAway } from "../io/kubernetes-call.ts";
import { isRollbackUpdate } from "../records/helm-release.ts";
import { DeployError } from "../shared/deploy-error.ts";
import { terminalText } from "../shared/text/visible.ts";
import { outputsSchema, type StackOutputs } from "../stacks/outputs.ts";
import { byService, type ServiceName, servicesOf, TRACK_KINDS, type Track } from "../stacks/services.ts";
import type { Platform } from "./platform.ts";
import type { Promotion } from "./promotion.ts";

/** What asks the network takes its time to load, and a preview asks nothing. */
const tracks = () => import("../gates/live/track-gate.ts");
const entrance = () => import("../gates/live/entrance-gate.ts");
const beginning = () => import("../gates/live/start-gate.ts");

/** The gates of a release, as hooks on what must not happen unless they pass. A preview never runs them. */
export class Gates {
  /** Before anything of a release changes: users' error budget is not burning already. */
  readonly start: pulumi.ResourceHook;
  /** Before each service's fleet: its one-box is healthy and within the objectives. */
  readonly fleets: Readonly<Record<ServiceName, pulumi.ResourceHook>>;
  /** Before the promotion record: all fleets are. */
  readonly promotion: pulumi.ResourceHook;
  /** Before a name points here: the entrance answers for the domain, with its certificate. */
  readonly cutover: pulumi.ResourceHook;
  readonly #platform: Platform;
  readonly #log = new GateLog(process.env);
  // A hook runs outside the program's context, where the engine would not say the name.
  readonly #stack = pulumi.getStack();
  #started: Promise<void> | undefined;
  #podsBefore: GateTarget["podsBefore"];

  constructor(platform: Platform) {
    this.#platform = platform;
    // In a preview too: a gate that could never decide is refused before anything starts.
    assertDecidable(platform.config, this.#stack);
    this.start = this.#startHook("before-release");
    this.fleets = byService((workload) => this.#trackHook(`before-${workload}-fleet`, [{ workload, kind: "one-box" }]));
    this.promotion = this.#trackHook(
      "before-promotion",
      servicesOf(platform.config).map((workload) => ({ workload, kind: "fleet" })),
    );
    this.cutover = this.#hook("before-cutover", async (target) => (await entrance()).runEntranceGate(target));
  }

  /** The evidence behind the current promotion: of this update's gates, or of the update in which they ran. */
  evidence(promotion: Promotion, before: pulumi.StackReference): pulumi.Output<StackOutputs["gates"]> {
    return pulumi.all([promotion.record, before.getOutput("gates")]).apply(([_, kept]) => {
      if (this.#log.results.length > 0) return [...this.#log.results];
      return outputsSchema.shape.gates.catch([]).parse(kept);
    });
  }

  /** It guards the release's first change, whichever that is, and looks once in an update. */
  #startHook(name: string): pulumi.ResourceHook {
    const judge = async () => {
      this.#podsBefore = await this.#pods();
      // A budget that burns is a reason to roll back, not to stay.
      if (isRollbackUpdate(process.env)) return;
      const { runStartGate } = await beginning();
      const results = await runStartGate(await this.#surroundings());
      // Nothing is live before the first release, and so nothing burns.
      if (results.length > 0) this.#conclude(name, results);
    };
    return new pulumi.ResourceHook(
      name,
      () => {
        this.#started ??= judge();
        return this.#started;
      },
      { onDryRun: false },
    );
  }

  /** Going back does not wait for a cluster that does not answer: its gates have their own patience. */
  async #pods(): Promise<GateTarget["podsBefore"]> {
    const all = servicesOf(this.#platform.config).flatMap((workload) =>
      TRACK_KINDS.map((kind) => ({ workload, kind })),
    );
    const target = await this.#surroundings();
    const { podsOf } = await tracks();
    return isRollbackUpdate(process.env)
      ? podsOf(target, all).catch(() => undefined)
      : whileAway(() => podsOf(target, all), target.signal);
  }

  #trackHook(name: string, guarded: readonly Track[]): pulumi.ResourceHook {
    const tracksAtOnce = Math.min(guarded.length, TRACKS_AT_ONCE);
    return this.#hook(name, async (target) => {
      const { judgeSideBySide, runTrackGate } = await tracks();
      return judgeSideBySide(guarded, target.signal, (track, signal) =>
        runTrackGate({ ...target, signal, tracksAtOnce }, track),
      );
    });
  }

  #hook(name: string, judge: (target: GateTarget) => Promise<GateResult[]>): pulumi.ResourceHook {
    return new pulumi.ResourceHook(name, async () => this.#conclude(name, await judge(await this.#target())), {
      onDryRun: false,
    });
  }

  #conclude(name: string, results: readonly GateResult[]): void {
    this.#log.add(results);
    refuseUnlessPassed(name, results);
  }

  /** What a gate needs of the platform; known by now, because what the hook guards depends on it. */
  async #target(): Promise<GateTarget> {
    const loadBalancer = await known(this.#platform.edge.loadBalancer.dnsName);
    return { ...(await this.#surroundings()), loadBalancer, podsBefore: this.#podsBefore };
  }

  async #surroundings(): Promise<StartTarget> {
    const { config, cluster } = this.#platform;
    const kubeconfig = await known(cluster.kubeconfig);
    return { config, stack: this.#stack, kubeconfig, env: process.env, signal: interruption(), onProgress: say };
  }
}

/** An output's value, once it is known. */
function known<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve);
  });
}

/** Trouble with a source is the same for every objective; all of it is in the evidence. */
const SHOWN_REASONS = 2;

/** Every verdict but `pass` refuses: what could not be proven is held, what could not be checked too. */
function refuseUnlessPassed(name: string, results: readonly GateResult[]): void {
  const verdict = worst(results.map((result) => result.verdict));
  if (verdict === "pass") return;
  const refusing = results.filter((result) => result.verdict === verdict);
  const reasons = refusing
    .slice(0, SHOWN_REASONS)
    .map(
      ({ gate, objective, reason, words }) =>
        `${words === undefined ? "" : `${words}; `}${gate}, ${objective}: ${reason}`,
    );
  if (refusing.length > SHOWN_REASONS) reasons.push(`and ${refusing.length - SHOWN_REASONS} more like it`);
  const code = verdict === "fail" ? "SPARKI_GATE" : "SPARKI_HELD";
  throw new DeployError(code, terminalText(`gate ${name}: ${verdict}. ${reasons.join("; ")}`));
}

/** Shown while it happens, not kept in the update's log. */
function say(text: string): void {
  void pulumi.log.info(terminalText(text), undefined, undefined, true);
}

/** Aborts when the update is interrupted, so that a waiting gate never delays its end. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => controller.abort(new DeployError("SPARKI_OUTSIDE", `gate interrupted by ${signal}`)));
  }
  return controller.signal;
}
