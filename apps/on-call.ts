import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { DeployError } from "../shared/deploy-error.ts";
import type { StackConfig } from "../stacks/schema.ts";
import { type OnCallReference, onCallReference } from "./monitoring/routing.ts";
import type { Place } from "./namespaces.ts";
import { secretData } from "./namespaces.ts";

interface OnCallArgs {
  readonly onCall: StackConfig["onCall"];
  readonly place: Place;
  readonly provider: kubernetes.Provider;
  readonly secrets: OnCallSecrets;
}

/** How Alertmanager reaches those who wake people, and what must be there before it looks. */
export interface OnCall {
  readonly reference: OnCallReference;
  readonly secret: kubernetes.core.v1.Secret;
}

const NAME = "on-call";

const CONFIG_KEY = { pagerduty: "sparki:pagerdutyKey", opsgenie: "sparki:opsgenieKey" } as const;

/**
 * The keys of PagerDuty and Opsgenie, and the heartbeat's address, in a Secret for Alertmanager; undefined for a stack that
 * names none of them. Throws for a service that is to wake people and has no key.
 */
export function createOnCall(name: string, { onCall, place, provider, secrets }: OnCallArgs): OnCall | undefined {
  const services = [...new Set([...onCall.page, ...onCall.ticket])];
  const missing = services.find((service) => secrets[service] === undefined);
  if (missing !== undefined)
    throw new DeployError(
      "SPARKI_CONFIG",
      `sparki:onCall names ${missing}; expected its key in ${CONFIG_KEY[missing]}`,
      {
        hint: `pulumi config set --secret ${CONFIG_KEY[missing]}`,
      },
    );
  const { heartbeat } = secrets;
  if (services.length === 0 && heartbeat === undefined) return undefined;
  const keys = Object.fromEntries(
    services.flatMap((service) => {
      const key = secrets[service];
      return key === undefined ? [] : [[service, key]];
    }),
  );
  const secret = new kubernetes.core.v1.Secret(
    name,
    {
      metadata: { name: NAME, namespace: place.namespace },
      data: secretData({ ...keys, ...(heartbeat && { heartbeat }) }),
    },
    { provider, dependsOn: [...place.ready] },
  );
  return { secret, reference: onCallReference({ secretName: NAME, onCall, hasHeartbeat: heartbeat !== undefined }) };
}

/** Each still marked as secret; undefined is one that the stack does not have. */
export interface OnCallSecrets {
  readonly pagerduty: pulumi.Output<string> | undefined;
  readonly opsgenie: pulumi.Output<string> | undefined;
  readonly heartbeat: pulumi.Output<string> | undefined;
}

/** Reads them from the stack's config, apart from the typed config, which never holds a secret. */
export function onCallSecrets(): OnCallSecrets {
  const config = new pulumi.Config("sparki");
  return {
    pagerduty: config.getSecret("pagerdutyKey"),
    opsgenie: config.getSecret("opsgenieKey"),
    heartbeat: config.getSecret("heartbeatUrl"),
  };
}
