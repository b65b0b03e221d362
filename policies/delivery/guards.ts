import type { Declaration } from "../declared/shape.ts";
import type { AnyResource } from "../judging/resource.ts";

type Identified = Pick<AnyResource, "type" | "name">;

/** What opens, blinds or uncovers a resource when it is left out: those of its guards that are declared for this account. */
const GUARDS: readonly {
  readonly of: RegExp;
  readonly guards: (name: string) => RegExp;
}[] = [
  // Each of these is a resource of its own at AWS, without which a bucket is open, plain, or forgets.
  {
    of: /^aws:s3\/bucket:Bucket /,
    guards: (name) =>
      new RegExp(`^aws:s3/bucket[A-Z]\\w+:\\w+ ${name}-(ownership|private|encryption|versions|lifecycle|policy)$`),
  },
  { of: /^aws:s3\/bucket:Bucket state-bucket$/, guards: () => / state-(copies|copy|copy-role-policy)$/ },
  { of: /^aws:kms\/key:Key /, guards: (name) => new RegExp(`^aws:kms/alias:Alias ${name}-alias$`) },
  // Without its boundary's policy the stack's roles would have no cap, and without a part, the guard above all, no limit.
  { of: /^aws:iam\/role:Role roles-/, guards: (name) => new RegExp(`^aws:iam/\\w+:\\w+ ${name}-`) },
  { of: /^aws:iam\/role:Role break-glass-role$/, guards: () => / (alarms-break-glass(-told)?|alarms-topic)$/ },
  {
    of: /^aws:sns\/topic:Topic /,
    guards: (name) => new RegExp(`^aws:sns/topic(Policy|Subscription):\\w+ ${name.replace(/-topic$/, "")}-`),
  },
  { of: /^aws:guardduty\//, guards: () => / alarms-guardduty(-told)?$/ },
  { of: /^aws:cloudtrail\//, guards: () => / account-audit-bucket$/ },
  { of: /^aws:cfg\/recorder:Recorder /, guards: () => / account-config-(channel|on|role(-.+)?)$/ },
  { of: /^aws:codebuild\/project:Project /, guards: () => / runner-(group|logs|role|role-policy|jobs)$/ },
  // What the config switches on is there.
  {
    of: /^pulumi:pulumi:Stack /,
    guards: () =>
      / (state-bucket|break-glass-role|alarms-backups(-told)?|cache-events-topic|account-(budget|trail|guardduty|config)|roles-(deploys|plans|drills)-[a-z0-9-]+)$/,
  },
];

const keyOf = ({ type, name }: Identified) => `${type} ${name}`;

/** The guards of a resource, of those that are declared, that are not among these resources, by type and name. */
export function missingAmong(
  declarations: readonly Declaration[],
  resource: Identified,
  all: readonly Identified[],
): string[] {
  const patterns = GUARDS.filter(({ of }) => of.test(keyOf(resource))).map(({ guards }) => guards(resource.name));
  const there = new Set(all.map(keyOf));
  return declarations.map(keyOf).filter((key) => patterns.some((each) => each.test(key)) && !there.has(key));
}
