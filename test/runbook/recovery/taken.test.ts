import type { RecordedEvent } from "../../../records/engine-record.ts";
import { TakenResources } from "../../../runbook/recovery/take-over.ts";
import { stepEvent, urnOf } from "../../support/planning.ts";

const BUCKET = { type: "aws:s3/bucket:Bucket", name: "logs" };

function failed(message: string, op: "create" | "update" = "create"): TakenResources {
  const taken = new TakenResources();
  const after = { bucket: "sparki-logs", key: "[secret]", tags: { owner: "[secret]" } };
  const { resourcePreEvent, ...event } = stepEvent({ ...BUCKET, op, after });
  if (resourcePreEvent === undefined) throw new Error("no event");
  const urn = urnOf(BUCKET);
  const said = { urn, severity: "error" as const, message, color: "never", ephemeral: false };
  const diagnosticEvent: RecordedEvent["diagnosticEvent"] = said;
  taken.see({ ...event, diagnosticEvent });
  taken.see({ ...event, resOpFailedEvent: { metadata: resourcePreEvent.metadata, status: 1, steps: 1 } });
  return taken;
}

describe("TakenResources", () => {
  it.each([
    "creating Route 53 Query Logging Configuration: QueryLoggingConfigAlreadyExists: A query logging configuration for this hosted zone already exists",
    "creating IAM Role (x): EntityAlreadyExists: Role with name x already exists.",
    "creating S3 Bucket (x): BucketAlreadyOwnedByYou: ",
    "creating EC2 Route: RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists.",
    "associating: Resource.AlreadyAssociated: the specified association already exists",
    "InvalidPermission.Duplicate: the specified rule is a duplicate",
    'resource sparki-web/web was not successfully created by the Kubernetes API server: configmaps "web" already exists',
    "cannot re-use a name that is still in use",
    "creating ElastiCache Subnet Group: CacheSubnetGroupAlreadyExists: it exists",
  ])("tells of a creation that was refused with %j", (message) => {
    expect(failed(message).found).toMatchObject([{ urn: urnOf(BUCKET), type: BUCKET.type, custom: true }]);
  });

  it.each(["AccessDenied: no", "Throttling: Rate exceeded", "the stack is already locked"])(
    "tells of none that was refused with %j",
    (message) => {
      expect(failed(message).found).toEqual([]);
    },
  );

  const asked = "operation error EKS: CreateCluster, https response error StatusCode";
  it.each([
    [true, `${asked}: 0, RequestID: , request send failed: read: connection reset by peer`],
    [true, `${asked}: 500, RequestID: 6d-1, ServerException: try later`],
    [false, `${asked}: 400, RequestID: 6d-1, InvalidParameterException: no such version`],
    [false, `${asked}: 400, RequestID: 6d-1, api error InvalidParameterCombination: no`],
  ])("says %s whether AWS may have done it after all: %s", (isOpen, message) => {
    expect(failed(message).unanswered).toHaveLength(isOpen ? 1 : 0);
  });

  it("tells of no update, and keeps no input that holds a secret", () => {
    expect(failed("x already exists", "update").found).toEqual([]);
    expect(failed("x already exists").found[0]?.inputs).toEqual({ bucket: "sparki-logs" });
  });
});
