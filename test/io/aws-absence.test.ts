import { saysAbsent } from "../../io/aws-lookups.ts";

describe("saysAbsent", () => {
  it.each([
    "no matching Route 53 Hosted Zone found",
    "reading RDS DB Snapshot: empty result",
    "operation error EKS: DescribeCluster, ResourceNotFoundException: No cluster found for name: sparki-prod.",
    "Secrets Manager can't find the specified secret.",
    "NoSuchHostedZone: no hosted zone Z1",
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
  ])("hears that AWS could not be asked in: %s", (message) => {
    expect(saysAbsent(message)).toBe(false);
  });
});
