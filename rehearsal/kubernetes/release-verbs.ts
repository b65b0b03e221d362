import type { CheckRequest, Session } from "../provider/model.ts";
import type { Properties } from "../provider/properties.ts";
import type { ConnectedCluster } from "./clusters.ts";
import { releaseDifference } from "./difference.ts";
import type { Verbs } from "./object-verbs.ts";
import { releasePreview } from "./release-outputs.ts";

/** Helm releases. */
export function releaseVerbs(clusterOf: (session: Session) => ConnectedCluster): Verbs {
  return {
    check: checkedRelease,
    diff: ({ oldInputs, news }) => releaseDifference(oldInputs, news),
    create: async (request) => {
      if (request.preview) return { id: "", properties: releasePreview(request.inputs) };
      return { id: releaseId(request.inputs), ...(await clusterOf(request.session).releases.apply(request)) };
    },
    update: async (request) => {
      if (request.preview) return { properties: releasePreview(request.inputs) };
      return clusterOf(request.session).releases.apply(request);
    },
    read: async ({ id, inputs, session, signal }) => {
      const [name = "", namespace = "default"] = id.split("/").reverse();
      const wanted = inputs.name === undefined ? { ...inputs, name, namespace } : inputs;
      const now = await clusterOf(session).releases.read(wanted, signal);
      return now && { id, inputs: wanted, properties: now };
    },
    delete: ({ oldInputs, session, signal }) => clusterOf(session).releases.uninstall(oldInputs, signal),
  };
}

function releaseId(inputs: Properties): string {
  return `${inputs.namespace ?? "default"}/${inputs.name}`;
}

/** Settings of a Release that this provider carries out; `compat` is the SDK's own mark. */
const CARRIED_OUT = new Set([
  "name",
  "namespace",
  "chart",
  "values",
  "timeout",
  "atomic",
  "cleanupOnFail",
  "createNamespace",
  "skipAwait",
  "waitForJobs",
  "maxHistory",
  "description",
  "version",
  "compat",
]);

/** A release's inputs with its name, and one failure for each setting that would silently do nothing here. */
export function checkedRelease({ name, news, olds, randomSeed }: CheckRequest) {
  const suffix = Buffer.from(randomSeed).toString("hex").slice(0, 8) || "0";
  const inputs: Properties = { ...news, name: news.name ?? olds.name ?? `${name}-${suffix}` };
  const failures = Object.entries(inputs).flatMap(([property, value]) => {
    const isIdle = value === null || value === false || value === "" || CARRIED_OUT.has(property);
    return isIdle ? [] : [{ property, reason: `the rehearsal's Helm does not carry out the setting ${property}` }];
  });
  return { inputs, failures };
}
