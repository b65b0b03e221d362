/** The bucket that holds an account's states. */
export const stateBucketOf = (accountId: string) => `sparki-state-${accountId}`;
/** The alias of the key that encrypts a stack's secrets in its state. */
export const secretsAliasOf = (owner: string) => `pulumi-secrets-sparki-${owner}`;
/** As which owner delivery's own state has its key. */
export const DELIVERY_OWNER = "delivery";
/** The alias of the key that encrypts the bucket of the states. */
export const STATE_KEY_ALIAS = "pulumi-state-sparki";

/** The topic that ElastiCache tells what happens to the account's caches. */
export const CACHE_EVENTS_TOPIC = "cache-events-sparki";
export const cacheEventsTopicOf = (accountId: string, region: string) =>
  `arn:aws:sns:${region}:${accountId}:${CACHE_EVENTS_TOPIC}`;

/** As `pulumi login` takes it. */
export const backendUrlOf = (accountId: string, region: string) => `s3://${stateBucketOf(accountId)}?region=${region}`;
/** As `pulumi stack init --secrets-provider` takes it. */
export const secretsProviderOf = (owner: string, region: string) =>
  `awskms://alias/${secretsAliasOf(owner)}?region=${region}`;
