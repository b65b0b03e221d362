import type { Session } from "../provider/model.ts";
import type { Properties } from "../provider/properties.ts";
import type { ConnectedCluster } from "./clusters.ts";
import { releaseDifference } from "./difference.ts";
import type { Verbs } from "./object-verbs.ts";
import { checkedRelease } from "./release-inputs.ts";
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
