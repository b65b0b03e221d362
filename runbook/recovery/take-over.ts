import { realSeconds, timeScaleOf } from "../../gates/live/pace.ts";
import type { ClusterJob, ClusterLookups, HelmRelease } from "../../io/cluster-lookups.ts";
import { refusalOf } from "../../io/kubernetes-call.ts";
import { nameOf, type RecordedEvent } from "../../records/engine-record.ts";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError, messageOf } from "../../shared/deploy-error.ts";
import type { RunningWork } from "../deploy/stack-target.ts";
import { NAMESPACES } from "../preflight/charts.ts";
import type { PreflightContext } from "../preflight/context.ts";
import { showPhase } from "../report/live.ts";
import { type Adoption, type AdoptionOptions, adoptPending, taggedWith } from "./adopt.ts";
import { foundBy, type Inputs } from "./found-by.ts";
import {
  type BegunJob,
  begunJobs,
  interruptedUpdates,
  isRelease,
  type PendingCreate,
  pendingCreates,
  releasesToRepeat,
  type TakenResource,
  unreadIn,
  withBegunJobs,
  withCreatesKept,
  withCreatesPending,
  withKeptPending,
  withUpdatesRepeated,
} from "./state-edit.ts";

/** What taking over touches of a stack. */
export interface RecoverableTarget extends RunningWork {
  readonly stack: string;
  readonly engine: AdoptionOptions["engine"];
}

type Context = Pick<PreflightContext, "aws" | "cluster" | "state">;

/** What one command takes over of an update that was killed: before it begins, and where it then finds a name taken. */
export class Recovery {
  readonly #target: RecoverableTarget;
  readonly #open: () => Promise<{ readonly context: Context; close(): Promise<void> }>;
  readonly #providersSince: number | undefined;
  /** What was being created and was not there; a provider that lived on may still make it. */
  readonly #lost = new Set<string>();

  /**
   * `providersSince` says since when this run's providers exist, where those of earlier runs are known to have ended, as
   * those of a machine that is gone.
   */
  constructor(
    target: RecoverableTarget,
    open: () => Promise<{ readonly context: Context; close(): Promise<void> }>,
    providersSince?: number,
  ) {
    this.#target = target;
    this.#open = open;
    this.#providersSince = providersSince;
  }

  /** The same as `takeOver`, for who has nothing open to ask by. */
  async takeOverAlone(): Promise<void> {
    const { context, close } = await this.#open();
    try {
      await this.takeOver(context);
    } finally {
      await close();
    }
  }

  /** Takes over what an update that was killed left half-made; nothing while someone else holds the stack, for it may be theirs. */
  async takeOver({ aws, cluster, state }: Context): Promise<void> {
    if ((await state.lock()) !== undefined) return;
    const { engine } = this.#target;
    const found = await engine.exportEncrypted();
    const abandoned = await this.#abandoned(cluster, found);
    const known = new Set(resourcesIn(found).filter(isRelease).map(placeOf));
    const [changed, created] = [
      abandoned.filter((each) => known.has(placeOf({ inputs: each }))),
      abandoned.filter((each) => !known.has(placeOf({ inputs: each }))),
    ];
    // What they had made stays, and is taken over by the next install.
    await this.#forget(cluster, created);
    const repeated = [...new Set([...interruptedUpdates(found), ...releasesToRepeat(found, changed)])];
    const asked = withKeptPending(found);
    const exported = repeated.length > 0 ? withUpdatesRepeated(asked, repeated) : asked;
    const pending = pendingCreates(exported);
    if (pending.length === 0 && unreadIn(exported).length === 0) {
      if (repeated.length > 0) await engine.importState(exported);
    } else {
      const succeeded = await this.#succeeded(cluster, begunJobs(exported));
      // All is written in one step: an import forgets every operation that is pending.
      const options = { aws, saved: found, succeeded };
      const { madeAgain } = await this.#adopt("adopt what an interrupted update left", exported, options);
      for (const { urn, name } of pending) if (madeAgain.includes(name)) this.#lost.add(urn);
    }
    // Once the state says that they are to be changed again: a take-over that is killed before finds them again.
    await this.#forget(cluster, changed);
  }

  /** What Helm was doing in the cluster and nothing carries out any more; a cluster that does not answer is for the checklist. */
  async #abandoned(cluster: Context["cluster"], found: unknown): Promise<readonly HelmRelease[]> {
    const { clock, env, screen, signal } = this.#target;
    const [resources, pending] = [resourcesIn(found), pendingCreates(found)];
    if (![...resources, ...pending].some(({ type }) => type.startsWith("kubernetes:"))) return [];
    const known = new Set(resources.filter(isRelease).map(placeOf));
    const common = { cluster, clock, signal, known, timeScale: timeScaleOf(env), providersSince: this.#providersSince };
    const first = await cluster.helmReleases(NAMESPACES).catch(() => undefined);
    if (first?.some((each) => isUnended(each, known)) !== true) return [];
    const releases = [...resources, ...pending].filter(isRelease);
    return showPhase(screen, clock, "wait for Helm operations that were interrupted", async (phase) => {
      const records = { ...common, releases, onProgress: (text: string) => phase.say(text) };
      const abandoned = await abandonedOperations(records);
      const names = abandoned.map(({ name, status }) => `${name} (${status})`).join(", ");
      phase.note(names === "" ? "it has ended" : `nothing carries it out any more, so it is done again: ${names}`);
      return abandoned;
    });
  }

  /** The jobs that have succeeded since; of a cluster that does not answer nothing is known. */
  async #succeeded(cluster: Context["cluster"], begun: readonly BegunJob[]): Promise<ReadonlySet<string>> {
    const { clock, screen, signal } = this.#target;
    if (begun.length === 0) return new Set();
    return showPhase(screen, clock, "look for jobs that were interrupted", async (phase) => {
      try {
        const options = { cluster, clock, signal, onProgress: (text: string) => phase.say(text) };
        const succeeded = await succeededJobs(begun, options);
        const told = begun.map(
          ({ urn, name }) => `${name} ${succeeded.has(urn) ? "has succeeded" : "is to run again"}`,
        );
        phase.note(told.join(", "));
        return succeeded;
      } catch (error) {
        signal.throwIfAborted();
        phase.note(`the cluster did not answer, so they are to run again: ${messageOf(error)}`);
        return new Set<string>();
      }
    });
  }

  async #forget(cluster: Context["cluster"], abandoned: readonly HelmRelease[]): Promise<void> {
    for (const each of abandoned)
      try {
        await cluster.forgetOperation(each);
      } catch (cause) {
        const { name, namespace, revision, status } = each;
        const what = `Helm's record of ${name} in ${namespace}, ${status} at revision ${revision}`;
        throw new DeployError("SPARKI_OUTSIDE", `could not remove ${what}: ${refusalOf(cause)}`, {
          hint: "run the same command again",
          cause,
        });
      }
  }

  /**
   * Takes what an update found taken into the state, so that the next one changes it and does not make it: where it is
   * this stack's by its tags, is in the stack's own cluster, or was being created when an update was killed. Answers
   * with the names of what was taken over.
   */
  async adoptTaken(taken: readonly TakenResource[]): Promise<readonly string[]> {
    const { context, close } = await this.#open();
    try {
      const { engine, stack } = this.#target;
      const owned = await taggedWith(context.aws, { project: "sparki", stack });
      const isOurs = (pending: PendingCreate, id: string) => this.#lost.has(pending.urn) || isOwn(pending, id, owned);
      const saved = await engine.exportEncrypted();
      const exported = withCreatesPending(saved, taken);
      const options = { aws: context.aws, isOurs, saved };
      const { adopted } = await this.#adopt("adopt what exists already", exported, options);
      const before = new Set(resourcesIn(saved).map(({ urn }) => urn));
      return adopted.filter((name) => taken.some(({ urn }) => nameOf(urn) === name && !before.has(urn)));
    } finally {
      await close();
    }
  }

  /**
   * Takes into the state what an update made without an answer about it, such as when its provider ended: the engine
   * forgets it then, and the next update would make it a second time, or find its name taken. Where AWS cannot be asked
   * now, the state keeps what to ask for, and the next command's take-over does. Never throws: how the update itself ended
   * is what there is to tell, and this only beside it.
   */
  async adoptUnanswered(unanswered: readonly TakenResource[]): Promise<void> {
    const { engine, screen } = this.#target;
    try {
      const saved = await engine.exportEncrypted();
      const known = new Set(resourcesIn(saved).map(({ urn }) => urn));
      const lost = unanswered.filter(({ urn }) => !known.has(urn));
      if (lost.length === 0) return;
      const { context, close } = await this.#open();
      try {
        const options = { aws: context.aws, saved };
        await this.#adopt("adopt what AWS never confirmed", withCreatesPending(saved, lost), options);
      } finally {
        await close();
      }
    } catch (error) {
      const names = unanswered.map(({ urn }) => nameOf(urn)).join(", ");
      const what = `${names}: AWS never confirmed its creation, and looking it up failed: ${messageOf(error)}`;
      const kept = await this.#keep(unanswered).then(
        () => "the next deployment looks again",
        (cause: unknown) => `it could not be kept in the state either: ${messageOf(cause)}`,
      );
      screen.line(`  ! ${what}; ${kept}`);
    }
  }

  /** Writes into the state what is to be asked for; nothing where that would be written over another resource. */
  async #keep(unanswered: readonly TakenResource[]): Promise<void> {
    const { engine } = this.#target;
    const saved = await engine.exportEncrypted();
    const known = new Set(resourcesIn(saved).map(({ urn }) => urn));
    const pending = withCreatesPending(
      saved,
      unanswered.filter(({ urn }) => !known.has(urn)),
    );
    // What was being replaced is in the state already: its creation stays pending, as the engine has left it.
    if (pendingCreates(pending).some(({ urn }) => known.has(urn))) return;
    await engine.importState(withCreatesKept(withUpdatesRepeated(pending, interruptedUpdates(saved))));
  }

  #adopt(
    title: string,
    exported: unknown,
    {
      succeeded = new Set(),
      ...options
    }: Pick<AdoptionOptions, "aws" | "isOurs"> & { readonly saved: unknown; readonly succeeded?: ReadonlySet<string> },
  ): Promise<Adoption> {
    const { clock, engine, env, screen, signal, stack } = this.#target;
    return showPhase(screen, clock, title, async (phase) => {
      const onProgress = (text: string) => phase.say(text);
      const settings = { engine, stack, clock, timeScale: timeScaleOf(env), signal, onProgress, ...options };
      const adoption = await adoptPending(withBegunJobs(exported, succeeded), settings);
      const { adopted, madeAgain } = adoption;
      phase.note(`${adopted.length} exist and are now in the state, ${madeAgain.length} will be created again`);
      return adoption;
    });
  }
}

/** Since when the providers of a command exist: unknown unless `--abandoned` says that no earlier one is at work any more. */
export function providersSince({ abandoned }: { readonly abandoned?: unknown }): number | undefined {
  return abandoned === true ? Number.POSITIVE_INFINITY : undefined;
}

/** Where Helm keeps a release. */
function placeOf({
  inputs: { namespace, name },
}: {
  readonly inputs: object & { namespace?: unknown; name?: unknown };
}) {
  return `${namespace}/${name}`;
}

const RECORD = "aws:route53/record:Record";

/**
 * Whether what exists is the stack's own: it is in the stack's own cluster, was found by the stack's tags, or it or what
 * it belongs to has them. A record in the stack's zone may be someone's.
 */
function isOwn({ type }: PendingCreate, id: string, owned: readonly string[]): boolean {
  if (type.startsWith("kubernetes:") || foundBy(type)?.by !== "name") return true;
  if (type === RECORD) return false;
  const [parent = id] = id.split(/[:#,]|(?<!^)\//);
  return owned.some((arn) => isNamed(arn, id) || isNamed(arn, parent));
}

/** Whether an ARN is that of the resource which a provider imports by this id. */
function isNamed(arn: string, id: string): boolean {
  return arn === id || arn.endsWith(`:${id}`) || arn.endsWith(`/${id}`);
}

/** How AWS, Kubernetes and Helm refuse to make what already exists. */
const TAKEN =
  /already[ -]?(?:exist|associated|owned|attached|enabled)|Already(?:Exists|Associated|OwnedByYou)|cannot re-use a name|\w\.Duplicate\b|Duplicate\w+(?:Exception)?:/i;

/** AWS's own word that it did not do what was asked, or a gate's; after an error of AWS's servers it may have. */
const ANSWERED = /\bapi error \w|\bStatusCode: 4\d\d\b|\bbefore hook "/;
const MAY_BE_DONE = /\bStatusCode: 5\d\d\b/;

/** What the engine's events show in place of a secret. */
const HIDDEN = "[secret]";

type Metadata = NonNullable<RecordedEvent["resOpFailedEvent"]>["metadata"];

/** Collects, from an update's events, the resources whose creation was refused because they are there already. */
export class TakenResources {
  readonly #refused = new Map<string, NonNullable<Metadata>>();
  readonly #errors = new Map<string, string>();

  see({ resOpFailedEvent, diagnosticEvent }: RecordedEvent): void {
    const metadata = resOpFailedEvent?.metadata;
    if (metadata !== undefined && /^create/.test(metadata.op)) this.#refused.set(metadata.urn, metadata);
    const { urn, severity, message = "" } = diagnosticEvent ?? {};
    if (urn && severity === "error") this.#errors.set(urn, `${this.#errors.get(urn) ?? ""}\n${message}`);
  }

  get found(): readonly TakenResource[] {
    return this.#those((error) => TAKEN.test(error));
  }

  /**
   * What may be at AWS although its creation failed, because nothing says that it was refused: by AWS, or by a gate before
   * it. It would be made a second time, or its name be taken by what looks like someone else's.
   */
  get unanswered(): readonly TakenResource[] {
    const isUnanswered = (error: string) => !ANSWERED.test(error) || MAY_BE_DONE.test(error);
    const isFound = (type: string) => type.startsWith("aws:") && foundBy(type)?.by !== "effect";
    return this.#those((error, { op, type }) => op === "create" && isFound(type) && isUnanswered(error));
  }

  #those(isWanted: (error: string, metadata: NonNullable<Metadata>) => boolean): readonly TakenResource[] {
    const wanted = [...this.#refused.values()].filter((each) => isWanted(this.#errors.get(each.urn) ?? "", each));
    return wanted.map(({ urn, type, provider, new: made }) => ({
      urn,
      type,
      custom: true,
      provider,
      ...(made?.parent ? { parent: made.parent } : {}),
      inputs: shown(made?.inputs ?? {}),
    }));
  }
}

/** The inputs without those that the events do not show: the next update tells the provider of them. */
function shown(inputs: Inputs): Inputs {
  return Object.fromEntries(
    Object.entries(inputs).filter(([, value]) => !JSON.stringify(value ?? "").includes(HIDDEN)),
  );
}

/** What Helm is asked with, and for how long. */
export interface HelmRecords {
  readonly cluster: Pick<ClusterLookups, "helmReleases">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  /** The releases that the state has, or that were being created: their inputs hold their time limits. */
  readonly releases: readonly Pick<StateResource, "inputs">[];
  /** The places of those that the state has. @default none */
  readonly known?: ReadonlySet<string>;
  /** Since when the providers of this run exist, in seconds since 1970. @default unknown: those of an earlier run may live */
  readonly providersSince?: number | undefined;
  onProgress(text: string): void;
}

/** The longest limit of the program's releases: for one whose own limit is not known. */
const LONGEST_RELEASE_SECONDS = 900;
/** Helm's own limit where a release states none. */
const DEFAULT_SECONDS = 300;
/** From the limit until Helm has noted that it was reached. */
const NOTED_SECONDS = 30;
/** Real pods need real time to start, so a rehearsal's Helm does not end earlier than that. */
const SHORTEST_SECONDS = 60;
const LOOK_EVERY_SECONDS = 5;

/**
 * Whether Helm calls an operation unended, which it refuses any other over. A first install that failed takes away what it
 * made; what the state has is only taken away by who deletes it, and is deleted again.
 */
function isUnended(release: HelmRelease, known: ReadonlySet<string>): boolean {
  if (release.status === "uninstalling") return !known.has(placeOf({ inputs: release }));
  return release.status.startsWith("pending-");
}

/**
 * The operations of Helm that nothing carries out any more: their program was killed, or lost the API server, and Helm
 * would refuse every later one. A provider may outlive its engine and still be at it, so the operation's own time limit is
 * waited for first. What ends by itself meanwhile is none of them.
 */
export async function abandonedOperations(records: HelmRecords): Promise<readonly HelmRelease[]> {
  const { cluster, clock, signal, known = new Set<string>(), onProgress } = records;
  const begin = clock.now();
  for (;;) {
    const all = (await cluster.helmReleases(NAMESPACES)) ?? [];
    const pending = all.filter((each) => isUnended(each, known));
    const living = pending.filter((each) => endOf(each, begin, records) > clock.now());
    if (living.length === 0) return pending;
    const left = Math.max(...living.map((each) => endOf(each, begin, records))) - clock.now();
    const names = living.map(({ name, status }) => `${name} (${status})`).join(", ");
    onProgress(
      `Helm may still be working on ${names}: waiting ${Math.ceil(left)} s at most (with --abandoned not at all)`,
    );
    await clock.sleep(Math.min(LOOK_EVERY_SECONDS, left), signal);
  }
}

/** When nobody can be at it any more; a cluster's clock that is ahead of ours delays that no further. */
function endOf({ name, namespace, since }: HelmRelease, begin: number, records: HelmRecords): number {
  const { releases, providersSince = 0, timeScale } = records;
  if (since < providersSince) return 0;
  const own = releases.find(({ inputs }) => inputs.name === name && inputs.namespace === namespace)?.inputs;
  const stated = typeof own?.timeout === "number" ? own.timeout : DEFAULT_SECONDS;
  const limit = (own === undefined ? LONGEST_RELEASE_SECONDS : stated) + NOTED_SECONDS;
  return Math.min(since, begin) + realSeconds(limit, { timeScale, shortest: SHORTEST_SECONDS });
}

/** What the cluster is asked with, and for how long. */
interface JobsOptions {
  readonly cluster: Pick<ClusterLookups, "jobs">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  onProgress(text: string): void;
}

/** The jobs' own limit, and the time that Kubernetes needs to end one that has reached it. */
const LONGEST_JOB_SECONDS = 660;

/**
 * Which of these jobs have succeeded, by URN. The cluster carries a job on whoever asked for it has died: one that still runs
 * is waited for, to its own limit, since nothing is known of the database before.
 */
async function succeededJobs(
  begun: readonly BegunJob[],
  { cluster, clock, signal, onProgress }: JobsOptions,
): Promise<ReadonlySet<string>> {
  const deadline = clock.now() + LONGEST_JOB_SECONDS;
  for (;;) {
    const jobs = (await cluster.jobs(NAMESPACES)) ?? [];
    const running = begun.filter((each) => jobs.some((job) => job.state === "running" && isOf(job, each)));
    const left = deadline - clock.now();
    if (running.length === 0 || left <= 0) {
      const done = begun.filter((each) => jobs.some((job) => job.state === "succeeded" && isOf(job, each)));
      return new Set(done.map(({ urn }) => urn));
    }
    const names = running.map(({ name }) => name).join(", ");
    onProgress(`the cluster still runs ${names}: waiting ${Math.ceil(left)} s at most`);
    await clock.sleep(Math.min(LOOK_EVERY_SECONDS, left), signal);
  }
}

/** By its name and all that it runs for, which its image alone says of no job that runs again for anything else. */
function isOf({ name, image }: ClusterJob, begun: BegunJob): boolean {
  const [trigger, ...others] = begun.triggers;
  return begun.name.endsWith(`-${name}-run`) && trigger === image && others.length === 0;
}
