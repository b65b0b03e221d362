import type { Checked, CheckRequest, ProviderModel, Session } from "../provider/model.ts";
import { hasUnknown, isRecord, type Path, type Properties } from "../provider/properties.ts";
import type { ConnectedCluster } from "./clusters.ts";
import { objectDifference } from "./difference.ts";
import { driftedInputs, importedInputs } from "./drift.ts";
import { idOf, namedBy, type Patience } from "./objects.ts";

/** What the provider does with one family of resources. */
export type Verbs = Pick<ProviderModel, "check" | "diff" | "create" | "update" | "read" | "delete">;

/** The real provider's own limits where a program sets none; at a time scale, but for the floor. */
const READY_LIMIT_SECONDS = 600;
const SHORTEST_LIMIT_SECONDS = 30;
/** Deletions take what they take, at any time scale. */
const DELETION_LIMIT_SECONDS = 120;

/** Objects of any kind. */
export function objectVerbs(clusterOf: (session: Session) => ConnectedCluster, timeScale: number): Verbs {
  return {
    check: checkedObject,
    diff: ({ oldInputs, news, session }) => objectDifference(oldInputs, news, mutableIn(session)),
    create: async (request) => {
      const { inputs, preview, session } = request;
      if (preview) return { id: "", properties: inputs, secrets: secretsIn(inputs) };
      const { objects } = clusterOf(session);
      if (!isOn(session, "upsertExistingObjects")) await objects.assertAbsent(inputs);
      const properties = await objects.apply(inputs, readyWithin(request, timeScale));
      return { id: idOf(inputs), properties, secrets: secretsIn(inputs) };
    },
    update: async (request) => {
      const { inputs, preview, session } = request;
      if (preview) return { properties: inputs, secrets: secretsIn(inputs) };
      const properties = await clusterOf(session).objects.apply(inputs, readyWithin(request, timeScale));
      return { properties, secrets: secretsIn(inputs) };
    },
    read: async ({ type, id, inputs, properties, session }) => {
      const isImport = inputs.metadata === undefined;
      // Without outputs the real provider goes by the id and the type too.
      const now = await clusterOf(session).objects.read(properties.kind === undefined ? namedBy(type, id) : properties);
      if (now === undefined) return undefined;
      const seen = isImport ? importedInputs(now) : driftedInputs(inputs, properties, now);
      return { id, inputs: seen, properties: now, secrets: secretsIn(now) };
    },
    delete: ({ properties, session, signal, timeoutSeconds }) => {
      const limitSeconds = timeoutSeconds > 0 ? timeoutSeconds : DELETION_LIMIT_SECONDS;
      return clusterOf(session).objects.delete(properties, { limitSeconds, signal });
    },
  };
}

/** A setting of the provider's that is off unless the program turns it on; the engine hands it on as text. */
function isOn({ config }: Session, setting: string): boolean {
  return config[setting] === true || config[setting] === "true";
}

/** The kinds whose contents this provider instance changes in place; by default it replaces the object. */
function mutableIn(session: Session): readonly string[] {
  const options = { ConfigMap: "enableConfigMapMutable", Secret: "enableSecretMutable" };
  return Object.entries(options).flatMap(([kind, setting]) => (isOn(session, setting) ? [kind] : []));
}

function readyWithin(request: { timeoutSeconds: number; signal: AbortSignal }, timeScale: number): Patience {
  const asked = request.timeoutSeconds > 0 ? request.timeoutSeconds : READY_LIMIT_SECONDS;
  return {
    limitSeconds: Math.max(Math.min(asked, SHORTEST_LIMIT_SECONDS), Math.round(asked * timeScale)),
    signal: request.signal,
  };
}

/** A Secret's contents are secret however the program came by them. */
function secretsIn({ apiVersion, kind }: Properties): Path[] {
  return kind === "Secret" && apiVersion === "v1" ? [["data"], ["stringData"]] : [];
}

/**
 * The inputs as the real provider completes them before anybody judges them: an object without a name has one that is
 * stable within the update, and a Secret's texts are in its data.
 */
export function checkedObject({ name, news, olds, secrets, randomSeed }: CheckRequest): Checked {
  const suffix = Buffer.from(randomSeed).toString("hex").slice(0, 8) || "0";
  const metadata = isRecord(news.metadata) ? news.metadata : {};
  const before = isRecord(olds.metadata) ? olds.metadata.name : undefined;
  const made = metadata.name === undefined ? { annotations: autonamed(metadata) } : {};
  const named = { ...metadata, ...made, name: metadata.name ?? before ?? `${name}-${suffix}` };
  const inputs = withData(news);
  const moved = secrets.flatMap(([first, ...rest]): Path[] => (first === "stringData" ? [["data", ...rest]] : []));
  return { inputs: { ...inputs, metadata: named }, secrets: "stringData" in inputs ? [] : moved };
}

function autonamed({ annotations }: Properties): Properties {
  return { ...(isRecord(annotations) ? annotations : {}), "pulumi.com/autonamed": "true" };
}

/** A Secret's `stringData` in its `data`, as the API server keeps it; texts that are not known yet stay where they are. */
function withData(inputs: Properties): Properties {
  const { stringData, ...rest } = inputs;
  if (secretsIn(inputs).length === 0 || !isRecord(stringData) || hasUnknown(stringData)) return inputs;
  const added = Object.entries(stringData).map(
    ([key, text]) => [key, Buffer.from(`${text}`).toString("base64")] as const,
  );
  return { ...rest, data: { ...(isRecord(inputs.data) ? inputs.data : {}), ...Object.fromEntries(added) } };
}
