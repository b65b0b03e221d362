import { type Alarms, alarmOnBackups, BACKUP_EVENTS } from "../../delivery/alarms.ts";
import { fits } from "../support/event-pattern.ts";

/** As AWS publishes it: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-cloudwatch-events.sample.html */
const SAMPLE = {
  version: "0",
  id: "68f6e973-1a0c-d37b-f2f2-94a7f62ffd4e",
  "detail-type": "RDS DB Instance Event",
  source: "aws.rds",
  account: "123456789012",
  time: "2018-09-27T22:36:43Z",
  region: "us-east-1",
  resources: ["arn:aws:rds:us-east-1:123456789012:db:my-db-instance"],
  detail: {
    EventCategories: ["failover"],
    SourceType: "DB_INSTANCE",
    SourceArn: "arn:aws:rds:us-east-1:123456789012:db:my-db-instance",
    Date: "2018-09-27T22:36:43.292Z",
    Message: "A Multi-AZ failover has completed.",
    SourceIdentifier: "my-db-instance",
    EventID: "RDS-EVENT-0049",
  },
};

/** The sample, of another instance and with another event of AWS's list. */
function event(EventID: string, SourceIdentifier = "sparki-prod-database", changes: object = {}) {
  const SourceArn = `arn:aws:rds:us-east-1:123456789012:db:${SourceIdentifier}`;
  return {
    ...SAMPLE,
    resources: [SourceArn],
    detail: { ...SAMPLE.detail, SourceArn, SourceIdentifier, EventID },
    ...changes,
  };
}

const made: string[] = [];
const alarms: Pick<Alarms, "on"> = { on: (_name, pattern) => made.push(JSON.stringify(pattern)) };
alarmOnBackups(alarms, ["prod", "staging"]);
const [pattern = ""] = made;

describe("the alarm on backups", () => {
  it("is one rule", () => expect(made).toHaveLength(1));

  it.each(Object.entries(BACKUP_EVENTS))("fires on %s of each stack's database: %s", (id) => {
    expect(fits(pattern, event(id))).toBe(true);
    expect(fits(pattern, event(id, "sparki-staging-database"))).toBe(true);
  });

  const neighbours: readonly (readonly [string, object])[] = [
    ["AWS's own sample, a failover", SAMPLE],
    ["a backup that has begun", event("RDS-EVENT-0001")],
    ["a backup that is finished", event("RDS-EVENT-0002")],
    ["an option group that does not fit, which AWS counts among the backups", event("RDS-EVENT-0086")],
    ["automated backups that were enabled", event("RDS-EVENT-0032")],
    ["a key that RDS can use again", event("RDS-EVENT-0420")],
    ["a drill's temporary instance", event("RDS-EVENT-0028", "sparki-prod-drill-20261128t0309")],
    ["somebody else's database", event("RDS-EVENT-0028", "my-db-instance")],
    ["a snapshot's event", event("RDS-EVENT-0028", "sparki-prod-database", { "detail-type": "RDS DB Snapshot Event" })],
    ["another service's event", event("RDS-EVENT-0028", "sparki-prod-database", { source: "aws.elasticache" })],
  ];
  it.each(neighbours)("stays silent on %s", (_what, other) => {
    expect(fits(pattern, other)).toBe(false);
  });
});
