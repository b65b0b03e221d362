import { clusterKubeconfig } from "../../io/cluster-lookups.ts";
import { askInCluster } from "../../io/cluster-questions.ts";
import type { DatabaseCopies } from "../../io/database-copies.ts";
import { openRdsCopies } from "../../io/rds-copies.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import type { OpenPreflight } from "../preflight/open.ts";

/** The stack's database at AWS, and copies of it that a Job in the stack's own cluster asks. */
export async function openAwsCopies({ context, network }: OpenPreflight): Promise<DatabaseCopies & { close(): void }> {
  const { stack, config, aws } = context;
  const { region, accountId, owner, database } = config;
  return openRdsCopies({
    ...{ stack, region, accountId, owner, network },
    ask: async (host, job) => {
      // A token is good for some minutes; a restore takes longer.
      const kubeconfig = await clusterKubeconfig(aws, `sparki-${stack}`);
      if (kubeconfig !== undefined) return askInCluster({ ...job, host, kubeconfig, image: database.clientImage });
      throw new DeployError(
        "SPARKI_OUTSIDE",
        `there is no cluster sparki-${stack}: nothing else reaches the database`,
        {
          hint: `npx sparki status --stack ${stack}`,
        },
      );
    },
  });
}
