import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Cache } from "./cache.ts";
import type { Keys } from "./keys.ts";

export interface SecretsArgs {
  readonly stack: string;
  readonly keys: Keys;
  readonly cache: Cache;
  /** ISO date of the database's present passwords; another one makes new users, with new passwords in new secrets. */
  readonly passwordsSince: string;
}

/** A database user's credentials, `{"username", "password"}`, of one rotation. */
export interface UserSecret {
  readonly username: string;
  readonly secretArn: pulumi.Output<string>;
}

/** Secrets Manager secrets that pods mount as files; the database's master secret is made and rotated by RDS. */
export class Secrets extends pulumi.ComponentResource {
  /** `{"authToken"}`. */
  readonly cacheSecretArn: pulumi.Output<string>;
  /** Of the user that the engine and the seed log in as: rows only. */
  readonly application: UserSecret;
  /** Of the user that migrations log in as: it owns the schema. */
  readonly migrations: UserSecret;

  constructor(name: string, args: SecretsArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Secrets", name, {}, options);
    this.cacheSecretArn = createSecret(this, `${name}-cache`, args, {
      path: "cache",
      description: "AUTH token of the cache",
      value: { authToken: args.cache.authToken },
    });
    this.application = createUserSecret(this, name, "application", args);
    this.migrations = createUserSecret(this, name, "migrations", args);
    this.registerOutputs();
  }
}

/**
 * Each rotation has a secret of its own: pods that still run with the one before are not given a new password under an
 * old name, and the new secret is there before any pod is told of it.
 */
function createUserSecret(parent: Secrets, name: string, purpose: string, args: SecretsArgs): UserSecret {
  const { passwordsSince } = args;
  const username = `sparki_${purpose}_${passwordsSince.replaceAll("-", "")}`;
  const password = new random.RandomPassword(
    `${name}-${purpose}-password`,
    { length: 48, special: false, keepers: { since: passwordsSince } },
    { parent },
  );
  const secretArn = createSecret(parent, `${name}-${purpose}`, args, {
    path: `database/${purpose}-${passwordsSince}`,
    description: `The database's ${purpose} user since ${passwordsSince}`,
    value: { username, password: password.result },
  });
  return { username, secretArn };
}

interface SecretSettings {
  /** Below the stack's own. */
  readonly path: string;
  readonly description: string;
  readonly value: Readonly<Record<string, pulumi.Input<string>>>;
}

/** The ARN comes by way of the version, so that nothing mounts the secret before it has a value. */
function createSecret(parent: Secrets, name: string, { stack, keys }: SecretsArgs, settings: SecretSettings) {
  const secret = new aws.secretsmanager.Secret(
    name,
    {
      name: `sparki/${stack}/${settings.path}`,
      description: settings.description,
      kmsKeyId: keys.secrets.arn,
      recoveryWindowInDays: 30,
    },
    { parent },
  );
  const version = new aws.secretsmanager.SecretVersion(
    `${name}-value`,
    { secretId: secret.id, secretString: pulumi.jsonStringify(settings.value) },
    { parent },
  );
  return version.arn;
}
