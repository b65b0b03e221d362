import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ROUTE53_REGION } from "../stacks/schema.ts";

export interface KeysArgs {
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  /** Keeps the keys from being deleted with the stack. */
  readonly protect: boolean;
}

/** Customer keys, one a purpose and rotated yearly, so that access to one kind of data never opens another. */
export class Keys extends pulumi.ComponentResource {
  readonly cluster: aws.kms.Key;
  readonly data: aws.kms.Key;
  readonly secrets: aws.kms.Key;
  readonly logs: aws.kms.Key;
  /** Of log groups that AWS has in one region only, whichever is the stack's. */
  readonly globalLogs: aws.kms.Key;

  constructor(name: string, args: KeysArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Keys", name, {}, options);
    const key = (purpose: string, description: string, more: Partial<KeyArgs> = {}) =>
      createKey(this, `${name}-${purpose}`, { ...args, purpose, description, ...more });

    this.cluster = key("cluster", "Kubernetes secrets in etcd");
    // The final snapshots outlive the stack, and are unreadable without it.
    this.data = key("data", "PostgreSQL and Redis storage, snapshots and Performance Insights", { outlives: true });
    this.secrets = key("secrets", "Secrets Manager secrets");
    this.logs = key("logs", "CloudWatch log groups", { statements: [logDeliveryStatement(args)] });
    const global = { ...args, region: ROUTE53_REGION };
    this.globalLogs =
      args.region === ROUTE53_REGION
        ? this.logs
        : key("global-logs", "CloudWatch log groups of Route 53", {
            statements: [logDeliveryStatement(global)],
            ownRegion: ROUTE53_REGION,
          });
    this.registerOutputs();
  }
}

type PolicyStatement = Record<string, unknown>;

interface KeyArgs extends KeysArgs {
  readonly purpose: string;
  readonly description: string;
  readonly statements?: readonly PolicyStatement[];
  /** Whether the key stays in the account when the stack is destroyed. */
  readonly outlives?: boolean;
  /** @default the provider's */
  readonly ownRegion?: string;
}

function createKey(parent: Keys, name: string, args: KeyArgs): aws.kms.Key {
  const region = args.ownRegion === undefined ? {} : { region: args.ownRegion };
  const key = new aws.kms.Key(
    name,
    {
      ...region,
      description: `Sparki ${args.stack}: ${args.description}`,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: keyPolicy(args.accountId, args.statements),
    },
    { parent, protect: args.protect, retainOnDelete: args.outlives === true },
  );
  const alias = `alias/sparki-${args.stack}-${args.purpose}`;
  new aws.kms.Alias(`${name}-alias`, { ...region, name: alias, targetKeyId: key.keyId }, { parent });
  return key;
}

/** Key use is granted by IAM policies of the account; without this statement a key could become unmanageable. */
export function keyPolicy(accountId: string, statements: readonly PolicyStatement[] = []): string {
  const accountAdministers = {
    Sid: "AccountAdministersByIam",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${accountId}:root` },
    Action: "kms:*",
    Resource: "*",
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [accountAdministers, ...statements] });
}

function logDeliveryStatement(args: KeysArgs): PolicyStatement {
  return {
    Sid: "CloudWatchLogsOfThisAccount",
    Effect: "Allow",
    Principal: { Service: `logs.${args.region}.amazonaws.com` },
    Action: ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
    Resource: "*",
    Condition: {
      ArnLike: { "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:${args.region}:${args.accountId}:log-group:*` },
    },
  };
}
