import { UNKNOWN } from "../../shared/engine-values.ts";
import { flag, text, texts } from "../aws/values.ts";
import type { Registered } from "../provider/monitor.ts";
import type { Properties } from "../provider/properties.ts";
import { asRecord, present } from "./arguments.ts";
import type { Children } from "./children.ts";

/** CoreDNS as a managed add-on: the component installs it in Auto Mode too, unless it is turned off. */
export async function addCoreDns(
  children: Children,
  name: string,
  args: Properties,
  cluster: Registered,
): Promise<void> {
  const options = asRecord(args.corednsAddonOptions);
  if (options.enabled === false) return;
  const configuration = options.configurationValues;
  const inputs = present({
    clusterName: cluster.outputs.name,
    addonName: "coredns",
    tags: args.tags,
    preserve: true,
    addonVersion: options.version ?? "v1.0.0-eksbuild.1",
    resolveConflictsOnCreate: options.resolveConflictsOnCreate ?? "OVERWRITE",
    resolveConflictsOnUpdate: options.resolveConflictsOnUpdate ?? "OVERWRITE",
    configurationValues: configuration === undefined ? undefined : JSON.stringify(configuration),
  });
  await children.add("aws:eks/addon:Addon", `${name}-coredns`, inputs, { dependencies: [cluster.urn] });
}

/** The issuer URL of the cluster's service account tokens. */
export function issuerOf({ outputs }: Registered): string {
  return texts(outputs, "identities.oidcs.issuer")[0] ?? UNKNOWN;
}

/** The IAM OIDC provider where it is asked for; resolves with its ARN, else with an empty text. */
export async function addOidcProvider(
  children: Children,
  name: string,
  args: Properties,
  cluster: Registered,
): Promise<string> {
  if (!flag(args, "createOidcProvider")) return "";
  // The real component takes the thumbprint from the issuer's certificate; AWS has ignored it since 2023.
  const inputs = {
    clientIdLists: ["sts.amazonaws.com"],
    url: issuerOf(cluster),
    thumbprintLists: ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
  };
  const made = await children.add(
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    `${name}-oidcProvider`,
    inputs,
    { dependencies: [cluster.urn] },
  );
  return text(made.outputs, "arn") ?? UNKNOWN;
}
