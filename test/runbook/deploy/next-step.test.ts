import { failureWithNextStep } from "../../../runbook/deploy/next-step.ts";

describe("failureWithNextStep", () => {
  it.each([
    ["unexpected state 'create-failed', wanted target 'available'", "it deletes what failed and makes it anew"],
    ["timeout while waiting for state to become 'ACTIVE'", "it waits for what AWS still makes"],
    ["api error ExpiredToken: The security token is expired", "get new AWS credentials"],
    ["api error AccessDenied: ann is not authorized to perform: rds:CreateDBInstance", "allow rds:CreateDBInstance to"],
    ["api error InsufficientDBInstanceCapacity: none", "set another size"],
    ["exceeded maximum number of attempts, 10, api error ThrottlingException", "wait until AWS answers again"],
    ["An IO error occurred while writing the new snapshot file", "make the state's backend writable"],
    ["something else", "run the same command again"],
  ])("names what helps against %j", (failure, remedy) => {
    expect(failureWithNextStep(failure)).toContain(`. Next: `);
    expect(failureWithNextStep(failure)).toContain(remedy);
  });

  it("says it in one line, without what the provider wraps it in", () => {
    const failure =
      "creating urn:pulumi:prod::x: 1 error occurred:\n\t* creating EKS Cluster (sparki-prod): operation error EKS: " +
      "CreateCluster, https response error StatusCode: 400, RequestID: 6d-1, api error InvalidParameterException: no\n\n";
    expect(failureWithNextStep(failure)).toMatch(
      /^creating EKS Cluster \(sparki-prod\): operation error EKS: CreateCluster, api error InvalidParameterException: no\. Next: /,
    );
  });
});
