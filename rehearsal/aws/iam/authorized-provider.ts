import type { ApiRequest } from "../../../aws/authorization.ts";
import { isLike } from "../../../aws/policy-document.ts";
import { messageOf } from "../../../shared/deploy-error.ts";
import type { ProviderModel, Session } from "../../provider/model.ts";
import type { Properties } from "../../provider/properties.ts";
import type { Models } from "../models.ts";
import { settingsOf } from "../subject.ts";
import type { World } from "../world.ts";
import { type Asker, demand, requestsOf, requestsOfFunction } from "./authority.ts";
import type { TypeCalls } from "./calls.ts";

/** Who asks the modelled AWS for something. */
export interface Authority {
  /** Until somebody is named, whoever asks may do everything. */
  asker?: Asker;
}

/** The `aws` provider to which AWS refuses what its asker's policies do not allow, before anything is done. */
export function authorizedProvider(
  aws: ProviderModel,
  { authority, world, models }: { authority: Authority; world: World; models: Models },
): ProviderModel {
  const allowed = (doing: string, requests: () => readonly ApiRequest[]) => {
    if (authority.asker === undefined) return;
    const { arn, statements } = authority.asker;
    try {
      for (const request of requests()) {
        const isTaken = world.profile.denied.some((pattern) => isLike(request.action, pattern));
        demand({ arn, statements: isTaken ? [] : statements }, [request]);
      }
    } catch (error) {
      throw new Error(`${doing}: ${messageOf(error)}`, { cause: error });
    }
  };
  const facts = (session: Session, inputs: Properties) => {
    const { region, accountId } = settingsOf(session);
    const own = inputs.region;
    return { world, inputs, accountId, region: typeof own === "string" ? own : region };
  };
  interface Act {
    readonly doing: string;
    readonly type: string;
    readonly name?: string;
    readonly id?: string;
    readonly inputs?: Properties;
    readonly session: Session;
  }
  const may = (act: keyof TypeCalls, { doing, type, name, id, inputs, session }: Act) => {
    const there = id === undefined ? undefined : world.get(type, id);
    // Of what is gone the provider only finds out that it is.
    if (id !== undefined && there === undefined) return;
    const what = `${doing} ${models.of(type).title} (${id ?? name})`;
    allowed(what, () => requestsOf(act, { type, ...facts(session, inputs ?? there?.inputs ?? {}), there }));
  };
  return {
    name: aws.name,
    version: aws.version,
    ...(aws.configure && { configure: aws.configure.bind(aws) }),
    check: (request) => aws.check(request),
    diff: (request) => aws.diff(request),
    create: (request) => {
      const { type, name, inputs, session, preview } = request;
      if (!preview) may("create", { doing: "creating", type, name, inputs, session });
      return aws.create(request);
    },
    read: (request) => {
      const { type, id, session } = request;
      may("read", { doing: "reading", type, id, session });
      return aws.read(request);
    },
    update: (request) => {
      const { type, id, inputs, session, preview } = request;
      if (!preview) may("update", { doing: "updating", type, id, inputs, session });
      return aws.update(request);
    },
    delete: (request) => {
      const { type, id, session } = request;
      may("delete", { doing: "deleting", type, id, session });
      return aws.delete(request);
    },
    invoke: (request) => {
      const { token, args, session } = request;
      allowed(token, () => requestsOfFunction(token, facts(session, args)));
      if (aws.invoke === undefined) throw new TypeError(`${aws.name} has no functions`);
      return aws.invoke(request);
    },
  };
}
