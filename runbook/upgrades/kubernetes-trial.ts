import { KUBERNETES } from "../../aws/catalog.ts";
import { facts } from "../../aws/facts.ts";
import type { RenderedObject } from "../../records/object-facts.ts";
import { objectTitle } from "../../records/object-facts.ts";
import { DeployError, EXIT, messageOf } from "../../shared/deploy-error.ts";
import { servicesOf } from "../../stacks/services.ts";
import { type ChartTrial, monitoringTrial, NAMESPACES, workloadTrials } from "../preflight/charts.ts";
import type { PreflightContext } from "../preflight/context.ts";
import { apiFinding, installedObjects, renderedObjectsOf } from "../preflight/kubernetes-apis.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";

/** What an API server says to an object that it is asked to take. */
export interface ServerAnswer {
  /** Of HTTP. */
  readonly status: number;
  /** Its own word for a refusal, such as `Invalid`. */
  readonly reason: string;
  readonly message: string;
  readonly warnings: readonly string[];
}

/** Where an object of a stack comes from: what a chart renders, or what Helm keeps of the release that runs. */
export type Origin = "apps/charts" | "installed";

/** What one version's API server makes of one object. */
export interface ObjectVerdict {
  /** Such as `PodDisruptionBudget sparki-engine/engine-fleet`. */
  readonly object: string;
  readonly origin: Origin;
  /** Such as `policy/v1 PodDisruptionBudget`. */
  readonly api: string;
  /** Why it is refused; undefined where it is accepted. */
  readonly refused?: string;
  /** In the server's own words. */
  readonly warnings: readonly string[];
}

/** Something that was not asked about, and why. */
export interface LeftOut {
  readonly what: string;
  readonly why: string;
}

/** A stack's objects, and what of them is not here. */
export interface TrialObjects {
  readonly charts: readonly string[];
  readonly objects: readonly { readonly object: RenderedObject; readonly origin: Origin }[];
  /** Charts that do not render. */
  readonly unrendered: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

/** What a version's API server makes of a stack: the document of `sparki upgrades --kubernetes <version> --json`. */
export interface KubernetesTrial {
  readonly stack: string;
  readonly exitCode: number;
  /** The minor version that was asked for, and the one in the stack's config. */
  readonly kubernetes: string;
  readonly configured: string;
  /** As the API server says itself, such as `1.36.3`. */
  readonly server: string;
  /** What was rendered. */
  readonly charts: readonly string[];
  /** Objects that the server takes. */
  readonly accepted: number;
  readonly refused: readonly Omit<ObjectVerdict, "warnings">[];
  readonly warnings: readonly Omit<ObjectVerdict, "refused">[];
  readonly unrendered: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

/** What looks outside of this machine is given up after so long, and said to be left out. */
const LOOK_SECONDS = 60;

/** Every object that the stack's charts render for the version, and every one that Helm keeps of what is installed. */
export async function trialObjects(
  context: PreflightContext,
  version: string,
  signal: AbortSignal,
): Promise<TrialObjects> {
  const { config } = context;
  const upgraded = { ...context, config: { ...config, cluster: { ...config.cluster, version } } };
  const look = <T>(what: string, ask: () => Promise<T | undefined>, none: string) => lookedAt(what, ask, none, signal);
  const [monitoring, installed] = await Promise.all([
    look("the monitoring chart", () => monitoringTrial(context), "no earlier release has values for it"),
    look("what is installed", () => installedObjects(context), "there is no cluster"),
  ]);
  const trials: ChartTrial[] = servicesOf(config).flatMap((name) => workloadTrials(upgraded, name));
  if ("found" in monitoring) trials.push(monitoring.found);
  const rendered = await Promise.all(trials.map((trial) => renderedObjectsOf(upgraded, trial, signal)));
  const titled = (isRendered: boolean) =>
    trials.filter((_, index) => (rendered[index] !== undefined) === isRendered).map(({ title }) => title);
  const ofCharts = rendered.flatMap((each) => each ?? []).map((object) => ({ object, origin: "apps/charts" as const }));
  const kept = "found" in installed ? installed.found.map((object) => ({ object, origin: "installed" as const })) : [];
  return {
    charts: titled(true),
    objects: [...ofCharts, ...kept],
    unrendered: titled(false),
    leftOut: [monitoring, installed].flatMap((each) => ("found" in each ? [] : [each])),
  };
}

/** What was found, or what is left out and why: without an account, a cluster or a state nothing answers. */
async function lookedAt<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  none: string,
  signal: AbortSignal,
): Promise<{ readonly found: T } | LeftOut> {
  const limit = AbortSignal.timeout(LOOK_SECONDS * 1000);
  const late = new Promise<never>((_, reject) => {
    limit.addEventListener("abort", () => reject(new Error(`no answer within ${LOOK_SECONDS} s`)));
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    const found = await Promise.race([ask(), late]);
    return found === undefined ? { what, why: none } : { found };
  } catch (error) {
    signal.throwIfAborted();
    return { what, why: messageOf(error).split("\n")[0] ?? "" };
  }
}

/** The namespaces of the objects, and those that the stack always has. */
export function namespacesOf({ objects }: Pick<TrialObjects, "objects">): string[] {
  const named = objects.map(({ object }) => metadataOf(object).namespace);
  return [...new Set([...NAMESPACES, ...named.filter((name) => typeof name === "string")])];
}

function metadataOf({ metadata }: RenderedObject): { readonly name?: unknown; readonly namespace?: unknown } {
  return typeof metadata === "object" && metadata !== null ? metadata : {};
}

/** Asks a version's API server about each object; throws SPARKI_OUTSIDE when one is not answered. */
export async function askAll(
  { objects }: Pick<TrialObjects, "objects">,
  version: string,
  ask: (object: RenderedObject) => Promise<ServerAnswer | undefined>,
  onAnswer: (count: number) => void = () => undefined,
): Promise<ObjectVerdict[]> {
  const verdicts: ObjectVerdict[] = [];
  for (const { object, origin } of objects) {
    verdicts.push(verdictOf(object, origin, version, await ask(object)));
    onAnswer(verdicts.length);
  }
  return verdicts;
}

/** What an answer means for an object; undefined is the answer of a server that has no such API. */
export function verdictOf(
  object: RenderedObject,
  origin: Origin,
  version: string,
  answer: ServerAnswer | undefined,
): ObjectVerdict {
  const named = { object: objectTitle(object), origin, api: `${object.apiVersion} ${object.kind}` };
  if (answer === undefined) return { ...named, refused: unserved(object, version), warnings: [] };
  const { status, reason, message, warnings } = answer;
  if (status < 400) return { ...named, warnings };
  const unknown = unknownFields(message);
  if (unknown.length === 0 && (status >= 500 || status === 401 || status === 429))
    throw new DeployError("SPARKI_OUTSIDE", `the API server does not judge ${named.object}: ${message}`, {
      hint: "run the same command again",
    });
  const refused =
    unknown.length > 0 ? `${named.api} has no field ${unknown.join(", ")}` : (REFUSALS[reason]?.(message) ?? message);
  return { ...named, refused, warnings };
}

/** The words of preflight's table, where it knows the API. */
function unserved(object: RenderedObject, version: string): string {
  const api = `${object.apiVersion} ${object.kind}`;
  const { status, reason } = apiFinding(object, version);
  if (status === "refused" && reason !== undefined) return reason;
  if (status === "custom") return `${api} is a custom resource that no definition in this repository describes`;
  return `Kubernetes ${version} does not serve ${api}, unless it is switched on`;
}

/** Of server-side apply (`.spec.x: field not declared in schema`) and of strict decoding (`unknown field "spec.x"`). */
function unknownFields(message: string): string[] {
  const applied = [...message.matchAll(/(\.\S+): field not declared in schema/g)].map(([, path = ""]) => path);
  const decoded = [...message.matchAll(/unknown field \\?"([^"\\]+)/g)].map(([, path = ""]) => `.${path}`);
  return [...new Set([...applied, ...decoded])];
}

const after = (mark: string, message: string) => message.slice(message.indexOf(mark) + mark.length).trim();

/** What a refusal's word means, then the server's own words without what the line says already. */
const REFUSALS: Readonly<Record<string, (message: string) => string>> = {
  Invalid: (message) => `a value is not valid: ${after("is invalid:", message)}`,
  Forbidden: (message) => `an admission rule forbids it: ${after("is forbidden:", message)}`,
  BadRequest: (message) => `it cannot be read: ${message}`,
};

interface TrialFacts extends Pick<TrialObjects, "charts" | "unrendered" | "leftOut"> {
  readonly stack: string;
  readonly kubernetes: string;
  readonly configured: string;
  readonly server: string;
  readonly verdicts: readonly ObjectVerdict[];
}

/** The document; a chart that does not render leaves it open whether the version takes it. */
export function kubernetesTrial({ verdicts, ...rest }: TrialFacts): KubernetesTrial {
  const refused = verdicts.flatMap(({ warnings: _, refused, ...named }) =>
    refused === undefined ? [] : [{ ...named, refused }],
  );
  const warnings = verdicts.flatMap(({ refused: _, ...each }) => (each.warnings.length === 0 ? [] : [each]));
  const end = refused.length > 0 ? EXIT.refused : rest.unrendered.length > 0 ? EXIT.held : EXIT.done;
  const { stack, ...others } = rest;
  return { stack, exitCode: end.code, ...others, accepted: verdicts.length - refused.length, refused, warnings };
}

/** The trial as people read it: what is refused, what is warned of, how many are taken, what was not asked about. */
export function kubernetesTrialText(trial: KubernetesTrial, paint: Paint): string {
  const { stack, kubernetes, server, charts, accepted, refused, warnings, unrendered, leftOut } = trial;
  const place = ({ object, origin }: Pick<ObjectVerdict, "object" | "origin">) => `${object} (${origin})`;
  const all = accepted + refused.length;
  const count =
    refused.length === 0 ? paint.good(`takes all ${all}`) : paint.bad(`refuses ${refused.length} of ${all}`);
  const lines = [
    paint.strong(`${stack} on Kubernetes ${kubernetes}, asked of the API server ${server}`),
    ...refused.map((each) => `  ${paint.bad("✗")} ${place(each)}: ${each.refused}`),
    ...warnings.flatMap((each) => each.warnings.map((text) => `  ! ${place(each)}: ${text}`)),
    ...unrendered.map((title) => `  ${paint.bad("✗")} ${title} does not render for Kubernetes ${kubernetes}`),
    `  It ${count} objects, of the charts ${charts.join(", ")}${leftOut.some(({ what }) => what === "what is installed") ? "" : " and of what is installed"}.`,
    ...leftOut.map(({ what, why }) => `  Not asked about: ${what}. ${capital(why)}.`),
    ...nextSteps(trial).map((step) => `  → ${step}`),
  ];
  return `${inColumns(lines.join("\n"))}\n`;
}

function nextSteps({ stack, kubernetes, configured, refused, unrendered }: KubernetesTrial): string[] {
  if (refused.length > 0)
    return ["change apps/charts, release that to the version that runs now, then run the same command again"];
  if (unrendered.length > 0) return [`npx sparki preflight --stack ${stack}, whose check of the charts says why`];
  if (kubernetes === configured) return [];
  if (KUBERNETES[kubernetes] === undefined)
    return [`EKS did not offer Kubernetes ${kubernetes} on ${facts().dated}; npm run aws-facts renews what it offers`];
  return [`docs/upgrades.md: rehearse it, then set sparki:cluster.version in Pulumi.${stack}.yaml`];
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`.replace(/\.$/, "");
}
