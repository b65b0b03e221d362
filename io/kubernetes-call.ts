import type { CoreV1Event, Middleware, V1ContainerStatus, V1Pod } from "@kubernetes/client-node";
import { messageOf } from "../shared/deploy-error.ts";
import { systemClock } from "./clock.ts";
import { pageTitle } from "./http.ts";

/** The API answers what we ask within a second; one that takes ten has gone. */
const CALL_SECONDS = 10;

/** Ends each call, its answer included, after 10 seconds, and at once when the signal aborts. */
export function limitedCall(signal?: AbortSignal, seconds: number = CALL_SECONDS): Middleware {
  return {
    pre: async (request) => {
      const late = new AbortController();
      // It is this call's, which may be the last thing that a process does.
      setTimeout(() => late.abort(silence(request.getUrl(), seconds)), seconds * 1000).unref();
      request.setSignal(signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]));
      return request;
    },
    post: async (response) => response,
  };
}

/** How long the API may be away: a control plane that AWS scales or updates drops its connections. */
const AWAY_SECONDS = 60;
const ASKED_EVERY_SECONDS = 0.25;
/** What an API says for a while only: to a new access entry, or while it is too busy. */
const PASSING: readonly number[] = [401, 408, 429];

/**
 * What the API answers, asked again for a minute while it is away; rejects with its refusal, once it was away for so long,
 * and at once when the signal aborts. What is asked must be safe to repeat.
 */
export async function whileAway<T>(ask: () => Promise<T>, signal?: AbortSignal, seconds = AWAY_SECONDS): Promise<T> {
  const end = systemClock.now() + seconds;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (signal?.aborted || isFinal(error) || systemClock.now() >= end) throw error;
      await systemClock.sleep(ASKED_EVERY_SECONDS, signal);
    }
  }
}

/** Whether the API has refused what was asked, and will again. */
function isFinal(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "number" && code >= 400 && code < 500 && !PASSING.includes(code);
}

/** Who did not answer, and for how long. */
function silence(url: string, seconds: number): DOMException {
  const host = URL.parse(url)?.host ?? url;
  return new DOMException(`the Kubernetes API at ${host} did not answer within ${seconds} s`, "TimeoutError");
}

/** A list as the Kubernetes client gives it, which reads whatever was answered. */
interface ListAnswer<T> {
  readonly kind?: string;
  readonly metadata?: { readonly _continue?: string };
  readonly items: readonly T[];
}

/**
 * The items of a list of this kind. Throws for what is no such list, as a page that answers in the API's place, and for a
 * part of one, unless a part was asked for: what it lacks is not known to be away.
 */
export function listedIn<T extends { readonly metadata?: object }>(
  list: ListAnswer<T> | null | undefined,
  kind: string,
  { isPart = false } = {},
): readonly T[] {
  const isOther = list?.kind !== undefined && list.kind !== kind;
  const items = isOther ? undefined : list?.items;
  if (!Array.isArray(items) || items.some((item) => typeof item?.metadata !== "object" || item.metadata === null))
    throw new Error(
      `the Kubernetes API answered with ${isOther ? `a ${list?.kind}` : "something else"}; expected a ${kind}`,
    );
  if (!isPart && list?.metadata?._continue)
    throw new Error(`the Kubernetes API answered with a part of a ${kind}, which was asked for whole`);
  return items;
}

/** Whether an error of the Kubernetes client says that the API answered with one of the HTTP statuses. */
export function isRefusal(error: unknown, statuses: readonly number[]): boolean {
  return error instanceof Error && "code" in error && statuses.some((status) => status === error.code);
}

/** What the API said when it refused, without the answer's headers; of any other error its message. */
export function refusalOf(error: unknown): string {
  if (!(error instanceof Error && "code" in error && "body" in error)) return messageOf(error);
  const said = saidIn(error.body).trim().slice(0, MOST_CHARACTERS);
  return said === "" ? `HTTP ${error.code}` : `HTTP ${error.code}, ${said}`;
}

/** The message of the API's Status, which the client gives as text or as what it has parsed; else what there is. */
function saidIn(body: unknown): string {
  if (typeof body === "object" && body !== null)
    return "message" in body && typeof body.message === "string" ? body.message : JSON.stringify(body);
  if (typeof body !== "string") return "";
  const title = pageTitle(body);
  if (title !== undefined)
    return `${title ? `a page "${title}"` : "an HTML page"}, which does not come from the Kubernetes API`;
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null ? saidIn(parsed) : body;
  } catch {
    return body;
  }
}

const MOST_CHARACTERS = 200;

/** Resolves when the deletion is done, or there was nothing to delete. */
export async function unlessGone(deletion: Promise<unknown>): Promise<void> {
  await deletion.catch((error: unknown) => {
    if (!isRefusal(error, [404])) throw error;
  });
}

/** When something was seen last, in seconds since 1970, and how often: the scheduler writes both into a series, and no other time. */
export function seenIn({ count, eventTime, lastTimestamp, metadata, series }: CoreV1Event): {
  readonly at: number;
  readonly times: number;
} {
  const last = lastTimestamp ?? series?.lastObservedTime ?? eventTime ?? metadata.creationTimestamp;
  return { at: last ? new Date(last).getTime() / 1000 : 0, times: series?.count ?? count ?? 1 };
}

const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";

/** The status of the container that a pod is there for: what others put beside it, such as a proxy, may come before it. */
export function containerOf({ metadata, spec, status }: V1Pod): V1ContainerStatus | undefined {
  const main = metadata?.annotations?.[DEFAULT_CONTAINER] ?? spec?.containers[0]?.name;
  const all = status?.containerStatuses ?? [];
  return all.find(({ name }) => name === main) ?? all[0];
}

/** Which of its readiness gates keeps a pod out whose containers are ready, in the words of who decides; undefined where none does. */
export function heldBy({ spec, status }: V1Pod): string | undefined {
  const conditions = status?.conditions ?? [];
  const of = (type: string) => conditions.find((each) => each.type === type);
  if (of("ContainersReady")?.status !== "True") return undefined;
  const gate = spec?.readinessGates?.find(({ conditionType }) => of(conditionType)?.status !== "True");
  if (gate === undefined) return undefined;
  const { reason, message } = of(gate.conditionType) ?? { reason: "nobody has decided yet" };
  return [gate.conditionType, reason, message].filter(Boolean).join(": ");
}
