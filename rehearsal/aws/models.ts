import type { ResourceModel } from "./model.ts";
import { cloudwatchModels, lambdaModels } from "./services/cloudwatch-lambda.ts";
import { deliveryAccountModels } from "./services/delivery-account.ts";
import { gatewayModels } from "./services/ec2-gateways.ts";
import { vpcModels } from "./services/ec2-vpc.ts";
import { eksModels } from "./services/eks.ts";
import { cacheModels } from "./services/elasticache.ts";
import { iamModels } from "./services/iam.ts";
import { kmsModels, secretsManagerModels } from "./services/kms-secretsmanager.ts";
import { loadBalancerModels, wafModels } from "./services/lb-wafv2.ts";
import { databaseModels } from "./services/rds.ts";
import { certificateModels, route53Models } from "./services/route53-acm.ts";
import { s3Models } from "./services/s3.ts";

const ALL: readonly ResourceModel[] = [
  ...vpcModels,
  ...gatewayModels,
  ...kmsModels,
  ...iamModels,
  ...cloudwatchModels,
  ...secretsManagerModels,
  ...s3Models,
  ...lambdaModels,
  ...eksModels,
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
