import type { InputRecord } from "../../aws/inputs.ts";
import { policy, RIGHT, VISIBLE } from "./right-inputs.ts";

/** The type, what is wrong, what is changed in the right inputs, and where the finding lies. */
export type Wrong = readonly [type: string, what: string, change: InputRecord, path: string];

/** The rows of one type. */
export const of = (type: string, cases: readonly (readonly [string, InputRecord, string])[]): Wrong[] =>
  cases.map(([what, change, path]) => [type, what, change, path]);

/** A change inside of a right input that is a record. */
export const inner = (type: string, name: string, change: InputRecord): InputRecord => {
  const value = RIGHT[type]?.[name];
  return { [name]: { ...(typeof value === "object" && value !== null ? value : {}), ...change } };
};

/** A text of so many characters. */
export const long = (count: number) => "a".repeat(count);

export const DATABASE = "aws:rds/instance:Instance";
export const CACHE = "aws:elasticache/replicationGroup:ReplicationGroup";
export const CLUSTER = "aws:eks/cluster:Cluster";
export const TARGET = "aws:lb/targetGroup:TargetGroup";
export const LISTENER = "aws:lb/listener:Listener";
export const RULE = "aws:lb/listenerRule:ListenerRule";
export const ACL = "aws:wafv2/webAcl:WebAcl";

export const rule = (rest: InputRecord): InputRecord => ({
  rules: [{ name: "one", priority: 1, visibilityConfig: VISIBLE, action: { block: {} }, ...rest }],
});

export const check = (rest: InputRecord) => inner(TARGET, "healthCheck", rest);

export const entry = (rest: InputRecord): InputRecord => ({
  ingress: [
    { ruleNo: 100, action: "allow", protocol: "tcp", cidrBlock: "10.0.0.0/8", fromPort: 443, toPort: 443, ...rest },
  ],
});

export const life = (rest: InputRecord): InputRecord => ({
  rules: [{ id: "old", status: "Enabled", filter: {}, expiration: { days: 365 }, ...rest }],
});

export const trust = (statement: object): InputRecord => ({ assumeRolePolicy: policy(statement) });

/** A listener's first action: whoever comes logs in. */
export const LOGIN = {
  type: "authenticate-oidc",
  order: 1,
  authenticateOidc: {
    authorizationEndpoint: "https://a.test",
    clientId: "a",
    clientSecret: "b",
    issuer: "https://a.test",
    tokenEndpoint: "https://a.test/t",
    userInfoEndpoint: "https://a.test/u",
  },
};
