import type { Registered } from "../provider/monitor.ts";
import type { Properties } from "../provider/properties.ts";
import { accessEntriesOf, entriesOf, present } from "./arguments.ts";
import type { Children } from "./children.ts";

/** Who may enter the cluster, each with the policies associated with it. */
export async function addAccessEntries(
  children: Children,
  name: string,
  args: Properties,
  cluster: Registered,
): Promise<void> {
  await Promise.all(
    accessEntriesOf(args).map(async ([key, entry]) => {
      const { principalArn, kubernetesGroups, username, tags, type } = entry;
      const clusterName = cluster.outputs.name;
      const inputs = present({ clusterName, principalArn, kubernetesGroups, userName: username, tags, type });
      const dependencies = [cluster.urn];
      const made = await children.add("aws:eks/accessEntry:AccessEntry", `${name}-${key}`, inputs, { dependencies });
      const associations = entriesOf(entry.accessPolicies).map(([policy, { accessScope, policyArn }]) =>
        children.add(
          "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
          `${name}-${key}-${policy}`,
          present({ clusterName, principalArn, accessScope, policyArn }),
          { parent: made.urn, dependencies: [cluster.urn, made.urn] },
        ),
      );
      await Promise.all(associations);
    }),
  );
}
