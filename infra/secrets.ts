import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cache } from "./cache.ts";
import type { Keys } from "./keys.ts";

export interface SecretsArgs {
  readonly stack: string;
  readonly keys: Keys;
  readonly cache: Cache;
}

/** Secrets Manager secrets that pods mount as files; the database's own secret is made and rotated by RDS. */
export class Secrets extends pulumi.ComponentResource {
  /** `{"authToken"}`. */
  readonly cacheSecretArn: pulumi.Output<string>;

  constructor(name: string, args: SecretsArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Secrets", name, {}, options);
    const secret = new aws.secretsmanager.Secret(
      `${name}-cache`,
      {
        name: `sparki/${args.stack}/cache`,
        description: "AUTH token of the cache",
        kmsKeyId: args.keys.secrets.arn,
        recoveryWindowInDays: 30,
      },
      { parent: this },
    );
    const version = new aws.secretsmanager.SecretVersion(
      `${name}-cache-value`,
      { secretId: secret.id, secretString: pulumi.jsonStringify({ authToken: args.cache.authToken }) },
      { parent: this },
    );

    // By way of the version, so that nothing mounts the secret before it has a value.
    this.cacheSecretArn = version.arn;
    this.registerOutputs();
  }
}
