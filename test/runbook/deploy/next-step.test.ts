import { failureWithNextStep, isRefusal } from "../../../runbook/deploy/deployment.ts";

describe("failureWithNextStep", () => {
  it.each([
    ["pulumi was killed while it worked", "it says how to remove the lock that was left, and continues"],
    ["unexpected state 'create-failed', wanted target 'available'", "it deletes what failed and creates it again"],
    ["timeout while waiting for state to become 'ACTIVE'", "it waits for what AWS is still creating"],
    // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3293
    [
      "operation error EKS: CreateAccessEntry, https response error StatusCode: 409, RequestID: 6d-1, " +
        "ResourceInUseException: The specified access entry resource is already in use on this cluster.",
      "find out who made it beside this stack",
    ],
    [
      "operation error EKS: CreatePodIdentityAssociation, https response error StatusCode: 409, RequestID: 6d-1, " +
        "ResourceInUseException: Association already exists: a-1",
      "find out who made it beside this stack",
    ],
    // https://github.com/crossplane-contrib/provider-aws/issues/1310
    [
      "operation error EKS: CreateAddon, https response error StatusCode: 409, RequestID: 6d-1, " +
        "ResourceInUseException: Addon already exists.",
      "find out who made it beside this stack",
    ],
    // https://github.com/hashicorp/terraform-provider-aws/issues/42031
    [
      "operation error EKS: UpdateClusterVersion, https response error StatusCode: 400, RequestID: 6d-1, " +
        "InvalidStateException: Upgrade readiness issues detected. Call the EKS ListInsights API to view upgrade blocking " +
        "issues detected by EKS. Pass the force flag to override upgrade readiness errors and proceed with upgrade.",
      "aws eks list-insights",
    ],
    // https://github.com/hashicorp/terraform-provider-aws/issues/21136
    [
      "operation error WAFV2: UpdateWebACL, https response error StatusCode: 400, RequestID: 6d-1, WAFOptimisticLockException: " +
        "AWS WAF couldn’t save your changes because someone changed the resource after you started to edit it. Reapply your changes.",
      "somebody else changed it at the same time",
    ],
    // https://github.com/kubernetes/kubernetes/issues/86441, https://github.com/DefangLabs/defang/issues/534
    [
      "operation error Elastic Load Balancing v2: RegisterTargets, https response error StatusCode: 400, RequestID: 6d-1, " +
        "TooManyTargets: The maximum number of targets per load balancer '2000' has been reached",
      "request a higher quota from AWS",
    ],
    [
      "operation error Elastic Load Balancing v2: CreateRule, https response error StatusCode: 400, RequestID: 6d-1, " +
        "TooManyUniqueTargetGroupsPerLoadBalancer: You have reached the maximum number of unique target groups",
      "request a higher quota from AWS",
    ],
    ["api error TooManyRequestsException: Rate exceeded", "wait until AWS responds again"],
    // https://github.com/aws/secrets-store-csi-driver-provider-aws/issues/536
    [
      'MountVolume.SetUp failed for volume "database-secret" : rpc error: code = Unknown desc = failed to mount secrets store ' +
        "objects for pod sparki-engine/users-x, err: rpc error: code = Unknown desc = us-east-1: failed to get AWS config from " +
        'pod identity agent: HTTP request to pod identity agent failed: Get "http://169.254.170.23/v1/credentials": context ' +
        "deadline exceeded (Client.Timeout exceeded while awaiting headers)",
      "aws-secrets-store-csi-driver-provider",
    ],
    // https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2764
    [
      'cannot patch "engine-fleet" with kind TargetGroupBinding: admission webhook "v.eks.amazonaws.com" denied the request: ' +
        "TargetGroupBinding update may not change these fields: spec.targetGroupARN",
      "its target group was replaced",
    ],
    // https://github.com/pulumi/pulumi-kubernetes/issues/2054
    [
      "error: another operation (install/upgrade/rollback) is in progress",
      "npx sparki preflight says which Helm release it is",
    ],
    // https://github.com/apecloud/kubeblocks/issues/2371
    [
      "waiting for EKS Add-On (sparki-prod:metrics-server) create: timeout while waiting for state to become 'ACTIVE' " +
        "(last state: 'DEGRADED', timeout: 20m0s)",
      "find out what the add-on lacks",
    ],
    ["api error ExpiredToken: The security token is expired", "get new AWS credentials"],
    ["api error SignatureDoesNotMatch: The request signature we calculated does not match", "get new AWS credentials"],
    [
      "api error SignatureDoesNotMatch: Signature not yet current: 20261130T1210Z is still later than 20261130T1205Z",
      "set this machine's clock right",
    ],
    [
      "api error InvalidSignatureException: Signature expired: 20261130T1100Z is now earlier",
      "set this machine's clock",
    ],
    ["api error RequestTimeTooSkewed: The difference is too large.", "set this machine's clock right"],
    ["api error AccessDenied: ann is not authorized to perform: rds:CreateDBInstance", "allow rds:CreateDBInstance to"],
    ["api error InsufficientDBInstanceCapacity: none", "choose another size"],
    ["exceeded maximum number of attempts, 10, api error ThrottlingException", "wait until AWS responds again"],
    ["An IO error occurred while writing the new snapshot file", "make the state's backend writable"],
    ["api error InvalidClientTokenId: The security token is invalid", "get new AWS credentials"],
    ["api error InvalidDBInstanceState: it is being modified", "wait until the operation that it names has finished"],
    ["api error DependencyViolation: has dependent objects", "wait until the operation that it names has finished"],
    ["api error InternalFailure: try later", "wait until AWS responds again"],
    ["api error VpcLimitExceeded: The maximum number of VPCs has been reached", "request a higher quota from AWS"],
    ["write /tmp/x: no space left on device", "free space on this machine's disk"],
    ["dial tcp 10.0.0.1:443: connect: connection refused", "check that it can be reached from this machine"],
    [
      "operation error EKS: UpdateClusterConfig, https response error StatusCode: 400, RequestID: 6d-1, " +
        "InvalidParameterException: Cluster is already at the desired configuration with endpointPrivateAccess: true",
      "run pulumi refresh for this stack",
    ],
    [
      "operation error EKS: UpdateClusterConfig, https response error StatusCode: 400, RequestID: 6d-1, " +
        "InvalidRequestException: No changes needed for EKS Auto Mode configuration provided",
      "run pulumi refresh for this stack",
    ],
    [
      "operation error RDS: ModifyDBInstance, https response error StatusCode: 400, RequestID: 6d-1, api error " +
        "InvalidParameterCombination: You can't modify the storage, because the previous storage change is being optimized.",
      "wait until RDS has optimized the storage",
    ],
    [
      "operation error EKS: UpdateClusterVersion, https response error StatusCode: 409, RequestID: 6d-1, " +
        "ResourceInUseException: Cluster currently has an update in progress",
      "wait until the operation that it names has finished",
    ],
    [
      "operation error Route 53: ChangeResourceRecordSets, https response error StatusCode: 400, RequestID: 6d-1, " +
        "PriorRequestNotComplete: Route 53 was still processing a prior request.",
      "wait until AWS responds again",
    ],
    [
      "operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 403, RequestID: 6d-1, " +
        "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity",
      "npx sparki preflight --phase github",
    ],
    ["get credentials: failed to refresh cached credentials, the SSO session has expired", "get new AWS credentials"],
    [
      "x509: certificate has expired or is not yet valid: current time 2026-11-30T12:00:00Z is before 2026-12-01",
      "clock",
    ],
    ["etcdserver: leader changed", "the cluster's API was busy"],
    ["http2: client connection lost", "the cluster's API was busy"],
    [
      'failed calling webhook "vpc.k8s.aws": context deadline exceeded',
      "behind the webhook vpc.k8s.aws does not answer",
    ],
    ["the server has asked for the client to provide credentials", "sparki:cluster.administrators"],
    ["unexpected state 'snapshotting', wanted target 'available'. last error: %!s(<nil>)", 'says "snapshotting" of it'],
    [
      "api error UnauthorizedOperation: You are not authorized to perform this operation. User: a is not authorized to " +
        "perform: ec2:CreateVpc on resource: b with an explicit deny in a service control policy. Encoded " +
        "authorization failure message: c",
      "have whoever keeps the service control policy allow it",
    ],
    [
      "api error AccessDenied: a is not authorized to perform: iam:CreateRole because no permissions boundary allows it",
      "have whoever keeps the permissions boundary allow it",
    ],
    [
      "api error UnauthorizedOperation: You are not authorized to perform this operation. Encoded authorization failure message: c",
      "aws sts decode-authorization-message",
    ],
    [
      "operation error Elastic Load Balancing v2: CreateLoadBalancer, https response error StatusCode: 400, RequestID: 1, " +
        "OperationNotPermittedException: This AWS account currently does not support creating load balancers.",
      "open a case with AWS's support",
    ],
    ["api error OptInRequired: You are not subscribed to this service.", "open a case with AWS's support"],
    ["the SSO session has expired or is invalid", "get new AWS credentials"],
    ["failed to save snapshot: [403] The provided update token has expired.", "Pulumi Cloud gave up an update"],
    ["[401] Unauthorized: No credentials provided or are invalid.", "pulumi login"],
    ["[504] Gateway Timeout", "wait until the backend of the state responds again"],
    ["getting secrets manager: passphrase must be set with PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"],
    ["FATAL ERROR: Allocation failed - JavaScript heap out of memory", "enough free memory"],
    ["fork/exec /x/pulumi-resource-aws: too many open files", "raise the limit of open files"],
    ["api error KMSInvalidStateException: arn:aws:kms:x is pending deletion.", "make the KMS key that it names usable"],
    [
      "InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion.",
      "delete that secret for good",
    ],
    [
      "operation error RDS: DeleteDBInstance, https response error StatusCode: 400, RequestID: 1, " +
        "DBSnapshotAlreadyExists: a snapshot with the identifier sparki-prod-database-final already exists.",
      "copy the snapshot that it names under another name or delete it",
    ],
    // https://github.com/ekristen/aws-nuke/issues/1025
    [
      "waiting for RDS DB Instance (sparki-prod-database) update: unexpected state 'inaccessible-encryption-credentials-recoverable', " +
        "wanted target 'available'. last error: %!s(<nil>)",
      "make the KMS key that it is encrypted with usable again",
    ],
    // https://github.com/binbashar/le-tf-infra-aws/issues/1143
    [
      "waiting for ACM Certificate (arn:aws:acm:us-east-1:1:certificate/2) to be issued: unexpected state 'EXPIRED', wanted target 'ISSUED'",
      "ACM never issues that certificate any more",
    ],
    [
      "waiting for ACM Certificate (arn:aws:acm:us-east-1:1:certificate/2) to be issued: unexpected state 'FAILED', wanted target " +
        "'ISSUED'. last error: CAA_ERROR",
      "pulumi up --replace",
    ],
    // https://github.com/cloudposse/terraform-aws-rds-cluster/issues/129, of the cache
    [
      "operation error ElastiCache: DeleteReplicationGroup, https response error StatusCode: 400, RequestID: 1, " +
        "SnapshotAlreadyExistsFault: Snapshot with specified name already exists.",
      "copy the snapshot that it names under another name or delete it",
    ],
    ["KeySigningKeyInParentDSRecord: Due to DNS lookup failure", "remove the domain's DS record in the parent zone"],
    [
      "operation error WAFV2: DeleteWebACL, https response error StatusCode: 400, RequestID: 1, " +
        "WAFAssociatedItemException: your resource is being used by another resource",
      "wait until the operation that it names has finished",
    ],
    ["tls: failed to verify certificate: x509: certificate signed by unknown authority", "SSL_CERT_FILE"],
    ["context deadline exceeded (Client.Timeout exceeded while awaiting headers)", "can be reached from this machine"],
    [
      "failed to save snapshot: serializing resources: failed to encrypt secret value: [502] <html>\n<head><title>502 Bad Gateway</title>",
      "wait until the backend of the state responds again",
    ],
    [
      'failed to save snapshot: performing HTTP request: Post "https://api.pulumi.com/api/stacks/x/renew_lease": dial tcp 1.2.3.4:443: connect: connection refused',
      "check that the state's backend can be reached",
    ],
    ["failed to save snapshot: blob (code=Unknown): read-only", "make the state's backend writable"],
    ["[409] Conflict: Another update is currently in progress.", "wait until the other update has ended"],
    ["[403] Forbidden: You do not have permission to access this stack", "pulumi whoami says who that is"],
    ["[404] Not found: Stack 'x/sparki/prod' not found", "compare the names of organization, project and stack"],
    [
      "could not decrypt configuration value: cipher: message authentication failed",
      "as they were committed (git diff)",
    ],
    [
      "failed to decrypt encrypted configuration value 'sparki:slackToken': [400] Message authentication failed\nThis can occur when a secret is copied from one stack to another.",
      "set again what was copied from another stack",
    ],
    [
      "open keeper awskms://alias/x: operation error KMS: Decrypt, https response error StatusCode: 400, RequestID: 1, InvalidCiphertextException: ",
      "secretsprovider, encryptedkey",
    ],
    [
      "could not load plugin for aws provider 'urn:x': no resource plugin 'pulumi-resource-aws' found in the workspace at version v7.8.0 or on your $PATH",
      "pulumi install",
    ],
    [
      "failed to download plugin: aws-7.8.0: 403 HTTP error fetching plugin from https://get.pulumi.com/x",
      "by a mirror",
    ],
    ["fork/exec /home/u/.pulumi/plugins/x/pulumi-resource-aws: permission denied", "let this user read, write and run"],
    ["mkdir /root/.pulumi: permission denied", "let this user read, write and run"],
    ["fork/exec /home/u/.pulumi/plugins/x/pulumi-resource-aws: exec format error", "pulumi plugin rm"],
    ["snapshot integrity failure; refusing to use it: resource urn:x refers to unknown provider urn:y", "state repair"],
    ["The Pulumi CLI encountered a snapshot integrity error. This is a bug!", "pulumi stack export --file state.json"],
    ["failed to load checkpoint: unexpected end of JSON input", "the state's file is damaged"],
    ["could not deserialize deployment: unsupported deployment version", "of another version of Pulumi"],
    ["ENAMETOOLONG: name too long, open '/x'", "to a shorter path"],
    [
      "unable to check if bucket b is accessible: operation error S3: HeadBucket, https response error StatusCode: 301, RequestID: X, HostID: Y, api error PermanentRedirect: Moved",
      "s3://BUCKET?region=REGION",
    ],
    ["expired token: The security token included in the request is expired", "get new AWS credentials"],
    ["something else", "sparki does not know this failure: find out what it means"],
  ])("names what helps against %j", (failure, remedy) => {
    expect(failureWithNextStep(failure)).toContain(`. Next: `);
    expect(failureWithNextStep(failure)).toContain(remedy);
  });

  it.each([
    "api error ValidationError: Target group name 'sparki-staging-eu-west-1-engine-one-box' cannot be longer than '32' characters",
    "api error InvalidParameterValue: the storage size is too small",
    "api error InvalidParameterException: unsupported Kubernetes version",
    "api error MalformedPolicyDocument: syntax errors in policy",
    "operation error EKS: CreateCluster, https response error StatusCode: 400, RequestID: 6d-1, InvalidParameterException: no",
    "operation error KMS: CreateKey, https response error StatusCode: 400, RequestID: 6d-1, MalformedPolicyDocumentException: no",
    "operation error S3: PutBucketPolicy, https response error StatusCode: 400, RequestID: 6d-1, HostID: a+b/c=, InvalidRequest: no",
    "api error EntityAlreadyExists: Role with name sparki-prod already exists",
    "api error ElasticLoadBalancing.ValidationError: no",
    "aws:lb/targetGroup:TargetGroup resource 'engine' has a problem: \"name\" cannot be longer than 32 characters",
    'Namespace "Sparki" is invalid: metadata.name: Invalid value',
  ])("never says that another run would get further with %j (W10)", (failure) => {
    expect(isRefusal(failure)).toBe(true);
    expect(failureWithNextStep(failure)).toContain("Next: correct what it names");
    expect(failureWithNextStep(failure)).not.toContain("run the same command again");
  });

  it.each([
    "api error ExpiredToken: The security token is expired",
    "api error InvalidDBInstanceState: it is being modified",
    "api error ThrottlingException: rate exceeded",
    "operation error KMS: CreateKey, https response error StatusCode: 400, RequestID: 6d-1, LimitExceededException: no",
    "operation error RDS: ModifyDBInstance, StatusCode: 400, RequestID: 6d-1, InvalidDBInstanceState: not available",
    "timeout while waiting for state to become 'ACTIVE'",
    'namespaces is forbidden: User "deploy" cannot create resource "namespaces" at the cluster scope',
    "something else",
  ])("takes %j for no refusal", (failure) => {
    expect(isRefusal(failure)).toBe(false);
  });

  it.each([
    "api error InvalidParameterValue: IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING",
    "operation error EKS: CreateCluster, https response error StatusCode: 400, RequestID: 1, InvalidParameterException: " +
      "Role with arn: arn:aws:iam::1:role/sparki-prod, could not be assumed because it does not exist or the trusted entity is not correct",
    "operation error KMS: CreateKey, https response error StatusCode: 400, RequestID: 1, MalformedPolicyDocumentException: " +
      "Policy contains a statement with one or more invalid principals.",
    "WAFUnavailableEntityException: AWS WAF couldn’t retrieve the resource that you requested. Retry your request.",
  ])("takes for no refusal what AWS says of something that it made a moment ago: %j", (failure) => {
    expect(isRefusal(failure)).toBe(false);
    expect(failureWithNextStep(failure)).toContain("Next: run the same command again in a minute");
  });

  it("takes a policy pack that cannot start for a refusal, and one that was killed for none (F21)", () => {
    const failed = (by: string) =>
      `policy pack "/srv/sparki/policies/pack" failed to start: could not read plugin [/srv/sparki/policies/pack]: ${by}`;
    expect(isRefusal(failed("exit status 1"))).toBe(true);
    expect(failureWithNextStep(failed("exit status 1"))).toContain(
      "Next: run policies/pack, which says why it cannot start",
    );
    expect(isRefusal(failed("signal: killed"))).toBe(false);
  });

  it("says it in one line, without what the provider wraps it in", () => {
    const failure =
      "creating urn:pulumi:prod::x: 1 error occurred:\n\t* creating EKS Cluster (sparki-prod): operation error EKS: " +
      "CreateCluster, https response error StatusCode: 400, RequestID: 6d-1, api error InvalidParameterException: no\n\n";
    expect(failureWithNextStep(failure)).toMatch(
      /^creating EKS Cluster \(sparki-prod\): operation error EKS: CreateCluster, api error InvalidParameterException: no\. Next: correct what it names /,
    );
  });
});
