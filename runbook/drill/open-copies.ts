import { clusterKubeconfig } from "../../io/cluster-lookups.ts";
import { askCacheInCluster, askInCluster, watchInCluster } from "../../io/cluster-questions.ts";
import { openElasticacheCopies } from "../../io/elasticache-copies.ts";
import {
  type DatabaseReplacement,
  openRdsCopies,
  openRdsReplacement,
  type RdsCopiesOptions,
} from "../../io/rds-copies.ts";
import type { CacheCopies, DatabaseCopies } from "../../io/restored-copies.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import type { OpenPreflight } from "../preflight/open.ts";

/** The stack's database at AWS, and copies of it that a Job in the stack's own cluster asks. */
export async function openAwsCopies(opened: OpenPreflight): Promise<DatabaseCopies & { close(): void }> {
  return openRdsCopies({ ...ownerOf(opened), ask: askFromCluster(opened), watch: watchFromCluster(opened) });
}

/** A Job that nobody deletes any more ends by itself, this long after the drill's own limit. */
const WATCH_SECONDS = 300;

/** Connects to a server by its host name again and again, from a Job in the stack's own cluster. */
function watchFromCluster(opened: OpenPreflight): RdsCopiesOptions["watch"] {
  const { clientImage: image } = opened.context.config.database;
  return (host, { until, ...job }) => {
    const deadlineSeconds = Math.max(0, Math.ceil(until - Date.now() / 1000)) + WATCH_SECONDS;
    return watchInCluster({ ...job, host, image, deadlineSeconds, kubeconfig: () => kubeconfigOf(opened) });
  };
}

/** Asks a server by its host name, from a Job in the stack's own cluster. */
function askFromCluster(opened: Pick<OpenPreflight, "context">): RdsCopiesOptions["ask"] {
  return async (host, job) => {
    const kubeconfig = await kubeconfigOf(opened);
    return askInCluster({ ...job, host, kubeconfig, image: opened.context.config.database.clientImage });
  };
}

/** The stack's Redis at AWS, and copies of it that a Job in the stack's own cluster asks. */
export async function openAwsCacheCopies(opened: OpenPreflight): Promise<CacheCopies & { close(): void }> {
  const { stack, config } = opened.context;
  return openElasticacheCopies({
    ...ownerOf(opened),
    ask: async (host, job) => {
      const kubeconfig = await kubeconfigOf(opened);
      return askCacheInCluster({
        ...{ ...job, host, kubeconfig, image: config.database.clientImage },
        secretName: `sparki/${stack}/cache`,
        networkCidr: config.network.cidr,
      });
    },
  });
}

/** The stack's instances at AWS, asked by a Job in its own cluster. */
export function openAwsReplacement(opened: OpenPreflight): Promise<DatabaseReplacement & { close(): void }> {
  const { context, network } = opened;
  const { stack, config } = context;
  const { region, accountId } = config;
  return openRdsReplacement({ ...{ stack, region, accountId, network }, ask: askFromCluster(opened) });
}

function ownerOf({ context, network }: OpenPreflight) {
  const { stack, config } = context;
  const { region, accountId, owner } = config;
  return { stack, region, accountId, owner, network };
}

/** Made anew for each question: a token is good for some minutes, and a restore takes longer. */
async function kubeconfigOf({ context: { stack, aws } }: Pick<OpenPreflight, "context">): Promise<string> {
  const kubeconfig = await clusterKubeconfig(aws, `sparki-${stack}`);
  if (kubeconfig !== undefined) return kubeconfig;
  throw new DeployError(
    "SPARKI_OUTSIDE",
    `there is no cluster sparki-${stack}: nothing else reaches the database and the cache`,
    { hint: `npx sparki status --stack ${stack}` },
  );
}
