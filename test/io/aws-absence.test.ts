import { saysAbsent, saysSeveral } from "../../io/aws-lookups.ts";

describe("saysAbsent", () => {
  it.each([
    "no matching Route 53 Hosted Zone found",
    "reading RDS DB Snapshot: empty result",
    "operation error EKS: DescribeCluster, ResourceNotFoundException: No cluster found for name: sparki-prod.",
    "Secrets Manager can't find the specified secret.",
    "NoSuchHostedZone: no hosted zone Z1",
    "no GuardDuty Detectors found",
    "reading EKS Add-On version info (kube-proxy, 1.33): couldn't find resource, not found",
    "operation error RDS: DescribeDBSnapshots, https response error StatusCode: 404, RequestID: 1, DBSnapshotNotFound: sparki not found.",
    "operation error IAM: GetRole, https response error StatusCode: 404, RequestID: 1, NoSuchEntity: The role cannot be found.",
  ])("hears an absence in: %s", (message) => {
    expect(saysAbsent(message)).toBe(true);
  });

  it.each([
    "operation error Route 53: request send failed, dial tcp: lookup route53.amazonaws.com: no such host",
    "failed to read cached SSO token file, open /home/ann/.aws/sso/cache/x.json: no such file or directory",
    "getaddrinfo ENOTFOUND sts.us-east-1.amazonaws.com",
    'error getting credentials: exec: "aws-vault": executable file not found in $PATH',
    "failed to get shared config profile, prod: profile prod not found",
    "AccessDenied: not authorized to perform route53:ListHostedZonesByName",
    "AccessDeniedException: User: arn:aws:iam::1:user/a is not authorized to perform: secretsmanager:DescribeSecret on resource: notfound-page",
    "AccessDenied: User: arn:aws:sts::1:assumed-role/NotFound/x is not authorized to perform: rds:DescribeDBSnapshots",
    "https response error StatusCode: 403, api error Explained: no matching statement allows it",
    "https response error StatusCode: 503, api error Ill: no such thing can be told now",
    "StatusCode: 404, deserialization failed, <html><title>404 Not Found</title></html>",
    "Proxy responded 404 Not Found",
    "ThrottlingException: Rate exceeded; no results",
    "exceeded maximum number of attempts, 3, not found",
    "ExpiredToken: session not found",
    "UnrecognizedClientException: The security token included in the request is invalid (not found).",
    "SignatureDoesNotMatch: no such key",
    "lookup sts.amazonaws.com on 10.0.0.2:53: server can't find sts.amazonaws.com: NXDOMAIN",
    "unknown function aws:rds/getThing:getThing: not found",
    "could not load plugin for aws provider: plugin not found",
    "failed to refresh cached credentials, no EC2 IMDS role found, StatusCode: 404, not found",
    "operation error ACM: ListCertificates, context deadline exceeded, no results",
  ])("hears that AWS could not be asked in: %s", (message) => {
    expect(saysAbsent(message)).toBe(false);
  });
});

describe("saysSeveral", () => {
  it.each([
    "multiple Route 53 Hosted Zones matched; use additional constraints to reduce matches to a single Route 53 Hosted Zone",
    "multiple (12) RDS DB Instance Classes match the criteria; try a different search: {}",
    "multiple ACM Certificates matching domain (prod.sparki.tools)",
    "Your query returned more than one result. Please try a more specific search criteria",
    "reading RDS DB Snapshot: too many results: wanted 1, got 2",
  ])("hears several in: %s", (message) => {
    expect(saysSeveral(message)).toBe(true);
    expect(saysAbsent(message)).toBe(false);
  });

  it.each([
    "no matching Route 53 Hosted Zone found",
    "AccessDenied: User: a is not authorized to perform: route53:ListHostedZones; multiple statements match",
    "ThrottlingException: Rate exceeded; too many results: wanted 1, got 2",
    "most_recent filtering on different ACM certificate statuses is not supported",
  ])("does not hear several in: %s", (message) => {
    expect(saysSeveral(message)).toBe(false);
  });
});
