import { messageOf } from "../../shared/message-of.ts";
import type { ProviderModel, Session } from "../provider/model.ts";
import type { Call, Disturbances } from "./disturbances.ts";
import type { Models } from "./models.ts";
import type { AwsProvider } from "./provider.ts";
import { settingsOf } from "./settings.ts";

/** The `aws` provider whose calls AWS may refuse; each is tried as often as the provider's `maxRetries` says. */
export function disturbedProvider(aws: AwsProvider, models: Models, disturbances: Disturbances): ProviderModel {
  const pass = async (call: Call, { signal }: Session, doing: string) => {
    try {
      await disturbances.accepted(call, signal);
    } catch (error) {
      throw new Error(`${doing}: ${messageOf(error)}`, { cause: error });
    }
  };
  const title = (type: string) => models.of(type).title;
  return {
    name: aws.name,
    version: aws.version,
    configure: async (session) => {
      disturbances.maxAttempts = settingsOf(session).maxRetries;
      await pass({ type: "sts", act: "describe" }, session, "validating provider credentials");
    },
    check: (request) => aws.check(request),
    diff: (request) => aws.diff(request),
    create: async (request) => {
      const { type, name, preview, session } = request;
      if (!preview) await pass({ type, act: "create" }, session, `creating ${title(type)} (${name})`);
      return aws.create(request);
    },
    read: async (request) => {
      const { type, id, session } = request;
      await pass({ type, act: "describe" }, session, `reading ${title(type)} (${id})`);
      return aws.read(request);
    },
    update: async (request) => {
      const { type, id, preview, session } = request;
      if (!preview) await pass({ type, act: "update" }, session, `updating ${title(type)} (${id})`);
      return aws.update(request);
    },
    delete: async (request) => {
      const { type, id, session } = request;
      await pass({ type, act: "delete" }, session, `deleting ${title(type)} (${id})`);
      return aws.delete(request);
    },
    invoke: async (request) => {
      await pass({ type: request.token, act: "describe" }, request.session, request.token);
      return aws.invoke(request);
    },
  };
}
