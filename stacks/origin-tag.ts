/** The tag that tells which resource of the program an AWS resource is. */
export const ORIGIN_TAG = "resource";

/**
 * Types whose id AWS makes up: without a tag nobody could tell which of them an interrupted update had just made. All
 * others are found by what the program itself calls them.
 */
export const TAGGED_WITH_ORIGIN: ReadonlySet<string> = new Set([
  "aws:acm/certificate:Certificate",
  "aws:ec2/eip:Eip",
  "aws:ec2/flowLog:FlowLog",
  "aws:ec2/internetGateway:InternetGateway",
  "aws:ec2/natGateway:NatGateway",
  "aws:ec2/routeTable:RouteTable",
  "aws:ec2/securityGroup:SecurityGroup",
  "aws:ec2/subnet:Subnet",
  "aws:ec2/vpc:Vpc",
  "aws:ec2/vpcEndpoint:VpcEndpoint",
  "aws:eks/podIdentityAssociation:PodIdentityAssociation",
  "aws:kms/key:Key",
  "aws:lb/listener:Listener",
  "aws:lb/listenerRule:ListenerRule",
  "aws:lb/loadBalancer:LoadBalancer",
  "aws:lb/targetGroup:TargetGroup",
  "aws:route53/zone:Zone",
  "aws:secretsmanager/secret:Secret",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  "aws:wafv2/webAcl:WebAcl",
]);

/** The tag's value, at most 256 characters of those that AWS allows in one: `ec2/subnet:network-private-us-east-1a`. */
export function originOf(type: string, name: string): string {
  return `${type.split(":")[1]}:${name}`;
}
