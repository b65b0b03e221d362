import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { specialSecretSig, specialSigKey } from "@pulumi/pulumi/runtime/rpc.js";
import { createOnCall, type OnCall, onCallSecrets } from "../../apps/monitoring.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { type Recorded, record } from "../support/recorder.ts";

const KEYS = {
  "sparki:pagerdutyKey": "0123456789abcdef",
  "sparki:opsgenieKey": "1234-abcd",
  "sparki:heartbeatUrl": "https://heartbeat.test/ping",
};

interface Created {
  readonly onCall: OnCall | undefined;
  readonly secrets: readonly Recorded[];
}

async function created(onCall: StackConfig["onCall"], config: Readonly<Record<string, string>>): Promise<Created> {
  let made: OnCall | undefined;
  const recorded = await record(() => {
    pulumi.runtime.setAllConfig(config);
    const provider = new kubernetes.Provider("cluster", { kubeconfig: "{}" });
    const place = { namespace: "sparki-monitoring", ready: [], imagePullSecrets: [] };
    made = createOnCall("monitoring-on-call", { onCall, place, provider, secrets: onCallSecrets() });
  });
  return { onCall: made, secrets: recorded.filter(({ type }) => type === "kubernetes:core/v1:Secret") };
}

const settings = (page: StackConfig["onCall"]["page"], ticket: StackConfig["onCall"]["ticket"] = []) => {
  return { page, ticket, region: "us" } as const;
};
const inBase64 = (texts: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString("base64")]));

describe("createOnCall", () => {
  it("keeps the keys of those whom it names, and the heartbeat's address, as secrets where Alertmanager looks", async () => {
    const { onCall, secrets } = await created(settings(["pagerduty"], ["pagerduty"]), KEYS);
    const value = inBase64({ pagerduty: "0123456789abcdef", heartbeat: "https://heartbeat.test/ping" });
    expect(secrets.map(({ inputs }) => inputs)).toEqual([
      expect.objectContaining({
        metadata: { name: "on-call", namespace: "sparki-monitoring" },
        data: { [specialSigKey]: specialSecretSig, value },
      }),
    ]);
    expect(onCall?.reference).toEqual({
      secretName: "on-call",
      page: ["pagerduty"],
      ticket: ["pagerduty"],
      addresses: { pagerduty: "https://events.pagerduty.com/v2/enqueue", opsgenie: "https://api.opsgenie.com/" },
      heartbeat: true,
    });
  });

  it("makes none where nobody is to be woken and nothing asked", async () => {
    expect(await created(settings([]), {})).toEqual({ onCall: undefined, secrets: [] });
  });

  it.each([
    ["pagerduty", "sparki:pagerdutyKey"],
    ["opsgenie", "sparki:opsgenieKey"],
  ] as const)("refuses %s without its key, with the command that sets it", async (service, key) => {
    const rest = Object.fromEntries(Object.entries(KEYS).filter(([name]) => name !== key));
    await expect(created(settings([service]), rest)).rejects.toMatchObject({
      code: "SPARKI_CONFIG",
      message: `sparki:onCall names ${service}; expected its key in ${key}`,
      hint: `pulumi config set --secret ${key}`,
    });
  });
});
