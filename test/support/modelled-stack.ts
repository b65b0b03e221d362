import * as pulumi from "@pulumi/pulumi";
import type { ApiRequest } from "../../aws/authorization.ts";
import { changedChildren } from "../../infra/cluster.ts";
import { FUNCTION_CALLS, requestsOf, requestsOfFunction } from "../../rehearsal/aws/iam/authorized-provider.ts";
import { settingsOf } from "../../rehearsal/aws/subject.ts";
import { TYPES } from "../../rehearsal/aws/types.ts";
import type { WorldResource } from "../../rehearsal/aws/world.ts";
import { constructWith } from "../../rehearsal/eks/provider.ts";
import type { Registrar } from "../../rehearsal/provider/monitor.ts";
import type { Properties } from "../../rehearsal/provider/properties.ts";
import { parseConfig } from "../../stacks/config.ts";
import { boundaryArn } from "../../stacks/stack-name.ts";
import { Account } from "../rehearsal/aws/account.ts";
import { answerHookRegistrations, OUTPUTS } from "./recorder.ts";
import { rawConfig } from "./stack-config.ts";

/** A stack's own program, deployed on the modelled AWS without an engine, and what its deployment asked AWS for. */
export class ModelledStack {
  readonly account = new Account();
  readonly stack: string;
  /** Of each resource all that making it asked for, in the order in which they were made. */
  readonly created: { readonly type: string; readonly name: string; readonly requests: readonly ApiRequest[] }[] = [];

  readonly #failures: unknown[] = [];

  constructor(stack: string) {
    this.stack = stack;
  }

  /** Runs the program once, with everything that it makes on AWS made in the account. */
  async deploy(): Promise<void> {
    const raw = rawConfig(this.stack);
    answerHookRegistrations();
    await pulumi.runtime.setMocks(
      {
        newResource: async ({ type, name, inputs: given }) => {
          const inputs = unwrapped(given);
          if (type === "pulumi:providers:aws") this.account.session = { ...this.account.session, config: inputs };
          if (type === "eks:index:Cluster") return { id: "", state: await this.#cluster(name, inputs) };
          if (type.startsWith("aws:")) return this.#made(type, name, inputs);
          if (type === "pulumi:pulumi:StackReference") return { id: name, state: { outputs: {} } };
          if (type === "random:index/randomPassword:RandomPassword")
            return { id: name, state: { ...inputs, result: "Passw0rd".repeat(8) } };
          return { id: `${name}-id`, state: { ...inputs, ...OUTPUTS[type]?.(name) } };
        },
        call: ({ token, inputs }) =>
          token.startsWith("aws:")
            ? { ...this.account.provider.invoke({ token, args: inputs, session: this.account.session }) }
            : {},
      },
      "sparki",
      this.stack,
      false,
      "organization",
    );
    Object.assign(Object(Reflect.get(globalThis, "globalStore")), { supportsTransforms: true });
    pulumi.runtime.setAllConfig(raw);
    const { default: deployment } = await import("../../index.ts");
    await pulumi.runtime.runInPulumiStack(async () => {
      await deployment();
    });
    await pulumi.runtime.disconnect();
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  /** The first failure is told at the end: in between, everything that waits for the resource would tell it again. */
  async #made(type: string, name: string, inputs: Properties) {
    try {
      const { id, properties } = await this.make(type, name, inputs);
      return { id, state: { ...properties } };
    } catch (error) {
      this.#failures.push(error);
      return { id: name, state: { ...inputs } };
    }
  }

  /** Makes one resource, and keeps what the provider asked AWS for. */
  async make(type: string, name: string, asked: Properties): Promise<{ id: string; properties: Properties }> {
    const { inputs } = this.account.check({ type, name, inputs: asked });
    const requests = requestsOf("create", this.facts(type, inputs));
    this.created.push({ type, name, requests });
    return this.account.create({ type, name, inputs: asked });
  }

  /** What reading, changing to these inputs or deleting a resource asks for. */
  requests(act: "read" | "update" | "delete", there: WorldResource, changes: Properties = {}): readonly ApiRequest[] {
    const inputs = { ...there.inputs, ...changes };
    return requestsOf(act, { ...this.facts(there.type, inputs), there });
  }

  /** What the functions of the provider ask for that the checklist and the commands call. */
  looks(): readonly ApiRequest[] {
    const { stack, account } = this;
    const args = {
      ...{ bucket: `sparki-${stack}-access-logs-${settingsOf(account.session).accountId}`, zoneId: "Z0" },
      ...{ secretId: `sparki/${stack}/cache`, policySourceArn: "deploys" },
      ...{ clusterName: `sparki-${stack}`, addonName: "metrics-server" },
      ...{ keyId: account.world.ofType(TYPES.kmsKey)[0]?.arn ?? "*" },
    };
    return Object.keys(FUNCTION_CALLS).flatMap((name) => {
      const boundary = { arn: boundaryArn({ stack, accountId: settingsOf(account.session).accountId }) };
      if (name === "iam/getPolicy") return requestsOfFunction(`aws:${name}:`, this.facts(name, boundary));
      const own =
        name === "eks/getCluster"
          ? { name: `sparki-${stack}` }
          : name.startsWith("secrets")
            ? { name: args.secretId }
            : {};
      return requestsOfFunction(`aws:${name}:`, this.facts(name, { ...args, ...own }));
    });
  }

  /** What is there, without what AWS made by itself. */
  resources(): readonly WorldResource[] {
    return this.account.world.all().filter(({ owner }) => owner === undefined);
  }

  close(): Promise<void> {
    return this.account.close();
  }

  facts(type: string, inputs: Properties) {
    const { region, accountId } = settingsOf(this.account.session);
    return { type, world: this.account.world, region, accountId, inputs };
  }

  /** EKS's component, whose children pass through the program's own transform as in the engine. */
  async #cluster(name: string, inputs: Properties): Promise<Record<string, unknown>> {
    const { release, permissionsBoundary } = parseConfig(rawConfig(this.stack), this.stack);
    const transform = changedChildren({ permissionsBoundary, release: release.id });
    const registrar: Registrar = {
      register: async ({ type, name: child, inputs: props, component }) => {
        const urn = `urn:${type}::${child}`;
        if (component === true || !type.startsWith("aws:")) return { urn, id: child, outputs: props };
        const changed = await transform({ type, name: child, custom: true, props, opts: {} });
        const known = await new Promise<Properties>((resolve) => {
          pulumi.output(changed?.props ?? props).apply(resolve);
        });
        const { id, state: outputs } = await this.#made(type, child, known);
        return { urn, id, outputs };
      },
      registerOutputs: async () => {},
      invoke: async (token, args) => this.account.provider.invoke({ token, args, session: this.account.session }),
    };
    const around = { parent: "", providers: {}, protect: false, dependencies: [], inputDependencies: {} };
    const { state } = await constructWith(registrar, {
      ...{ type: "eks:index:Cluster", name, inputs, monitorAddress: "", ...around },
      ...{ session: this.account.session, preview: false },
    });
    const own = this.account.world.ofType("aws:eks/cluster:Cluster")[0];
    const { nodeSecurityGroupId } = state;
    return {
      nodeSecurityGroupId,
      kubeconfigJson: "{}",
      eksCluster: { ...own?.inputs, ...own?.outputs, arn: own?.arn },
    };
  }
}

const SECRET = "4dabf18193072939515e22adb298388d";

/** Values without the marks that make them secret. */
function unwrapped<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, one) =>
    typeof one === "object" && one !== null && SECRET in one ? one.value : one,
  );
}
