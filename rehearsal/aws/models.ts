import type { ResourceModel } from "./model.ts";
import { certificateModels } from "./services/acm.ts";
import { cloudwatchModels } from "./services/cloudwatch.ts";
import { deliveryAccountModels } from "./services/delivery-account.ts";
import { endpointModels } from "./services/ec2-endpoints.ts";
import { gatewayModels, routingModels } from "./services/ec2-gateways.ts";
import { securityGroupModels } from "./services/ec2-security-groups.ts";
import { subnetModels, vpcModels } from "./services/ec2-vpc.ts";
import { eksModels } from "./services/eks.ts";
import { cacheModels } from "./services/elasticache.ts";
import { iamModels } from "./services/iam.ts";
import { kmsModels } from "./services/kms.ts";
import { lambdaModels } from "./services/lambda.ts";
import { loadBalancerModels } from "./services/lb.ts";
import { databaseModels } from "./services/rds.ts";
import { databaseGroupModels } from "./services/rds-groups.ts";
import { route53Models } from "./services/route53.ts";
import { s3Models } from "./services/s3.ts";
import { secretsManagerModels } from "./services/secretsmanager.ts";
import { wafModels } from "./services/wafv2.ts";

const ALL: readonly ResourceModel[] = [
  ...vpcModels,
  ...subnetModels,
  ...gatewayModels,
  ...routingModels,
  ...securityGroupModels,
  ...endpointModels,
  ...kmsModels,
  ...iamModels,
  ...cloudwatchModels,
  ...secretsManagerModels,
  ...s3Models,
  ...lambdaModels,
  ...eksModels,
  ...databaseGroupModels,
  ...databaseModels,
  ...cacheModels,
  ...certificateModels,
  ...loadBalancerModels,
  ...wafModels,
  ...route53Models,
  ...deliveryAccountModels,
];

/** The models by resource type. */
export class Models {
  readonly #byType: ReadonlyMap<string, ResourceModel>;

  constructor(models: readonly ResourceModel[] = ALL) {
    this.#byType = new Map(models.map((model) => [model.type, model]));
  }

  find(type: string): ResourceModel | undefined {
    return this.#byType.get(type);
  }

  /** @throws when there is no model: what is not modelled cannot be rehearsed. */
  of(type: string): ResourceModel {
    const model = this.find(type);
    if (model === undefined) throw new Error(`sparki rehearsal: no model for ${type}`);
    return model;
  }
}
